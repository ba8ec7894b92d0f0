// Dot products of weights' bytes with rows' bytes over the vectors of simd/avx512.h. Only for files
// compiled with that header's flags and -mavx512vnni.
#pragma once

#include "engine/kernels/simd/avx512.h"

namespace redline::engine {

struct Avx512Vnni : Avx512 {
  // Register tiles of the int8 matmul.
  static constexpr int kDirectRows = 6;
  static constexpr int kPairRows = 2;
  static constexpr int kTileRows = 6;
  static constexpr int kTileVecs = 2;

  using Sum = Words;  // of the products of each word's four bytes

  // The sum over no products, less kOffset for every weight: given -128 times the sum of x.
  template <int kBits, int kOffset>
  [[gnu::always_inline]] static Sum Start(int32_t offset_sum) {
    if constexpr (kOffset == 0) return _mm512_setzero_si512();
    const Words words = _mm512_set1_epi32(offset_sum);
    return kOffset == 128 ? words : _mm512_srai_epi32(words, __builtin_ctz(128 / kOffset));
  }
  // Adds a quad: weights of kBits bits, as they are packed, times signed bytes of x.
  template <int kBits>
  [[gnu::always_inline]] static void AddQuad(int64_t, Words weights, Words x, Sum* sum) {
    *sum = _mm512_dpbusd_epi32(*sum, weights, x);
  }
  [[gnu::always_inline]] static Words Total(const Sum& sum) { return sum; }

  [[gnu::always_inline]] static Vec ToFloat(Words words) { return _mm512_cvtepi32_ps(words); }
  // Four bytes, in every word.
  [[gnu::always_inline]] static Words Set1Bytes(const int8_t* from) {
    int32_t word;
    __builtin_memcpy(&word, from, sizeof(word));
    return _mm512_set1_epi32(word);
  }
  [[gnu::always_inline]] static void Store(void* to, Words words) {
    _mm512_storeu_si512(to, words);
  }
  using Avx512::Store;
};

}  // namespace redline::engine
