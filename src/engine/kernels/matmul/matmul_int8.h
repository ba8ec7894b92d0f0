// The matmul of matmul.h for quantised weights and rows of bytes (RowForm::kInt8), over the vectors
// of simd/avx2_int8.h and simd/avx512_vnni.h.
//
// Lanes are output features. For each sub-block of k, sum = the dot product of q_w and q_x, exact
// in int32; then, by FMA in the order of k, an output element is
//   acc += sum * (scale_w * scale_x), and with a minimum: acc += minimum_w * (scale_x * sum of q_x)
// Every set gives the same bits, and so do both loops:
//
//   direct   up to kDirectRows rows: each weight is unpacked in registers and used by all rows at
//            once. Bound by the weight stream.
//   blocked  more rows: a panel's next kBlockK weights are unpacked to an L1 buffer, then tiles of
//            kTileRows rows pass over it, their partial sums resting in `out` between blocks. Bound
//            by the dot products' issue rate: of every 132 vector operations of a tile with
//            AVX-512, 96 are dot products (of 144 with a minimum).
//
// Measured on one core of a KVM guest with 2 (Intel, AVX-512 VNNI, AVX-VNNI; other load on the
// machine), weights from memory, medians of 9 to 15, interleaved with the f32 set of the same
// vectors; quartiles within 2 to 9%. Times as fast as f32 (Gop/s); read at most 13 GB/s, peaks of
// int8 925, 519 and 232 Gop/s:
//                              avx512_vnni    avx_vnni       avx2_int8
//   q8_0 1536 x 576    1 row   1.57 (22)      1.63 (23)      1.25 (17)      11.6, 12.0, 9.2 GB/s
//                      4       1.28 (71)      1.78 (67)      1.22 (48)
//                     16       2.07 (228)     2.11 (173)     1.17 (88)
//                     64       2.47 (399)     2.47 (253)     1.09 (109)
//                    512       2.40 (399)     2.42 (257)     0.97 (103)
//   q4_1 1536 x 576    1       1.35 (35)      1.53 (33)      1.47 (32)      10.8, 10.4, 9.9 GB/s
//                      4       1.35 (122)     1.65 (85)      1.38 (70)
//                     16       2.01 (268)     2.13 (172)     1.42 (124)
//                     64       2.42 (412)     2.50 (247)     1.68 (161)
//                    512       2.41 (427)     2.24 (249)     1.47 (163)
//   q8_0 576 x 1536    1, 64   1.40, 2.73     1.56, 2.69     1.21, 1.19
//   q8_0 49152 x 576   1, 4    1.40, 1.35     1.63, 1.72     1.33, 1.23
//                     16, 64   1.98, 2.25     2.08, 2.10     1.10, 0.95
//                    512       1.96           2.01           0.90
// With all in L1 (64 x 576, 96 rows): q8_0 500 to 550 Gop/s with AVX-512, 300 with AVX-VNNI.
#pragma once

#include "engine/kernels/matmul/int8_row.h"
#include "engine/kernels/matmul/matmul_simd.h"

namespace redline::engine {

template <typename Simd, DType kType>
class MatmulInt8 {
 public:
  static void Run(const MatmulArgs& args, const MatmulPart& part, const MatmulRange& range) {
    const int64_t num_rows = range.row_end - range.row_begin;
    if (num_rows > Simd::kDirectRows) return Blocked(args, part, range);
    WithRows<Simd::kDirectRows>(
        num_rows, [&](auto rows) { Direct<decltype(rows)::value>(args, part, range); });
  }

 private:
  using Vec = typename Simd::Vec;
  using Words = typename Simd::Words;
  using Sum = typename Simd::Sum;
  using Reader = QuantReader<Simd, kType>;
  static constexpr DTypeInfo kInfo = InfoOf(kType);
  static constexpr int kOffset = PackedLayoutOf(kInfo).offset;
  static constexpr int64_t kSubElements = kInfo.sub_block_elements;
  static constexpr int kVecs = kPanelVecs<Simd>;
  static constexpr int64_t kBlockK = 768;

  // Weights of one panel, or of two of a pair, where they are packed.
  struct PackedWeights {
    const std::byte* panel;

    template <int kColumns>
    [[gnu::always_inline]] void LoadScales(int64_t k, Vec (&scales)[kColumns],
                                           Vec (&minima)[kColumns]) const {
      Reader::template Prefetch<kColumns / kVecs>(Block(k), SubBlock(k));
      Reader::LoadScales(Block(k), SubBlock(k), scales, minima);
    }
    template <int kColumns, typename Body>
    [[gnu::always_inline]] void ForEachQuad(int64_t k, const Body& body) const {
      Reader::template ForEachQuad<kColumns>(Reader::Quants(Block(k), SubBlock(k)), body);
    }

    const std::byte* Block(int64_t k) const {
      return panel + k / kInfo.block_elements * 2 * PackedLayoutOf(kInfo).block_bytes;
    }
    static int64_t SubBlock(int64_t k) { return k % kInfo.block_elements / kSubElements; }
  };

