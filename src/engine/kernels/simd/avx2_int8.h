// Dot products of weights' bytes with rows' bytes over the vectors of simd/avx2.h: with AVX2 alone
// and with AVX-VNNI. Only for files compiled with -mavx2 -mfma -mf16c, and -mavxvnni for AvxVnni.
#pragma once

#include "engine/kernels/simd/avx2.h"

namespace redline::engine {

// Of 256 bits, in whichever way the products are summed.
struct Int8Of256 : Avx2 {
  // Register tiles of the int8 matmul.
  static constexpr int kDirectRows = 2;
  static constexpr int kPairRows = 0;
  static constexpr int kTileRows = 4;
  static constexpr int kTileVecs = 2;

  [[gnu::always_inline]] static Vec ToFloat(Words words) { return _mm256_cvtepi32_ps(words); }
  // Four bytes, in every word.
  [[gnu::always_inline]] static Words Set1Bytes(const int8_t* from) {
    int32_t word;
    __builtin_memcpy(&word, from, sizeof(word));
    return _mm256_set1_epi32(word);
  }
  [[gnu::always_inline]] static void Store(void* to, Words words) {
    _mm256_storeu_si256(static_cast<__m256i*>(to), words);
  }
  using Avx2::Store;

 protected:
  // -kOffset times a sum, given -128 times it.
  template <int kOffset>
  [[gnu::always_inline]] static Words OffsetSum(int32_t offset_sum) {
    if constexpr (kOffset == 0) return _mm256_setzero_si256();
    const Words words = _mm256_set1_epi32(offset_sum);
    return kOffset == 128 ? words : _mm256_srai_epi32(words, __builtin_ctz(128 / kOffset));
  }
};

#ifdef __AVXVNNI__
struct AvxVnni : Int8Of256 {
  using Sum = Words;  // of the products of each word's four bytes

  // See Avx512Vnni.
  template <int kBits, int kOffset>
  [[gnu::always_inline]] static Sum Start(int32_t offset_sum) {
    return OffsetSum<kOffset>(offset_sum);
  }
  template <int kBits>
  [[gnu::always_inline]] static void AddQuad(int64_t, Words weights, Words x, Sum* sum) {
    *sum = _mm256_dpbusd_avx_epi32(*sum, weights, x);
  }
  [[gnu::always_inline]] static Words Total(const Sum& sum) { return sum; }
};
#endif

// Products are added in pairs, which 16 bits hold: several of them, where weights are small.
struct Avx2Int8 : Int8Of256 {
  struct Sum {
    Words words;
    Words pairs;
  };

  // Weights of 8 bits are made signed again: |weight| times x with the weight's sign.
  template <int kBits, int kOffset>
  [[gnu::always_inline]] static Sum Start(int32_t offset_sum) {
    return {OffsetSum < kBits == 8 ? 0 : kOffset > (offset_sum), _mm256_setzero_si256()};
  }
  template <int kBits>
  [[gnu::always_inline]] static void AddQuad(int64_t quad, Words weights, Words x, Sum* sum) {
    constexpr int64_t kQuads = 1 << (7 - (kBits < 7 ? kBits : 7));  // until 16 bits are full
    Words pairs;
    if constexpr (kBits == 8) {
      weights = _mm256_xor_si256(weights, _mm256_set1_epi8(-128));
      pairs = _mm256_maddubs_epi16(_mm256_abs_epi8(weights), _mm256_sign_epi8(x, weights));
    } else {
      pairs = _mm256_maddubs_epi16(weights, x);
    }
    sum->pairs = quad % kQuads == 0 ? pairs : _mm256_add_epi16(sum->pairs, pairs);
    if (quad % kQuads == kQuads - 1) {
      const Words words = _mm256_madd_epi16(sum->pairs, _mm256_set1_epi16(1));
      sum->words = _mm256_add_epi32(sum->words, words);
    }
  }
  [[gnu::always_inline]] static Words Total(const Sum& sum) { return sum.words; }
};

}  // namespace redline::engine
