// The matmul of matmul.h on AMX tiles of bf16, for weights of every type but f32: sums are f32.
// Every output element is a chain over k in steps of 32, each step summed as TDPBF16PS defines it,
// so neither the number of rows nor the tiling changes its bits.
//
// Up to 16 rows: weights become pairs 32 k at a time, just before their product; bound by the
// weight stream. More rows: kBlockK k of a panel become pairs once, then blocks of 32 rows pass
// over them: two tiles of rows times two of columns, bound by the tile unit and by loads from L2.
#pragma once

#include "engine/kernels/matmul/bf16_pairs.h"
#include "engine/kernels/matmul/matmul.h"

namespace redline::engine {

static_assert(kRowGroup == kTileRows && kRowFormBlock == kTileK);
template <DType kType>
class MatmulBf16Tiles {
 public:
  MatmulBf16Tiles(const MatmulArgs& args, const MatmulPart& part, const MatmulRange& range)
      : args_(args),
        part_(part),
        range_(range),
        in_features_(part.weight.in_features),
        group_bytes_(RowGroupBytes(RowForm::kBf16, in_features_)) {}

  void Run() {
    const TileScope tiles;
    const bool is_few = range_.row_end - range_.row_begin <= kTileRows;
    for (int64_t panel = range_.panel_begin; panel < range_.panel_end; ++panel) {
      const std::byte* packed = part_.weight.data + part_.weight.PanelOffset(panel);
      is_few ? FewRows(panel, packed) : ManyRows(panel, packed);
    }
  }

 private:
  static constexpr int64_t kBlockRows = 2 * kTileRows;
  static constexpr int64_t kBlockK = 2048;
  // Sums of a block of rows: [rows][32] f32.
  using Sums = float[kBlockRows][kPanelColumns];
  static constexpr int64_t kSumsStride = kPanelColumns * static_cast<int64_t>(sizeof(float));

  // Tiles 0 to 3 are sums (low rows times both halves of the columns, high rows times both), 4 and
  // 5 rows of x, 6 and 7 weights.

  void FewRows(int64_t panel, const std::byte* packed) {
    // Pairs are read long after they were written: a tile has to wait for stores under way.
    constexpr int64_t kAhead = 3;
    constexpr int64_t kSlots = kAhead + 1;
    alignas(64) std::byte pairs[kSlots * kPairsBytes];
    const auto write = [&](int64_t step) __attribute__((always_inline)) {
      if (step * kTileK < in_features_)
        WritePairs<kType>(packed, step * kTileK, in_features_, pairs + step % kSlots * kPairsBytes);
    };
    _tile_zero(0);
    _tile_zero(1);
    const std::byte* rows = RowsFrom(range_.row_begin, 0);
    for (int64_t step = -kAhead; step * kTileK < in_features_; ++step) {
      write(step + kAhead);
      if (step < 0) continue;
      const std::byte* weights = pairs + step % kSlots * kPairsBytes;
      TileLoad<4>(rows, kTileRowBytes);
      TileLoad<6>(weights, kTileRowBytes);
      TileLoad<7>(weights + kTileBytes, kTileRowBytes);
      _tile_dpbf16ps(0, 4, 6);
      _tile_dpbf16ps(1, 4, 7);
      rows += kTileBytes;
    }
    alignas(64) Sums sums;
    TileStore<0>(&sums[0][0], kSumsStride);
    TileStore<1>(&sums[0][kTileRows], kSumsStride);
    StoreSums(panel, range_.row_begin, sums, true);
  }

  void ManyRows(int64_t panel, const std::byte* packed) {
    alignas(64) std::byte pairs[kBlockK / kTileK * kPairsBytes];
    for (int64_t k = 0; k < in_features_; k += kBlockK) {
      const int64_t k_end = k + kBlockK < in_features_ ? k + kBlockK : in_features_;
      for (int64_t at = k; at < k_end; at += kTileK)
        WritePairs<kType>(packed, at, in_features_, pairs + (at - k) / kTileK * kPairsBytes);
      for (int64_t row = range_.row_begin; row < range_.row_end; row += kBlockRows)
        Block(panel, row, k, k_end, pairs);
    }
  }

