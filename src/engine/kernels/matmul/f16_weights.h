// Quantised weights whose scales are f16 as pairs of bf16 (simd/amx.h), by arithmetic in f16: 32
// weights an instruction. Only for files compiled with AVX512_FP16 and AVX512_VBMI, too.
//
// A q is exact in f16. Scale and minimum are taken times 2^6, far from f16's smallest numbers, and
// scale * q + minimum is rounded to f16's 11 bits. Shifted right by 3, sign aside, an f16's bits
// are those of a bf16 that is 2^-112 times as large: 8 bits, rounded to nearest, halfway away from
// zero. So pairs are the weights times 2^-106; whoever sums products takes that back.
#pragma once

#include <array>

#include "engine/kernels/matmul/weight_reader.h"
#include "engine/kernels/simd/amx.h"

namespace redline::engine {

template <DType kType>
inline constexpr bool kHasF16Scales = InfoOf(kType).IsQuantized() && !InfoOf(kType).HasSubBlocks();

template <DType kType>
class F16Weights {
 public:
  // What pairs are multiples of: of the weights.
  static constexpr float kScale = 0x1p-106f;

  // The tiles of the 32 k of a block of a panel; false, and nothing is written, when scales are so
  // small, so large or so much NaN that f16 cannot hold what they give.
  [[gnu::always_inline]] static bool WritePairs(const std::byte* block, std::byte* to) {
    const __m512i scales = _mm512_loadu_si512(block);
    const __m512i minima =
        kInfo.HasMinimum() ? _mm512_loadu_si512(block + kLayout.minima) : _mm512_setzero_si512();
    if (!AreTame(scales, minima)) [[unlikely]]
      return false;
    const std::byte* quants = Reader::Quants(block, 0);
    if constexpr (kInfo.bits == 4) {
#pragma GCC unroll 4
      for (int64_t i = 0; i < kTileK / 8; ++i) {
        PrefetchShare(block, i, kTileK / 8);
        const __m512i words[2] = {_mm512_loadu_si512(quants + (2 * i) * 64),
                                  _mm512_loadu_si512(quants + (2 * i + 1) * 64)};
        WriteRows<4>(words, scales, minima, to + 4 * i * kTileRowBytes);
      }
    } else {
      const auto write = [&](int64_t quad, const __m512i(&words)[2])
          __attribute__((always_inline)) {
        PrefetchShare(block, quad, kTileK / 4);
        WriteRows<2>(words, scales, minima, to + 2 * quad * kTileRowBytes);
      };
      Reader::template ForEachQuad<2>(quants, write);
    }
    return true;
  }

 private:
  using Reader = QuantReader<Avx512, kType>;
  static constexpr DTypeInfo kInfo = InfoOf(kType);
  static constexpr PackedLayout kLayout = PackedLayoutOf(kInfo);
  static_assert(kInfo.block_elements == kTileK);
  static constexpr int64_t kNearBytes = 1024;
  static constexpr int kLargestQ = (1 << kInfo.bits) - 1;

  // Asks for a part of what comes soon: all at once would stall what it should run beside. Nearer
  // than kPrefetchBytes: pairs need L1 more.
  [[gnu::always_inline]] static void PrefetchShare(const std::byte* block, int64_t part,
                                                   int64_t num_parts) {
    constexpr int64_t kLines = kLayout.block_bytes / 64;
    for (int64_t line = part * kLines / num_parts; line < (part + 1) * kLines / num_parts; ++line)
      __builtin_prefetch(block + kNearBytes + 64 * line);
  }

  // Of both halves of the panel, 16 columns each: a word of each column to kRows rows of pairs.
  template <int kRows>
  [[gnu::always_inline]] static void WriteRows(const __m512i (&words)[2], __m512i scales,
                                               __m512i minima, std::byte* to) {
#pragma GCC unroll 2
    for (int half = 0; half < 2; ++half) {
      const __m512h scale = ForPairs(scales, half);
      const __m512h minimum = kInfo.HasMinimum() ? ForPairs(minima, half) : _mm512_setzero_ph();
#pragma GCC unroll 4
      for (int row = 0; row < kRows; ++row) {
        const __m512h quants = Quants<kRows>(words[half], row);
        const __m512h weights = kInfo.HasMinimum() ? _mm512_fmadd_ph(quants, scale, minimum)
                                                   : _mm512_mul_ph(quants, scale);
        _mm512_store_si512(to + half * kTileBytes + row * kTileRowBytes, Bf16Bits(weights));
      }
    }
  }

