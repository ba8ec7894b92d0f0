// AVX2 vectors of f32 under the names that the kernels' templates use (simd/avx512.h has the same,
// with comments). Only for files compiled with -mavx2 -mfma -mf16c.
#pragma once

#include <immintrin.h>

#include <cstdint>

namespace redline::engine {

struct Avx2 {
  using Vec = __m256;
  using Words = __m256i;
  static constexpr int kLanes = 8;

  static constexpr int kDirectRows = 2;
  static constexpr int kPairRows = 0;
  static constexpr int kTileRows = 6;
  static constexpr int kTileVecs = 2;

  [[gnu::always_inline]] static Vec Zero() { return _mm256_setzero_ps(); }
  [[gnu::always_inline]] static Vec Set1(float value) { return _mm256_set1_ps(value); }
  [[gnu::always_inline]] static Vec Load(const float* from) { return _mm256_loadu_ps(from); }
  [[gnu::always_inline]] static void Store(float* to, Vec value) { _mm256_storeu_ps(to, value); }
  [[gnu::always_inline]] static Vec LoadPartial(const float* from, int64_t count) {
    return count >= kLanes ? Load(from) : _mm256_maskload_ps(from, FirstLanes(count));
  }
  [[gnu::always_inline]] static void StorePartial(float* to, int64_t count, Vec value) {
    if (count >= kLanes) {
      Store(to, value);
    } else {
      _mm256_maskstore_ps(to, FirstLanes(count), value);
    }
  }
  [[gnu::always_inline]] static Vec FillTail(Vec value, int64_t count, float fill) {
    return _mm256_blendv_ps(Set1(fill), value, _mm256_castsi256_ps(FirstLanes(count)));
  }

  [[gnu::always_inline]] static Vec Add(Vec a, Vec b) { return _mm256_add_ps(a, b); }
  [[gnu::always_inline]] static Vec Sub(Vec a, Vec b) { return _mm256_sub_ps(a, b); }
  [[gnu::always_inline]] static Vec Mul(Vec a, Vec b) { return _mm256_mul_ps(a, b); }
  [[gnu::always_inline]] static Vec Div(Vec a, Vec b) { return _mm256_div_ps(a, b); }
  [[gnu::always_inline]] static Vec Fma(Vec a, Vec b, Vec c) { return _mm256_fmadd_ps(a, b, c); }
  [[gnu::always_inline]] static Vec Max(Vec a, Vec b) { return _mm256_max_ps(a, b); }
  [[gnu::always_inline]] static Vec Min(Vec a, Vec b) { return _mm256_min_ps(a, b); }
  [[gnu::always_inline]] static Vec ZeroBelow(Vec x, float bound, Vec value) {
    return _mm256_and_ps(_mm256_cmp_ps(x, Set1(bound), _CMP_NLT_UQ), value);
  }
  [[gnu::always_inline]] static Vec Round(Vec x) {
    return _mm256_round_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  }
  [[gnu::always_inline]] static Vec Pow2(Vec n) {
    const __m256i exponent = _mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127));
    return _mm256_castsi256_ps(_mm256_slli_epi32(exponent, 23));
  }
  [[gnu::always_inline]] static float Sum(Vec value) {
    __m128 half = _mm_add_ps(_mm256_castps256_ps128(value), _mm256_extractf128_ps(value, 1));
    half = _mm_add_ps(half, _mm_movehl_ps(half, half));
    return _mm_cvtss_f32(_mm_add_ss(half, _mm_movehdup_ps(half)));
  }
  [[gnu::always_inline]] static float MaxLane(Vec value) {
    __m128 half = _mm_max_ps(_mm256_castps256_ps128(value), _mm256_extractf128_ps(value, 1));
    half = _mm_max_ps(half, _mm_movehl_ps(half, half));
    return _mm_cvtss_f32(_mm_max_ss(half, _mm_movehdup_ps(half)));
  }
  [[gnu::always_inline]] static float First(Vec value) { return _mm256_cvtss_f32(value); }

  [[gnu::always_inline]] static Vec LoadF16(const void* from) {
    return _mm256_cvtph_ps(_mm_loadu_si128(static_cast<const __m128i*>(from)));
  }
  [[gnu::always_inline]] static void FromF16(__m256i halves, Vec* values) {
    values[0] = _mm256_cvtph_ps(_mm256_castsi256_si128(halves));
    values[1] = _mm256_cvtph_ps(_mm256_extracti128_si256(halves, 1));
  }
  [[gnu::always_inline]] static Vec LoadBF16(const void* from) {
    const __m128i bits = _mm_loadu_si128(static_cast<const __m128i*>(from));
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(bits), 16));
  }
  [[gnu::always_inline]] static Vec LoadI8(const void* from) {
    const __m128i bytes = _mm_loadl_epi64(static_cast<const __m128i*>(from));
    return _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(bytes));
  }
  [[gnu::always_inline]] static Words LoadWords(const void* from) {
    return _mm256_loadu_si256(static_cast<const __m256i*>(from));
  }
  [[gnu::always_inline]] static Words And(Words words, uint32_t mask) {
    return _mm256_and_si256(words, _mm256_set1_epi32(static_cast<int>(mask)));
  }
  [[gnu::always_inline]] static Words Or(Words a, Words b) { return _mm256_or_si256(a, b); }
  template <int kBits>
  [[gnu::always_inline]] static Words ShiftLeft(Words words) {
    return _mm256_slli_epi32(words, kBits);
  }
  template <int kBits>
  [[gnu::always_inline]] static Words ShiftRight(Words words) {
    return _mm256_srli_epi32(words, kBits);
  }
  [[gnu::always_inline]] static Vec LowNibble(Words words) {
    return _mm256_cvtepi32_ps(And(words, 15));
  }
  template <int kByte>
  [[gnu::always_inline]] static Vec ByteOf(Words words) {
    const __m128i in_lane = _mm_setr_epi32(kTakeByte + kByte, kTakeByte + kByte + 4,
                                           kTakeByte + kByte + 8, kTakeByte + kByte + 12);
    return _mm256_cvtepi32_ps(_mm256_shuffle_epi8(words, _mm256_broadcastsi128_si256(in_lane)));
  }

 private:
  static constexpr int kTakeByte = static_cast<int>(0x80808000);  // a byte's index, then zeros

  [[gnu::always_inline]] static __m256i FirstLanes(int64_t count) {
    const int32_t bound = count >= kLanes ? kLanes : count <= 0 ? 0 : static_cast<int32_t>(count);
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(bound), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
  }
};

}  // namespace redline::engine