  // 32 rows over the pairs of [k, k_end); their sums rest in `out` in between.
  void Block(int64_t panel, int64_t row, int64_t k, int64_t k_end, const std::byte* pairs) {
    const bool has_high = range_.row_end - row > kTileRows;
    const bool is_last = k_end == in_features_;
    // Whole tiles of finished or of resting sums go straight to `out`.
    const bool in_place = NumRowsOfBlock(row) == kBlockRows &&
                          !(is_last && part_.bias != nullptr) &&
                          (panel + 1) * kPanelColumns <= part_.weight.out_features;
    alignas(64) Sums sums;
    float* to = in_place
                    ? args_.out + row * args_.out_stride + part_.out_column + panel * kPanelColumns
                    : &sums[0][0];
    const int64_t stride =
        in_place ? args_.out_stride * static_cast<int64_t>(sizeof(float)) : kSumsStride;
    float* high = to + kTileRows * stride / static_cast<int64_t>(sizeof(float));
    if (k == 0) {
      _tile_zero(0);
      _tile_zero(1);
      _tile_zero(2);
      _tile_zero(3);
    } else {
      if (!in_place) LoadSums(panel, row, sums);
      TileLoad<0>(to, stride);
      TileLoad<1>(to + kTileRows, stride);
      TileLoad<2>(high, stride);
      TileLoad<3>(high + kTileRows, stride);
    }
    const std::byte* rows = RowsFrom(row, k);
    for (int64_t at = k; at < k_end; at += kTileK) {
      TileLoad<4>(rows, kTileRowBytes);
      TileLoad<6>(pairs, kTileRowBytes);
      TileLoad<7>(pairs + kTileBytes, kTileRowBytes);
      _tile_dpbf16ps(0, 4, 6);
      _tile_dpbf16ps(1, 4, 7);
      if (has_high) {
        TileLoad<5>(rows + group_bytes_, kTileRowBytes);
        _tile_dpbf16ps(2, 5, 6);
        _tile_dpbf16ps(3, 5, 7);
      }
      rows += kTileBytes;
      pairs += kPairsBytes;
    }
    TileStore<0>(to, stride);
    TileStore<1>(to + kTileRows, stride);
    TileStore<2>(high, stride);
    TileStore<3>(high + kTileRows, stride);
    if (!in_place) StoreSums(panel, row, sums, is_last);
  }

  const std::byte* RowsFrom(int64_t row, int64_t k) const {
    return args_.rows_in_form[static_cast<int>(RowForm::kBf16)] + row / kRowGroup * group_bytes_ +
           k / kTileK * kTileBytes;
  }

  int64_t NumRowsOfBlock(int64_t row) const {
    return range_.row_end - row < kBlockRows ? range_.row_end - row : kBlockRows;
  }

  void StoreSums(int64_t panel, int64_t row, const Sums& sums, bool is_last) const {
    const int64_t num_rows = NumRowsOfBlock(row);
#pragma GCC unroll 2
    for (int64_t v = 0; v < 2; ++v) {
      const int64_t n = panel * kPanelColumns + v * Avx512::kLanes;
      const int64_t count = part_.weight.out_features - n;
      float* out = args_.out + row * args_.out_stride + part_.out_column + n;
      const bool has_bias = is_last && part_.bias != nullptr;
      const __m512 bias = has_bias ? Avx512::LoadPartial(part_.bias + n, count) : Avx512::Zero();
      for (int64_t i = 0; i < num_rows; ++i) {
        const __m512 sum = Avx512::Load(&sums[i][v * Avx512::kLanes]);
        Avx512::StorePartial(out + i * args_.out_stride, count,
                             has_bias ? Avx512::Add(sum, bias) : sum);
      }
    }
  }

  void LoadSums(int64_t panel, int64_t row, Sums& sums) const {
    const int64_t num_rows = NumRowsOfBlock(row);
    for (int64_t i = 0; i < kBlockRows; ++i) {
      for (int64_t v = 0; v < 2; ++v) {
        const int64_t n = panel * kPanelColumns + v * Avx512::kLanes;
        const int64_t count = i < num_rows ? part_.weight.out_features - n : 0;
        const float* from = args_.out + (row + i) * args_.out_stride + part_.out_column + n;
        Avx512::Store(&sums[i][v * Avx512::kLanes], Avx512::LoadPartial(from, count));
      }
    }
  }

  const MatmulArgs& args_;
  const MatmulPart& part_;
  const MatmulRange& range_;
  const int64_t in_features_;
  const int64_t group_bytes_;
};

}  // namespace redline::engine
