// The matmul of matmul.h on dot products of pairs of bf16 (VDPBF16PS), for weights in bf16; others
// are avx512_vnni's. An output element is one chain over the pairs of k, in their order; neither
// rows nor tiling change its bits. Two loops, as in matmul_simd.h:
//
//   direct   up to kDirectRows rows: two k of a panel become pairs in registers. Bound by the
//            weight stream.
//   blocked  more rows: kBlockK k of a panel become pairs in L1, then tiles of kDirectRows rows
//   pass
//            over them, their partial sums resting in `out` between blocks. Bound by the dot
//            products' issue rate.
#include "engine/kernels/matmul/matmul_simd.h"
#include "engine/kernels/simd/avx512_bf16.h"

namespace redline::engine {
namespace {

constexpr int kDirectRows = 8;
constexpr int kPairRows = 4;  // rows that take two panels at once
constexpr int64_t kBlockK = 256;
constexpr int64_t kLanes = Avx512::kLanes;
constexpr int kVecs = kPanelVecs<Avx512>;
constexpr int64_t kColumnsBytes = 2 * kPanelColumns;  // of one k of a panel
// RowForm::kBf16.
constexpr int64_t kRowBytes = 2 * kRowFormBlock;
constexpr int64_t kGroupBlockBytes = kRowGroup * kRowBytes;
static_assert(kRowGroup % kDirectRows == 0, "a tile's rows are of one group");

using Pairs = __m512i;  // of 16 columns

// Weights where they are packed.
struct PackedWeights {
  const std::byte* panel;  // the first of kColumns / kVecs
  int64_t in_features;

  template <int kColumns>
  [[gnu::always_inline]] void Load(int64_t k, Pairs (&pairs)[kColumns]) const {
    const std::byte* even = panel + k * 2 * kColumnsBytes;  // every other one is the other panel's
    const std::byte* odd = even + 2 * kColumnsBytes;
#pragma GCC unroll 2
    for (int i = 0; i < kColumns / kVecs; ++i, even += kColumnsBytes, odd += kColumnsBytes) {
      PrefetchAhead<kColumnsBytes>(even);
      PrefetchAhead<kColumnsBytes>(odd);
      InterleavePairs(_mm512_loadu_si512(even),
                      k + 1 < in_features ? _mm512_loadu_si512(odd) : _mm512_setzero_si512(),
                      &pairs[kVecs * i], &pairs[kVecs * i + 1]);
    }
  }
};

// Pairs of k [k_begin, k_begin + kBlockK) of one panel.
struct BufferedWeights {
  alignas(64) Pairs pairs[kBlockK / 2][kVecs];
  int64_t k_begin;

  [[gnu::always_inline]] void Load(int64_t k, Pairs (&out)[kVecs]) const {
    out[0] = pairs[(k - k_begin) / 2][0];
    out[1] = pairs[(k - k_begin) / 2][1];
  }
};

// acc[row][i] += x[row, k] * W[column i, k] for k in [k_begin, k_end); k_begin is a multiple of
// kRowFormBlock.
template <int kRows, int kColumns, typename Weights>
[[gnu::always_inline]] inline void Multiply(const std::byte* rows, int64_t k_begin, int64_t k_end,
                                            const Weights& weights,
                                            __m512 (&acc)[kRows][kColumns]) {
  for (int64_t block = k_begin; block < k_end; block += kRowFormBlock) {
    const std::byte* x = rows + block / kRowFormBlock * kGroupBlockBytes;
    const int64_t block_end = block + kRowFormBlock < k_end ? block + kRowFormBlock : k_end;
    for (int64_t k = block; k < block_end; k += 2, x += 4) {
      Pairs pairs[kColumns];
      weights.Load(k, pairs);
#pragma GCC unroll 8
      for (int row = 0; row < kRows; ++row) {
        int32_t pair;
        __builtin_memcpy(&pair, x + row * kRowBytes, sizeof(pair));
        const __m512bh element = reinterpret_cast<__m512bh>(_mm512_set1_epi32(pair));
#pragma GCC unroll 8
        for (int i = 0; i < kColumns; ++i) {
          acc[row][i] =
              _mm512_dpbf16_ps(acc[row][i], element, reinterpret_cast<__m512bh>(pairs[i]));
        }
      }
    }
  }
}

class MatmulBf16Dots {
 public:
  MatmulBf16Dots(const MatmulArgs& args, const MatmulPart& part, const MatmulRange& range)
      : args_(args),
        part_(part),
        weight_(part.weight),
        range_(range),
        group_bytes_(RowGroupBytes(RowForm::kBf16, part.weight.in_features)) {}