  // Weights [k_begin, k_begin + kBlockK) of one panel, unpacked.
  struct Buffer {
    alignas(64) uint32_t quads[kBlockK / 4][kPanelColumns];
    alignas(64) float scales[kBlockK / kSubElements][kPanelColumns];
    alignas(64) float minima[kInfo.HasMinimum() ? kBlockK / kSubElements : 1][kPanelColumns];
  };
  struct BufferedWeights {
    const Buffer* buffer;
    int64_t k_begin;
    int64_t column;

    template <int kColumns>
    [[gnu::always_inline]] void LoadScales(int64_t k, Vec (&scales)[kColumns],
                                           Vec (&minima)[kColumns]) const {
      const int64_t sub_block = (k - k_begin) / kSubElements;
#pragma GCC unroll 8
      for (int i = 0; i < kColumns; ++i) {
        scales[i] = Simd::Load(buffer->scales[sub_block] + column + i * Simd::kLanes);
        if constexpr (kInfo.HasMinimum())
          minima[i] = Simd::Load(buffer->minima[sub_block] + column + i * Simd::kLanes);
      }
    }
    template <int kColumns, typename Body>
    [[gnu::always_inline]] void ForEachQuad(int64_t k, const Body& body) const {
      const uint32_t(*quads)[kPanelColumns] = buffer->quads + (k - k_begin) / 4;
#pragma GCC unroll 8
      for (int64_t quad = 0; quad < kSubElements / 4; ++quad) {
        Words words[kColumns];
#pragma GCC unroll 8
        for (int i = 0; i < kColumns; ++i)
          words[i] = Simd::LoadWords(quads[quad] + column + i * Simd::kLanes);
        body(quad, words);
      }
    }
  };

  static void Unpack(const std::byte* panel, int64_t k_begin, int64_t k_end, Buffer* buffer) {
    const PackedWeights weights = {panel};
    for (int64_t k = k_begin; k < k_end; k += kSubElements) {
      const int64_t sub_block = (k - k_begin) / kSubElements;
      Vec scales[kVecs];
      Vec minima[kVecs];
      weights.LoadScales(k, scales, minima);
#pragma GCC unroll 4
      for (int i = 0; i < kVecs; ++i) {
        Simd::Store(buffer->scales[sub_block] + i * Simd::kLanes, scales[i]);
        if constexpr (kInfo.HasMinimum())
          Simd::Store(buffer->minima[sub_block] + i * Simd::kLanes, minima[i]);
      }
      uint32_t(*quads)[kPanelColumns] = buffer->quads + (k - k_begin) / 4;
      weights.template ForEachQuad<kVecs>(
          k, [&](int64_t quad, const Words(&words)[kVecs]) __attribute__((always_inline)) {
#pragma GCC unroll 4
            for (int i = 0; i < kVecs; ++i) Simd::Store(quads[quad] + i * Simd::kLanes, words[i]);
          });
    }
  }

  // acc[row][i] += x[row, k] * W[column i, k] for k in [k_begin, k_end). `rows`: of Int8Blocks.
  template <int kRows, int kColumns, typename Weights>
  [[gnu::always_inline]] static void Multiply(const std::byte* rows, int64_t row_bytes,
                                              int64_t k_begin, int64_t k_end,
                                              const Weights& weights, Vec (&acc)[kRows][kColumns]) {
    for (int64_t k = k_begin; k < k_end; k += kSubElements) {
      const auto block_of = [&](int row) __attribute__((always_inline))->const Int8Block& {
        return reinterpret_cast<const Int8Block*>(rows + row * row_bytes)[k / kRowFormBlock];
      };
      Sum sums[kRows][kColumns];
#pragma GCC unroll 8
      for (int row = 0; row < kRows; ++row) {
#pragma GCC unroll 8
        for (int i = 0; i < kColumns; ++i)
          sums[row][i] = Simd::template Start<kInfo.bits, kOffset>(OffsetSum(block_of(row), k));
      }
      weights.template ForEachQuad<kColumns>(
          k, [&](int64_t quad, const Words(&words)[kColumns]) __attribute__((always_inline)) {
#pragma GCC unroll 8
            for (int row = 0; row < kRows; ++row) {
              const Words x = Simd::Set1Bytes(block_of(row).quants + k % kRowFormBlock + 4 * quad);
#pragma GCC unroll 8
              for (int i = 0; i < kColumns; ++i)
                Simd::template AddQuad<kInfo.bits>(quad, words[i], x, &sums[row][i]);
            }
          });
      Vec scales[kColumns];
      Vec minima[kColumns];
      weights.LoadScales(k, scales, minima);
#pragma GCC unroll 8
      for (int row = 0; row < kRows; ++row) {
        const Vec scale_x = Simd::Set1(block_of(row).scale);
        const Vec scaled_sum = Simd::Set1(block_of(row).scaled_sum);
#pragma GCC unroll 8
        for (int i = 0; i < kColumns; ++i) {
          const Vec sum = Simd::ToFloat(Simd::Total(sums[row][i]));
          acc[row][i] = Simd::Fma(sum, Simd::Mul(scales[i], scale_x), acc[row][i]);
          if constexpr (kInfo.HasMinimum())
            acc[row][i] = Simd::Fma(minima[i], scaled_sum, acc[row][i]);
        }
      }
    }
  }

