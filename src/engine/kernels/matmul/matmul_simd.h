// The matmul of matmul.h over any vector type of simd/.
//
// Lanes are output features, so an output element is one FMA chain over k and no sum is ever split
// or reduced across lanes. Two loops give the same bits:
//
//   direct   up to Simd::kDirectRows rows: each weight is decoded in registers and used by all rows
//            at once. Bound by the weight stream.
//   blocked  more rows: a panel's next kBlockK weights are decoded to an L1 buffer ([kBlockK][32]
//            f32), then tiles of Simd::kTileRows rows pass over it, their partial sums resting in
//            `out` between blocks. Bound by FMA throughput.
//
// Measured on one core of an AMD EPYC (Zen 5, 2 vCPU KVM guest, other load on the machine),
// AVX-512, 1536 x 576, weights from DRAM, median of 1000 (best runs 3% higher):
//   one row       f32 40 GB/s, bf16 38, q8_0 30, q4_1 33 (108 GFLOP/s: decoding limits it)
//   4 / 8 rows    q4_1 190 / 208 GFLOP/s
//   64 rows, up   q4_1 211 GFLOP/s, 80% of the core's FMA peak; AVX2 110
#pragma once

#include "engine/kernels/matmul/matmul.h"
#include "engine/kernels/matmul/weight_reader.h"
#include "engine/kernels/simd/tile.h"

namespace redline::engine {

// Columns [n, n + kLanes) of a finished row, as far as they exist.
template <typename Simd>
[[gnu::always_inline]] inline void StoreSum(const MatmulArgs& args, const MatmulPart& part,
                                            int64_t row, int64_t n, typename Simd::Vec sum) {
  const int64_t count = part.weight.out_features - n;
  if (part.bias != nullptr) sum = Simd::Add(sum, Simd::LoadPartial(part.bias + n, count));
  Simd::StorePartial(args.out + row * args.out_stride + part.out_column + n, count, sum);
}

// Sums of kRows rows and kVecs vectors of columns from n on, between blocks of k: in `out`, as far
// as columns exist. Before the first block they are zeros.
template <typename Simd, int kRows, int kVecs>
[[gnu::always_inline]] inline void LoadSums(const MatmulArgs& args, const MatmulPart& part,
                                            int64_t first_row, int64_t n, bool is_first,
                                            typename Simd::Vec (&acc)[kRows][kVecs]) {
  const float* out = args.out + first_row * args.out_stride + part.out_column + n;
#pragma GCC unroll 16
  for (int row = 0; row < kRows; ++row) {
#pragma GCC unroll 8
    for (int v = 0; v < kVecs; ++v) {
      const int64_t count = is_first ? 0 : part.weight.out_features - n - v * Simd::kLanes;
      acc[row][v] = Simd::LoadPartial(out + row * args.out_stride + v * Simd::kLanes, count);
    }
  }
}

// After the last block the bias is added.
template <typename Simd, int kRows, int kVecs>
[[gnu::always_inline]] inline void StoreSums(const MatmulArgs& args, const MatmulPart& part,
                                             int64_t first_row, int64_t n, bool is_last,
                                             const typename Simd::Vec (&acc)[kRows][kVecs]) {
  float* out = args.out + first_row * args.out_stride + part.out_column + n;
#pragma GCC unroll 16
  for (int row = 0; row < kRows; ++row) {
#pragma GCC unroll 8
    for (int v = 0; v < kVecs; ++v) {
      const int64_t at = v * Simd::kLanes;
      if (is_last) {
        StoreSum<Simd>(args, part, first_row + row, n + at, acc[row][v]);
      } else {
        Simd::StorePartial(out + row * args.out_stride + at, part.weight.out_features - n - at,
                           acc[row][v]);
      }
    }
  }
}

// Weights [k_begin, k_end) of one panel as f32, [k][32] with `stride` floats from k to k.
struct DecodedBlock {
  int64_t panel = 0;
  int64_t k_begin = 0;
  int64_t k_end = 0;
  const float* columns = nullptr;
  int64_t stride = kPanelColumns;
};

// kRows rows from `first_row` on times columns [n, n + kTileVecs * kLanes) of a decoded block.
template <typename Simd, int kRows>
void BlockTile(const MatmulArgs& args, const MatmulPart& part, int64_t first_row, int64_t n,
               const DecodedBlock& block) {
  constexpr int kVecs = Simd::kTileVecs;
  const float* columns = block.columns + n % kPanelColumns;
  typename Simd::Vec acc[kRows][kVecs];
  LoadSums<Simd>(args, part, first_row, n, block.k_begin == 0, acc);
  MultiplyTile<Simd, kRows, kVecs>(args.x + first_row * args.x_stride + block.k_begin,
                                   args.x_stride, columns, block.stride,
                                   block.k_end - block.k_begin, acc);
  StoreSums<Simd>(args, part, first_row, n, block.k_end == part.weight.in_features, acc);
}

// All rows of `range` over one decoded block.
template <typename Simd>
void MultiplyBlock(const MatmulArgs& args, const MatmulPart& part, const MatmulRange& range,
                   const DecodedBlock& block) {
  constexpr int kTileColumns = Simd::kTileVecs * Simd::kLanes;
  const int64_t first = block.panel * kPanelColumns;
  for (int64_t row = range.row_begin; row < range.row_end; row += Simd::kTileRows) {
    const int64_t left = range.row_end - row;
    WithRows<Simd::kTileRows>(left < Simd::kTileRows ? left : Simd::kTileRows, [&](auto rows) {
      for (int64_t n = first; n < first + kPanelColumns; n += kTileColumns)
        BlockTile<Simd, decltype(rows)::value>(args, part, row, n, block);
    });
  }
}

template <typename Simd, DType kType>
class MatmulSimd {
 public:
  static void Run(const MatmulArgs& args, const MatmulPart& part, const MatmulRange& range) {
    const int64_t num_rows = range.row_end - range.row_begin;
    if (num_rows > Simd::kDirectRows) return Blocked(args, part, range);
    WithRows<Simd::kDirectRows>(
        num_rows, [&](auto rows) { Panels<decltype(rows)::value>(args, part, range); });
  }