  // Elements 2 row and 2 row + 1 of each column's word, as f16.
  template <int kRows>
  [[gnu::always_inline]] static __m512h Quants(__m512i words, int row) {
    const __m512i bits = _mm512_multishift_epi64_epi8(BitOffsets<kRows>(row), words);
    if constexpr (kInfo.bits <= 5) {
      // The permutation reads five bits of an index.
      return reinterpret_cast<__m512h>(
          _mm512_permutexvar_epi16(bits, _mm512_load_si512(kValues.data())));
    } else {
      // 1024 + q as f16, less 1024 and what q was packed with.
      const __m512i biased =
          _mm512_ternarylogic_epi32(bits, _mm512_set1_epi16(0xff), _mm512_set1_epi16(0x6400), 0xea);
      const auto bias = static_cast<_Float16>(1024 + kLayout.offset);
      return _mm512_sub_ph(reinterpret_cast<__m512h>(biased), _mm512_set1_ph(bias));
    }
  }

  // Where the pair's two elements begin in each pair of words.
  template <int kRows>
  [[gnu::always_inline]] static __m512i BitOffsets(int row) {
    const auto at = [&](int k) __attribute__((always_inline))->uint64_t {
      return kRows == 4 ? static_cast<uint64_t>(PackedBitsOf(0, k).shift)
                        : static_cast<uint64_t>(8 * k);
    };
    const uint64_t word = at(2 * row) | at(2 * row + 1) << 16;
    const uint64_t next = (32 + at(2 * row)) | (32 + at(2 * row + 1)) << 16;
    return _mm512_set1_epi64(static_cast<int64_t>(word | next << 32));
  }

  // Of one half's columns, each twice, times 2^6.
  [[gnu::always_inline]] static __m512h ForPairs(__m512i columns, int half) {
    const __m256i of_half =
        half == 0 ? _mm512_castsi512_si256(columns) : _mm512_extracti64x4_epi64(columns, 1);
    const __m512i words = _mm512_cvtepu16_epi32(of_half);
    const __m512i pairs = _mm512_or_si512(words, _mm512_slli_epi32(words, 16));
    return _mm512_mul_ph(reinterpret_cast<__m512h>(pairs), _mm512_set1_ph(kToF16));
  }

  [[gnu::always_inline]] static __m512i Bf16Bits(__m512h weights) {
    // (bits + 4) >> 3
    const __m512i shifted =
        _mm512_mulhrs_epi16(reinterpret_cast<__m512i>(weights), _mm512_set1_epi16(1 << 12));
    return _mm512_and_si512(shifted, _mm512_set1_epi16(static_cast<int16_t>(0x8fff)));
  }

  // Whether every weight's f16 is finite, and what is lost below its smallest normal number, 2^-20
  // of a weight, is little beside the quants' steps.
  [[gnu::always_inline]] static bool AreTame(__m512i scales, __m512i minima) {
    const __m512h scale = _mm512_abs_ph(reinterpret_cast<__m512h>(scales));
    const __m512h minimum = _mm512_abs_ph(reinterpret_cast<__m512h>(minima));
    const __m512h smallest = _mm512_set1_ph(static_cast<_Float16>(kSmallestScale));
    const __m512h largest = _mm512_set1_ph(static_cast<_Float16>(kLargestScale));
    __mmask32 tame = _mm512_cmp_ph_mask(scale, smallest, _CMP_GE_OQ) &
                     _mm512_cmp_ph_mask(scale, largest, _CMP_LE_OQ);
    __mmask32 zero = _mm512_cmp_ph_mask(scale, _mm512_setzero_ph(), _CMP_EQ_OQ);
    if constexpr (kInfo.HasMinimum()) {
      const __m512h most = _mm512_set1_ph(static_cast<_Float16>(kLargestMinimum));
      tame &= _mm512_cmp_ph_mask(minimum, most, _CMP_LE_OQ);
      zero &= _mm512_cmp_ph_mask(minimum, _mm512_setzero_ph(), _CMP_EQ_OQ);
    }
    return (tame | zero) == 0xffffffff;
  }

  // What the lowest five bits of an index stand for.
  static constexpr std::array<_Float16, 32> Values() {
    std::array<_Float16, 32> values = {};
    for (int i = 0; i < 32; ++i)
      values[static_cast<size_t>(i)] = static_cast<_Float16>((i & kLargestQ) - kLayout.offset);
    return values;
  }
  alignas(64) static constexpr std::array<_Float16, 32> kValues = Values();

  static constexpr auto kToF16 = static_cast<_Float16>(64);
  // 65504 / 64 is the largest weight: half of it for q * scale, half for a minimum.
  static constexpr float kLargestMinimum = 500;
  static constexpr float kLargestScale = 500.0f / (kLargestQ + 1);
  // With a minimum a weight may be anything below a step: steps are 16 times what is lost. Without
  // one, the smallest that is not 0 is a step.
  static constexpr float kSmallestScale = kInfo.HasMinimum() ? 0x1p-16f : 0x1p-20f;
};

}  // namespace redline::engine
