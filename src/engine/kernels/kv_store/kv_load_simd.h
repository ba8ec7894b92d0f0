// kv_element.h's Decode, many elements at a time, for the vector types of simd/. In
// KvLoad<Simd, kDtype>:
//
// Load16(from, values): 16 narrow elements as 16 / kLanes vectors.
// StoreColumns(words, out, stride): lane i of `words` holds consecutive elements of row i, as many
// as a 32-bit word has; element k of row i goes to out[k * stride + i]. AVX2, which all of simd/
// have.
// kScale: both give the elements' values / kScale. Sums over them are multiplied with it once.
#pragma once

#include <immintrin.h>

#include "engine/kernels/kv_store/kv_element.h"

namespace redline::engine {

template <typename Simd, KvDtype kDtype>
struct KvLoad;

template <typename Simd>
struct KvLoad<Simd, KvDtype::kF32> {
  static constexpr float kScale = 1;
  [[gnu::always_inline]] static void StoreColumns(__m256 words, float* out, int64_t /*stride*/) {
    _mm256_storeu_ps(out, words);
  }
};

template <typename Simd>
struct KvLoad<Simd, KvDtype::kBf16> {
  static constexpr float kScale = 1;
  [[gnu::always_inline]] static void Load16(const uint16_t* from, typename Simd::Vec* values) {
#pragma GCC unroll 2
    for (int i = 0; i < 16; i += Simd::kLanes) values[i / Simd::kLanes] = Simd::LoadBF16(from + i);
  }
  [[gnu::always_inline]] static void StoreColumns(__m256 words, float* out, int64_t stride) {
    const __m256i pairs = _mm256_castps_si256(words);
    const __m256i high = _mm256_and_si256(pairs, _mm256_set1_epi32(~0xffff));
    _mm256_storeu_ps(out, _mm256_castsi256_ps(_mm256_slli_epi32(pairs, 16)));
    _mm256_storeu_ps(out + stride, _mm256_castsi256_ps(high));
  }
};

// E4M3 goes by way of f16, which has room for its bits as they are: with the magnitude moved to
// f16's exponent and mantissa they mean value / 2^8, subnormals included. Only NaN needs a look.
template <typename Simd>
struct KvLoad<Simd, KvDtype::kFp8E4m3> {
  static constexpr float kScale = 0x1p8f;

  [[gnu::always_inline]] static void Load16(const uint8_t* from, typename Simd::Vec* values) {
    Simd::FromF16(ToF16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from))), values);
  }

  [[gnu::always_inline]] static void StoreColumns(__m256 words, float* out, int64_t stride) {
    // Bytes of a column come together: four rows' by the shuffle, eight rows' by the permutation.
    const __m256i by_column =
        _mm256_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15, 0, 4, 8, 12, 1, 5, 9,
                         13, 2, 6, 10, 14, 3, 7, 11, 15);
    const __m256i fours = _mm256_shuffle_epi8(_mm256_castps_si256(words), by_column);
    const __m256i eights =
        _mm256_permutevar8x32_epi32(fours, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
    StoreTwoColumns(ToF16(_mm256_castsi256_si128(eights)), out, stride);
    StoreTwoColumns(ToF16(_mm256_extracti128_si256(eights, 1)), out + 2 * stride, stride);
  }

 private:
  [[gnu::always_inline]] static __m256i ToF16(__m128i bytes) {
    const __m256i shifted = _mm256_slli_epi16(_mm256_cvtepi8_epi16(bytes), 7);
    const __m256i magnitude = _mm256_and_si256(shifted, _mm256_set1_epi16(0x3fff));
    const __m256i is_nan = _mm256_cmpeq_epi16(magnitude, _mm256_set1_epi16(0x3f80));
    return _mm256_or_si256(_mm256_and_si256(shifted, _mm256_set1_epi16(~0x4000)), is_nan);
  }

  [[gnu::always_inline]] static void StoreTwoColumns(__m256i halves, float* out, int64_t stride) {
    _mm256_storeu_ps(out, _mm256_cvtph_ps(_mm256_castsi256_si128(halves)));
    _mm256_storeu_ps(out + stride, _mm256_cvtph_ps(_mm256_extracti128_si256(halves, 1)));
  }
};

}  // namespace redline::engine
