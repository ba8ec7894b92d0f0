// The gated matmul of matmul.h on AMX tiles: a tile of gate's columns beside the same one of up's,
// whose sums become a part of the next product's rows without ever being in memory as f32.
#pragma once

#include "engine/kernels/matmul/bf16_tiles.h"
#include "engine/kernels/matmul/matmul.h"
#include "engine/kernels/silu_mul/silu_mul_simd.h"

namespace redline::engine {

template <DType kType>
class GatedBf16Tiles {
 public:
  GatedBf16Tiles(const GatedMatmulArgs& args, const MatmulRange& range)
      : args_(args),
        range_(range),
        in_features_(args.gate.in_features),
        group_bytes_(RowGroupBytes(RowForm::kBf16, in_features_)),
        out_group_bytes_(RowGroupBytes(RowForm::kBf16, args.gate.out_features)) {}

  void Run() {
    const TileScope tiles;
    if (range_.row_end - range_.row_begin <= kTileRows) return FewRows();
    for (int64_t panel = range_.panel_begin; panel < range_.panel_end; ++panel) ManyRows(panel);
  }

 private:
  using Panels = const std::byte* const[2];  // gate's and up's

  void FewRows() {
    const std::byte* rows = RowsFrom(range_.row_begin);
    alignas(64) TileSums gate;
    alignas(64) TileSums up;
    for (int64_t pair = range_.panel_begin / 2; 2 * pair < range_.panel_end; ++pair) {
      SumFewRows<kType>(args_.gate, pair, rows, gate);
      SumFewRows<kType>(args_.up, pair, rows, up);
      for (int64_t panel = 2 * pair; panel < 2 * pair + 2; ++panel) {
        if (panel >= range_.panel_begin && panel < range_.panel_end)
          FinishFew(panel, gate + panel % 2 * kTileRows, up + panel % 2 * kTileRows);
      }
    }
  }

  void FinishFew(int64_t panel, const float (*gate)[2 * kTileRows],
                 const float (*up)[2 * kTileRows]) const {
    std::byte* out = OutOf(panel, range_.row_begin);
    for (int64_t i = 0; i < range_.row_end - range_.row_begin; ++i) {
      const __m512 low = Gated(gate[i], up[i]);
      const __m512 high = Gated(gate[i] + kTileRows, up[i] + kTileRows);
      _mm512_store_si512(out + i * kTileRowBytes, ToBf16(low, high));
    }
  }

  // A half after the other: pairs of 32 columns are what stays in L1.
  void ManyRows(int64_t panel) {
    const std::byte* const panels[] = {args_.gate.data + args_.gate.PanelOffset(panel),
                                       args_.up.data + args_.up.PanelOffset(panel)};
    alignas(64) RestingSums sums[2];
    for (int64_t row = range_.row_begin; row < range_.row_end; row += kMostRows) {
      for (int64_t k = 0; k < in_features_; k += kBlockK) AddBlock(panel, panels, row, k, sums);
    }
  }

  void AddBlock(int64_t panel, const Panels& panels, int64_t first_row, int64_t k,
                RestingSums (&sums)[2]) {
    alignas(64) std::byte pairs[2][kBlockSteps][kPairsBytes];
    const int64_t k_end = k + kBlockK < in_features_ ? k + kBlockK : in_features_;
    const int64_t num_steps = (k_end - k) / kTileK;
    for (int64_t i = 0; i < 2; ++i) {
      for (int64_t step = 0; step < num_steps; ++step)
        WritePairs<kType>(panels[i], k + step * kTileK, in_features_, pairs[i][step]);
    }
    for (int64_t half = 0; half < 2; ++half) {
      TileSums* block_sums = sums[half];
      for (int64_t row = first_row; row < range_.row_end && row < first_row + kMostRows;
           row += kBlockRows) {
        k == 0 ? ZeroSums() : LoadSums(*block_sums);
        const bool has_high = range_.row_end - row > kTileRows;
        AddProducts(RowsFrom(row) + k / kTileK * kTileBytes, has_high ? group_bytes_ : 0,
                    pairs[0][0] + half * kTileBytes, pairs[1][0] + half * kTileBytes, num_steps);
        StoreSums(*block_sums);
        if (k_end == in_features_)
          Finish(panel, half, row, has_high ? kBlockRows : kTileRows, *block_sums);
        ++block_sums;
      }
    }
  }

  // Sums of gate, then of up, of 16 columns: their place in the rows of the next product, whose k
  // they are.
  void Finish(int64_t panel, int64_t half, int64_t row, int64_t num_rows,
              const TileSums& sums) const {
    constexpr int64_t kHalfBytes = kTileRowBytes / 2;
    std::byte* out = OutOf(panel, row) + half * kHalfBytes;
    for (int64_t i = 0; i < num_rows; ++i) {
      const __m512 gated = Gated(sums[i], sums[i] + kTileRows);
      std::byte* to = out + i / kRowGroup * out_group_bytes_ + i % kRowGroup * kTileRowBytes;
      _mm256_store_si256(reinterpret_cast<__m256i*>(to),
                         reinterpret_cast<__m256i>(_mm512_cvtneps_pbh(gated)));
    }
  }

  // Of 16 sums each.
  static __m512 Gated(const float* gate, const float* up) {
    const __m512 scale = Avx512::Set1(kSumScale<kType>);
    return Avx512::Mul(SiluMul<Avx512>(Avx512::Mul(Avx512::Load(gate), scale),
                                       Avx512::Mul(Avx512::Load(up), scale)),
                       Avx512::Set1(kBf16RowScale));
  }

  std::byte* OutOf(int64_t panel, int64_t row) const {
    return args_.out_rows + row / kRowGroup * out_group_bytes_ + panel * kTileBytes;
  }

  const std::byte* RowsFrom(int64_t row) const {
    return args_.rows + row / kRowGroup * group_bytes_;
  }

  const GatedMatmulArgs& args_;
  const MatmulRange& range_;
  const int64_t in_features_;
  const int64_t group_bytes_;
  const int64_t out_group_bytes_;
};

}  // namespace redline::engine
