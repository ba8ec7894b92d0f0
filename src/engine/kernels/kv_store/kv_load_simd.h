// kv_element.h's Decode, many elements at a time, for the vector types of simd/.
//
// KvLoad<Simd, kDtype>::Load16(from, values): 16 narrow elements as 16 / kLanes vectors.
// KvLoad<Simd, kDtype>::StoreColumns(words, out, stride): lane i of `words` holds consecutive
// elements of row i, as many as a 32-bit word has; element k of row i goes to out[k * stride + i].
// AVX2, which all of simd/ have.
#pragma once

#include <immintrin.h>

#include "engine/kernels/kv_store/kv_element.h"

namespace redline::engine {

template <typename Simd, KvDtype kDtype>
struct KvLoad;

template <typename Simd>
struct KvLoad<Simd, KvDtype::kF32> {
  [[gnu::always_inline]] static void StoreColumns(__m256 words, float* out, int64_t /*stride*/) {
    _mm256_storeu_ps(out, words);
  }
};

template <typename Simd>
struct KvLoad<Simd, KvDtype::kBf16> {
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
  [[gnu::always_inline]] static void Load16(const uint8_t* from, typename Simd::Vec* values) {
    const __m256i halves = ToF16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)));
    Simd::FromF16(halves, values);
#pragma GCC unroll 2
    for (int i = 0; i < 16 / Simd::kLanes; ++i)
      values[i] = Simd::Mul(values[i], Simd::Set1(kF16Scale));
  }

  [[gnu::always_inline]] static void StoreColumns(__m256 words, float* out, int64_t stride) {
    // Bytes of a column come together: four rows' by the shuffle, eight rows' by the permutation.
    const __m256i by_column =
        _mm256_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15, 0, 4, 8, 12, 1, 5, 9,
                         13, 2, 6, 10, 14, 3, 7, 11, 15);
    const __m256i fours = _mm256_shuffle_epi8(_mm256_castps_si256(words), by_column);
    const __m256i eights =
        _mm256_permutevar8x32_epi32(fours, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
    StoreTwoColumns(_mm256_castsi256_si128(eights), out, stride);
    StoreTwoColumns(_mm256_extracti128_si256(eights, 1), out + 2 * stride, stride);
  }

 private:
  static constexpr float kF16Scale = 0x1p8f;

  [[gnu::always_inline]] static __m256i ToF16(__m128i bytes) {
    const __m256i shifted = _mm256_slli_epi16(_mm256_cvtepi8_epi16(bytes), 7);
    const __m256i magnitude = _mm256_and_si256(shifted, _mm256_set1_epi16(0x3fff));
    const __m256i is_nan = _mm256_cmpeq_epi16(magnitude, _mm256_set1_epi16(0x3f80));
    return _mm256_or_si256(_mm256_and_si256(shifted, _mm256_set1_epi16(~0x4000)), is_nan);
  }

  [[gnu::always_inline]] static void StoreTwoColumns(__m128i bytes, float* out, int64_t stride) {
    const __m256i halves = ToF16(bytes);
    const __m256 scale = _mm256_set1_ps(kF16Scale);
    const __m256 first = _mm256_cvtph_ps(_mm256_castsi256_si128(halves));
    const __m256 second = _mm256_cvtph_ps(_mm256_extracti128_si256(halves, 1));
    _mm256_storeu_ps(out, _mm256_mul_ps(first, scale));
    _mm256_storeu_ps(out + stride, _mm256_mul_ps(second, scale));
  }
};

}  // namespace redline::engine