  [[gnu::always_inline]] static int32_t OffsetSum(const Int8Block& block, int64_t k) {
    if constexpr (kSubElements == kRowFormBlock) return block.offset_sum;
    return block.half_offset_sum[k % kRowFormBlock / kSubElements];
  }

  static const std::byte* RowsFrom(const MatmulArgs& args, const MatmulPart& part, int64_t row) {
    const std::byte* rows = args.rows_in_form[static_cast<int>(RowForm::kInt8)];
    return rows + row * RowFormBytes(RowForm::kInt8, part.weight.in_features);
  }

  // Panels two by two where the register file holds that many sums, to read one stream.
  template <int kRows>
  static void Direct(const MatmulArgs& args, const MatmulPart& part, const MatmulRange& range) {
    int64_t panel = range.panel_begin;
    while (panel < range.panel_end) {
      const bool whole_pair = panel % 2 == 0 && panel + 1 < range.panel_end;
      if constexpr (kRows <= Simd::kPairRows) {
        if (whole_pair) {
          DirectTile<kRows, 2 * kVecs>(args, part, range.row_begin, panel);
          panel += 2;
          continue;
        }
      }
      DirectTile<kRows, kVecs>(args, part, range.row_begin, panel);
      panel += 1;
    }
  }

  template <int kRows, int kColumns>
  static void DirectTile(const MatmulArgs& args, const MatmulPart& part, int64_t first_row,
                         int64_t panel) {
    const PackedMatrix& weight = part.weight;
    const PackedWeights weights = {weight.data + weight.PanelOffset(panel)};
    Vec acc[kRows][kColumns];
#pragma GCC unroll 8
    for (int row = 0; row < kRows; ++row) {
#pragma GCC unroll 8
      for (int i = 0; i < kColumns; ++i) acc[row][i] = Simd::Zero();
    }
    Multiply(RowsFrom(args, part, first_row), RowFormBytes(RowForm::kInt8, weight.in_features), 0,
             weight.in_features, weights, acc);
    StoreSums<Simd>(args, part, first_row, panel * kPanelColumns, true, acc);
  }

  static void Blocked(const MatmulArgs& args, const MatmulPart& part, const MatmulRange& range) {
    const PackedMatrix& weight = part.weight;
    Buffer buffer;
    for (int64_t panel = range.panel_begin; panel < range.panel_end; ++panel) {
      for (int64_t k = 0; k < weight.in_features; k += kBlockK) {
        const int64_t k_end = k + kBlockK < weight.in_features ? k + kBlockK : weight.in_features;
        Unpack(weight.data + weight.PanelOffset(panel), k, k_end, &buffer);
        MultiplyBlock(args, part, range, panel, k, k_end, buffer);
      }
    }
  }

  // All rows of `range` over an unpacked block.
  static void MultiplyBlock(const MatmulArgs& args, const MatmulPart& part,
                            const MatmulRange& range, int64_t panel, int64_t k_begin, int64_t k_end,
                            const Buffer& buffer) {
    for (int64_t row = range.row_begin; row < range.row_end; row += Simd::kTileRows) {
      const int64_t left = range.row_end - row;
      WithRows<Simd::kTileRows>(left < Simd::kTileRows ? left : Simd::kTileRows, [&](auto rows) {
        for (int64_t column = 0; column < kPanelColumns; column += Simd::kTileVecs * Simd::kLanes)
          BlockTile<decltype(rows)::value>(args, part, row, panel * kPanelColumns + column, k_end,
                                           {&buffer, k_begin, column});
      });
    }
  }

  // kRows rows times columns [n, n + kTileVecs * kLanes) of an unpacked block.
  template <int kRows>
  static void BlockTile(const MatmulArgs& args, const MatmulPart& part, int64_t first_row,
                        int64_t n, int64_t k_end, const BufferedWeights& weights) {
    constexpr int kColumns = Simd::kTileVecs;
    Vec acc[kRows][kColumns];
    LoadSums<Simd>(args, part, first_row, n, weights.k_begin == 0, acc);
    Multiply(RowsFrom(args, part, first_row), RowFormBytes(RowForm::kInt8, part.weight.in_features),
             weights.k_begin, k_end, weights, acc);
    StoreSums<Simd>(args, part, first_row, n, k_end == part.weight.in_features, acc);
  }
};

// Weights that are not quantised are multiplied by `matmul_f32`.
template <typename Simd>
void MatmulOfInt8(const MatmulArgs& args, const MatmulPart& part, const MatmulRange& range,
                  decltype(&MatmulRef) matmul_f32) {
  WithDType(part.weight.dtype, [&](auto dtype) {
    constexpr DType kType = decltype(dtype)::value;
    if constexpr (InfoOf(kType).IsQuantized()) {
      MatmulInt8<Simd, kType>::Run(args, part, range);
    } else {
      matmul_f32(args, part, range);
    }
  });
}

}  // namespace redline::engine
