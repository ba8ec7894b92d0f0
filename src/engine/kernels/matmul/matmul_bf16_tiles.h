// The matmul of matmul.h on AMX tiles of bf16, for weights of every type but f32: sums are f32.
// Every output element is a chain over k in steps of 32, each step summed as TDPBF16PS defines it,
// so neither the number of rows nor the tiling changes its bits.
//
// Up to 16 rows: weights become pairs 32 k at a time, just before their product; bound by the
// weight stream. More rows: kBlockK k of a panel become pairs once, then blocks of 32 rows pass
// over them: two tiles of rows times two of columns, bound by the tile unit, by loads of rows from
// L2, and by stores of results.
#pragma once

#include "engine/kernels/matmul/bf16_tiles.h"
#include "engine/kernels/matmul/matmul.h"

namespace redline::engine {

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
    if (range_.row_end - range_.row_begin <= kTileRows) return FewRows();
    for (int64_t panel = range_.panel_begin; panel < range_.panel_end; ++panel)
      ManyRows(panel, part_.weight.data + part_.weight.PanelOffset(panel));
  }

 private:
  void FewRows() {
    const std::byte* rows = RowsFrom(range_.row_begin, 0);
    alignas(64) TileSums sums;
    for (int64_t pair = range_.panel_begin / 2; 2 * pair < range_.panel_end; ++pair) {
      SumFewRows<kType>(part_.weight, pair, rows, sums);
      for (int64_t panel = 2 * pair; panel < 2 * pair + 2; ++panel) {
        if (panel >= range_.panel_begin && panel < range_.panel_end)
          Finish(panel, range_.row_begin, sums + panel % 2 * kTileRows);
      }
    }
  }

  void ManyRows(int64_t panel, const std::byte* packed) {
    alignas(64) RestingSums sums;
    for (int64_t row = range_.row_begin; row < range_.row_end; row += kMostRows) {
      for (int64_t k = 0; k < in_features_; k += kBlockK) AddBlock(panel, packed, row, k, sums);
    }
  }

  // Adds the products of up to kMostRows rows with up to kBlockK k, and finishes with the last.
  void AddBlock(int64_t panel, const std::byte* packed, int64_t first_row, int64_t k,
                RestingSums& sums) {
    alignas(64) std::byte pairs[kBlockSteps][kPairsBytes];
    const int64_t k_end = k + kBlockK < in_features_ ? k + kBlockK : in_features_;
    const int64_t num_steps = (k_end - k + kTileK - 1) / kTileK;
    for (int64_t step = 0; step < num_steps; ++step)
      WritePairs<kType>(packed, k + step * kTileK, in_features_, pairs[step]);
    TileSums* block_sums = sums;
    for (int64_t row = first_row; row < range_.row_end && row < first_row + kMostRows;
         row += kBlockRows) {
      k == 0 ? ZeroSums() : LoadSums(*block_sums);
      const bool has_high = range_.row_end - row > kTileRows;
      AddProducts(RowsFrom(row, k), has_high ? group_bytes_ : 0, pairs[0], pairs[0] + kTileBytes,
                  num_steps);
      StoreSums(*block_sums);
      if (k_end == in_features_) Finish(panel, row, *block_sums);
      ++block_sums;
    }
  }

  const std::byte* RowsFrom(int64_t row, int64_t k) const {
    return args_.rows_in_form[static_cast<int>(RowForm::kBf16)] + row / kRowGroup * group_bytes_ +
           k / kTileK * kTileBytes;
  }

  int64_t NumRowsOfBlock(int64_t row) const {
    return range_.row_end - row < kBlockRows ? range_.row_end - row : kBlockRows;
  }

  void Finish(int64_t panel, int64_t row, const float (*sums)[2 * kTileRows]) const {
    const int64_t num_rows = NumRowsOfBlock(row);
    const __m512 scale = Avx512::Set1(kSumScale<kType>);
#pragma GCC unroll 2
    for (int64_t v = 0; v < 2; ++v) {
      const int64_t n = panel * kPanelColumns + v * Avx512::kLanes;
      const int64_t count = part_.weight.out_features - n;
      float* out = args_.out + row * args_.out_stride + part_.out_column + n;
      const bool has_bias = part_.bias != nullptr;
      const __m512 bias = has_bias ? Avx512::LoadPartial(part_.bias + n, count) : Avx512::Zero();
      for (int64_t i = 0; i < num_rows; ++i) {
        const __m512 sum = Avx512::Mul(Avx512::Load(&sums[i][v * Avx512::kLanes]), scale);
        Avx512::StorePartial(out + i * args_.out_stride, count,
                             has_bias ? Avx512::Add(sum, bias) : sum);
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