  void Run() {
    const int64_t num_rows = range_.row_end - range_.row_begin;
    if (num_rows > kDirectRows) return Blocked();
    WithRows<kDirectRows>(num_rows, [&](auto rows) { Direct<decltype(rows)::value>(); });
  }

 private:
  const std::byte* RowsFrom(int64_t row) const {
    return args_.rows_in_form[static_cast<int>(RowForm::kBf16)] + row / kRowGroup * group_bytes_ +
           row % kRowGroup * kRowBytes;
  }
  PackedWeights WeightsOf(int64_t panel) const {
    return {weight_.data + weight_.PanelOffset(panel), weight_.in_features};
  }

  // Panels two by two where the register file holds that many sums, to read one stream.
  template <int kRows>
  void Direct() {
    int64_t panel = range_.panel_begin;
    while (panel < range_.panel_end) {
      const bool whole_pair = panel % 2 == 0 && panel + 1 < range_.panel_end;
      if constexpr (kRows <= kPairRows) {
        if (whole_pair) {
          DirectTile<kRows, 2 * kVecs>(panel);
          panel += 2;
          continue;
        }
      }
      DirectTile<kRows, kVecs>(panel);
      panel += 1;
    }
  }

  template <int kRows, int kColumns>
  void DirectTile(int64_t panel) {
    __m512 acc[kRows][kColumns];
#pragma GCC unroll 8
    for (int row = 0; row < kRows; ++row) {
#pragma GCC unroll 8
      for (int i = 0; i < kColumns; ++i) acc[row][i] = Avx512::Zero();
    }
    Multiply(RowsFrom(range_.row_begin), 0, weight_.in_features, WeightsOf(panel), acc);
    StoreSums<Avx512>(args_, part_, range_.row_begin, panel * kPanelColumns, true, acc);
  }

  void Blocked() {
    BufferedWeights buffer;
    for (int64_t panel = range_.panel_begin; panel < range_.panel_end; ++panel) {
      const PackedWeights weights = WeightsOf(panel);
      for (int64_t k = 0; k < weight_.in_features; k += kBlockK) {
        const int64_t k_end = k + kBlockK < weight_.in_features ? k + kBlockK : weight_.in_features;
        for (int64_t at = k; at < k_end; at += 2) weights.Load(at, buffer.pairs[(at - k) / 2]);
        buffer.k_begin = k;
        for (int64_t row = range_.row_begin; row < range_.row_end; row += kDirectRows) {
          const int64_t left = range_.row_end - row;
          WithRows<kDirectRows>(left < kDirectRows ? left : kDirectRows, [&](auto rows) {
            BlockTile<decltype(rows)::value>(row, panel * kPanelColumns, k_end, buffer);
          });
        }
      }
    }
  }

  template <int kRows>
  void BlockTile(int64_t row, int64_t n, int64_t k_end, const BufferedWeights& weights) {
    __m512 acc[kRows][kVecs];
    LoadSums<Avx512>(args_, part_, row, n, weights.k_begin == 0, acc);
    Multiply(RowsFrom(row), weights.k_begin, k_end, weights, acc);
    StoreSums<Avx512>(args_, part_, row, n, k_end == weight_.in_features, acc);
  }

  const MatmulArgs& args_;
  const MatmulPart& part_;
  const PackedMatrix& weight_;
  const MatmulRange& range_;
  const int64_t group_bytes_;
};

}  // namespace

void MatmulAvx512Bf16(const MatmulArgs& args, const MatmulPart& part, const MatmulRange& range) {
  if (part.weight.dtype != DType::kBF16) return MatmulAvx512Vnni(args, part, range);
  MatmulBf16Dots(args, part, range).Run();
}

void Bf16RowsAvx512(const RowGroup& group, std::byte* out) {
  for (int64_t row = 0; row < group.num_rows; ++row) {
    const float* x = group.x + row * group.x_stride;
    std::byte* to = out + row * kRowBytes;
    for (int64_t k = 0; k < group.in_features; k += kRowFormBlock, to += kGroupBlockBytes) {
      const __m512 low = Avx512::LoadPartial(x + k, group.in_features - k);
      const __m512 high = Avx512::LoadPartial(x + k + kLanes, group.in_features - k - kLanes);
      _mm512_storeu_si512(to, ToBf16(low, high));
    }
  }
}

}  // namespace redline::engine