 private:
  using Vec = typename Simd::Vec;
  using Reader = WeightReader<Simd, kType>;
  static constexpr int kVecs = kPanelVecs<Simd>;
  static constexpr int64_t kBlockK = 128;

  // Panels two by two where the register file holds that many sums, to read one stream.
  template <int kRows>
  static void Panels(const MatmulArgs& args, const MatmulPart& part, const MatmulRange& range) {
    int64_t panel = range.panel_begin;
    while (panel < range.panel_end) {
      const bool whole_pair = panel % 2 == 0 && panel + 1 < range.panel_end;
      if constexpr (kRows <= Simd::kPairRows) {
        if (whole_pair) {
          Direct<kRows, 2>(args, part, range.row_begin, panel);
          panel += 2;
          continue;
        }
      }
      Direct<kRows, 1>(args, part, range.row_begin, panel);
      panel += 1;
    }
  }

  template <int kRows, int kPanels>
  static void Direct(const MatmulArgs& args, const MatmulPart& part, int64_t first_row,
                     int64_t panel) {
    constexpr int kColumns = kPanels * kVecs;
    const float* x = args.x + first_row * args.x_stride;
    const int64_t x_stride = args.x_stride;
    Vec acc[kRows][kColumns];
#pragma GCC unroll 8
    for (int row = 0; row < kRows; ++row) {
#pragma GCC unroll 8
      for (int i = 0; i < kColumns; ++i) acc[row][i] = Simd::Zero();
    }
    const auto accumulate = [&](int64_t k, const Vec(&columns)[kColumns])
        __attribute__((always_inline)) {
#pragma GCC unroll 8
      for (int row = 0; row < kRows; ++row) {
        const Vec element = Simd::Set1(x[row * x_stride + k]);
#pragma GCC unroll 8
        for (int i = 0; i < kColumns; ++i)
          acc[row][i] = Simd::Fma(element, columns[i], acc[row][i]);
      }
    };
    const PackedMatrix& weight = part.weight;
    Reader::template ForEach<kPanels>(weight.data + weight.PanelOffset(panel), 0,
                                      weight.in_features, accumulate);
    StoreSums<Simd>(args, part, first_row, panel * kPanelColumns, true, acc);
  }

  static void Blocked(const MatmulArgs& args, const MatmulPart& part, const MatmulRange& range) {
    alignas(64) float decoded[kBlockK * kPanelColumns];
    const PackedMatrix& weight = part.weight;
    for (int64_t panel = range.panel_begin; panel < range.panel_end; ++panel) {
      for (int64_t k = 0; k < weight.in_features; k += kBlockK) {
        DecodedBlock block = {.panel = panel, .k_begin = k, .k_end = k + kBlockK};
        if (block.k_end > weight.in_features) block.k_end = weight.in_features;
        Decode(weight.data + weight.PanelOffset(panel), decoded, &block);
        MultiplyBlock<Simd>(args, part, range, block);
      }
    }
  }

  // Points `block` at its weights: in `decoded`, or where they are when they are f32 already.
  static void Decode(const std::byte* packed, float* decoded, DecodedBlock* block) {
    if constexpr (kType == DType::kF32) {
      block->stride = 2 * kPanelColumns;
      block->columns = reinterpret_cast<const float*>(packed) + block->k_begin * block->stride;
    } else {
      const int64_t k_begin = block->k_begin;
      const auto store = [&](int64_t k, const Vec(&columns)[kVecs]) __attribute__((always_inline)) {
#pragma GCC unroll 8
        for (int i = 0; i < kVecs; ++i)
          Simd::Store(decoded + (k - k_begin) * kPanelColumns + i * Simd::kLanes, columns[i]);
      };
      Reader::template ForEach<1>(packed, k_begin, block->k_end, store);
      block->columns = decoded;
    }
  }
};

template <typename Simd>
void MatmulOfSimd(const MatmulArgs& args, const MatmulPart& part, const MatmulRange& range) {
  WithDType(part.weight.dtype,
            [&](auto dtype) { MatmulSimd<Simd, decltype(dtype)::value>::Run(args, part, range); });
}

}  // namespace redline::engine
