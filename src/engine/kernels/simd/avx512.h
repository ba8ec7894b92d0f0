// AVX-512 vectors of f32 under the names that the kernels' templates use (simd/avx2.h has the
// same). Only for files compiled with -mavx512{f,bw,vl,dq} -mfma -mf16c.
#pragma once

#include <immintrin.h>

#include <cstdint>

namespace redline::engine {

struct Avx512 {
  using Vec = __m512;
  using Words = __m512i;  // kLanes uint32
  static constexpr int kLanes = 16;

  // Register tiles of the matmul: rows x vectors of accumulators.
  static constexpr int kDirectRows = 8;  // rows for which weights are decoded in registers
  static constexpr int kPairRows = 4;    // rows that take two panels at once
  static constexpr int kTileRows = 12;
  static constexpr int kTileVecs = 2;

  [[gnu::always_inline]] static Vec Zero() { return _mm512_setzero_ps(); }
  [[gnu::always_inline]] static Vec Set1(float value) { return _mm512_set1_ps(value); }
  [[gnu::always_inline]] static Vec Load(const float* from) { return _mm512_loadu_ps(from); }
  [[gnu::always_inline]] static void Store(float* to, Vec value) { _mm512_storeu_ps(to, value); }
  // The first `count` lanes, the others zero; any count, also negative or over kLanes.
  [[gnu::always_inline]] static Vec LoadPartial(const float* from, int64_t count) {
    return _mm512_maskz_loadu_ps(FirstLanes(count), from);
  }
  [[gnu::always_inline]] static void StorePartial(float* to, int64_t count, Vec value) {
    _mm512_mask_storeu_ps(to, FirstLanes(count), value);
  }
  // Lanes from `count` on become `fill`.
  [[gnu::always_inline]] static Vec FillTail(Vec value, int64_t count, float fill) {
    return _mm512_mask_blend_ps(FirstLanes(count), Set1(fill), value);
  }

  [[gnu::always_inline]] static Vec Add(Vec a, Vec b) { return _mm512_add_ps(a, b); }
  [[gnu::always_inline]] static Vec Sub(Vec a, Vec b) { return _mm512_sub_ps(a, b); }
  [[gnu::always_inline]] static Vec Mul(Vec a, Vec b) { return _mm512_mul_ps(a, b); }
  [[gnu::always_inline]] static Vec Div(Vec a, Vec b) { return _mm512_div_ps(a, b); }
  // a * b + c, rounded once.
  [[gnu::always_inline]] static Vec Fma(Vec a, Vec b, Vec c) { return _mm512_fmadd_ps(a, b, c); }
  // b when either is NaN.
  [[gnu::always_inline]] static Vec Max(Vec a, Vec b) { return _mm512_max_ps(a, b); }
  [[gnu::always_inline]] static Vec Min(Vec a, Vec b) { return _mm512_min_ps(a, b); }
  // `value`, or 0 where x < bound.
  [[gnu::always_inline]] static Vec ZeroBelow(Vec x, float bound, Vec value) {
    return _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(x, Set1(bound), _CMP_NLT_UQ), value);
  }
  [[gnu::always_inline]] static Vec Round(Vec x) {
    return _mm512_roundscale_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  }
  // 2^n for whole n in [-126, 127].
  [[gnu::always_inline]] static Vec Pow2(Vec n) {
    const __m512i exponent = _mm512_add_epi32(_mm512_cvtps_epi32(n), _mm512_set1_epi32(127));
    return _mm512_castsi512_ps(_mm512_slli_epi32(exponent, 23));
  }
  [[gnu::always_inline]] static float Sum(Vec value) { return _mm512_reduce_add_ps(value); }
  [[gnu::always_inline]] static float MaxLane(Vec value) { return _mm512_reduce_max_ps(value); }
  [[gnu::always_inline]] static float First(Vec value) { return _mm512_cvtss_f32(value); }

  // kLanes weights as f32.
  [[gnu::always_inline]] static Vec LoadF16(const void* from) {
    return _mm512_cvtph_ps(_mm256_loadu_si256(static_cast<const __m256i*>(from)));
  }
  // 16 halves to 16 / kLanes vectors.
  [[gnu::always_inline]] static void FromF16(__m256i halves, Vec* values) {
    values[0] = _mm512_cvtph_ps(halves);
  }
  [[gnu::always_inline]] static Vec LoadBF16(const void* from) {
    const __m256i bits = _mm256_loadu_si256(static_cast<const __m256i*>(from));
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(bits), 16));
  }
  [[gnu::always_inline]] static Vec LoadI8(const void* from) {
    const __m128i bytes = _mm_loadu_si128(static_cast<const __m128i*>(from));
    return _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(bytes));
  }
  [[gnu::always_inline]] static Words LoadWords(const void* from) {
    return _mm512_loadu_si512(from);
  }
  [[gnu::always_inline]] static Words And(Words words, uint32_t mask) {
    return _mm512_and_si512(words, _mm512_set1_epi32(static_cast<int>(mask)));
  }
  [[gnu::always_inline]] static Words Or(Words a, Words b) { return _mm512_or_si512(a, b); }
  // Of every word by itself.
  template <int kBits>
  [[gnu::always_inline]] static Words ShiftLeft(Words words) {
    return _mm512_slli_epi32(words, kBits);
  }
  template <int kBits>
  [[gnu::always_inline]] static Words ShiftRight(Words words) {
    return _mm512_srli_epi32(words, kBits);
  }
  // The lowest nibble of every word. The permutation reads just those four bits.
  [[gnu::always_inline]] static Vec LowNibble(Words words) {
    const Vec table = _mm512_setr_ps(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    return _mm512_permutexvar_ps(words, table);
  }
  // Byte kByte of every word, unsigned.
  template <int kByte>
  [[gnu::always_inline]] static Vec ByteOf(Words words) {
    const __m128i in_lane = _mm_setr_epi32(kTakeByte + kByte, kTakeByte + kByte + 4,
                                           kTakeByte + kByte + 8, kTakeByte + kByte + 12);
    return _mm512_cvtepi32_ps(_mm512_shuffle_epi8(words, _mm512_broadcast_i32x4(in_lane)));
  }

 private:
  static constexpr int kTakeByte = static_cast<int>(0x80808000);  // a byte's index, then zeros

  [[gnu::always_inline]] static __mmask16 FirstLanes(int64_t count) {
    const int64_t lanes = count < 0 ? 0 : count > kLanes ? kLanes : count;
    return static_cast<__mmask16>((1u << lanes) - 1);
  }
};

}  // namespace redline::engine
