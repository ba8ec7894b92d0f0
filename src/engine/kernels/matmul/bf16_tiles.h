// What products on AMX tiles of bf16 share: sums of up to 32 rows over pairs of weights.
#pragma once

#include "engine/kernels/matmul/bf16_pairs.h"
#include "engine/kernels/matmul/packed_matrix.h"
#include "engine/kernels/matmul/row_form.h"

namespace redline::engine {

static_assert(kRowGroup == kTileRows && kRowFormBlock == kTileK);

// Rows are multiplied with it, so that sums keep half of f32's exponents above and half below them
// whether pairs are weights or weights times 2^-106.
inline constexpr float kBf16RowScale = 0x1p53f;
// Takes back, exactly, what rows and pairs were multiplied with.
template <DType kType>
inline constexpr float kSumScale = 1 / kBf16RowScale / kPairScale<kType>;

inline constexpr int64_t kBlockRows = 2 * kTileRows;
// As many k as leave pairs of two tiles of columns in L1 while a block's rows pass by.
inline constexpr int64_t kBlockK = 288;
inline constexpr int64_t kBlockSteps = kBlockK / kTileK;
// Rows whose sums rest, in L2, from one block of k to the next.
inline constexpr int64_t kMostRows = 512;

// Of a block of rows: [rows][two tiles of 16 columns] f32.
using TileSums = float[kBlockRows][2 * kTileRows];
using RestingSums = TileSums[kMostRows / kBlockRows];
inline constexpr int64_t kSumsStride = 2 * kTileRows * static_cast<int64_t>(sizeof(float));

// Tiles 0 to 3 are sums (low rows times both tiles of columns, high rows times both), 4 and 5 rows,
// 6 and 7 weights.

inline void ZeroSums() {
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
}
inline void LoadSums(const TileSums& sums) {
  TileLoad<0>(&sums[0][0], kSumsStride);
  TileLoad<1>(&sums[0][kTileRows], kSumsStride);
  TileLoad<2>(&sums[kTileRows][0], kSumsStride);
  TileLoad<3>(&sums[kTileRows][kTileRows], kSumsStride);
}
inline void StoreSums(TileSums& sums) {
  TileStore<0>(&sums[0][0], kSumsStride);
  TileStore<1>(&sums[0][kTileRows], kSumsStride);
  TileStore<2>(&sums[kTileRows][0], kSumsStride);
  TileStore<3>(&sums[kTileRows][kTileRows], kSumsStride);
}

// Adds the products of a block of rows with `num_steps` times 32 k of two tiles of columns, whose
// pairs are kPairsBytes apart from step to step. `group_bytes`: from the low rows to the high ones,
// 0 when there are none.
inline void AddProducts(const std::byte* rows, int64_t group_bytes, const std::byte* first,
                        const std::byte* second, int64_t num_steps) {
  for (int64_t step = 0; step < num_steps; ++step) {
    TileLoad<4>(rows, kTileRowBytes);
    TileLoad<6>(first, kTileRowBytes);
    TileLoad<7>(second, kTileRowBytes);
    _tile_dpbf16ps(0, 4, 6);
    _tile_dpbf16ps(1, 4, 7);
    if (group_bytes != 0) {
      TileLoad<5>(rows + group_bytes, kTileRowBytes);
      _tile_dpbf16ps(2, 5, 6);
      _tile_dpbf16ps(3, 5, 7);
    }
    rows += kTileBytes;
    first += kPairsBytes;
    second += kPairsBytes;
  }
}

// The sums of a group of rows with both panels of a pair, whose blocks lie side by side in memory:
// the even panel's in the first 16 rows of `sums`, the odd one's in the others. 32 k of a panel
// become pairs while those of the other are multiplied: making them is what bounds it, and a tile
// has to wait for stores under way.
template <DType kType>
void SumFewRows(const PackedMatrix& weight, int64_t pair, const std::byte* rows, TileSums& sums) {
  alignas(64) std::byte pairs[2][kPairsBytes];
  const std::byte* const panels[2] = {weight.data + weight.PanelOffset(2 * pair),
                                      weight.data + weight.PanelOffset(2 * pair + 1)};
  const auto write = [&](int panel, int64_t k) __attribute__((always_inline)) {
    WritePairs<kType>(panels[panel], k, weight.in_features, pairs[panel]);
  };
  ZeroSums();
  write(0, 0);
  for (int64_t k = 0; k < weight.in_features; k += kTileK) {
    write(1, k);
    TileLoad<4>(rows, kTileRowBytes);
    TileLoad<6>(pairs[0], kTileRowBytes);
    TileLoad<7>(pairs[0] + kTileBytes, kTileRowBytes);
    _tile_dpbf16ps(0, 4, 6);
    _tile_dpbf16ps(1, 4, 7);
    if (k + kTileK < weight.in_features) write(0, k + kTileK);
    TileLoad<5>(pairs[1], kTileRowBytes);
    TileLoad<6>(pairs[1] + kTileBytes, kTileRowBytes);
    _tile_dpbf16ps(2, 4, 5);
    _tile_dpbf16ps(3, 4, 6);
    rows += kTileBytes;
  }
  StoreSums(sums);
}

}  // namespace redline::engine
