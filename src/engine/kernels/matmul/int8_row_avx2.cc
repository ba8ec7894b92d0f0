#include <immintrin.h>

#include "engine/kernels/matmul/int8_row.h"

namespace redline::engine {
namespace {

constexpr int32_t kInfinityBits = 0x7f800000;
constexpr float kSmallestNormal = 0x1p-126f;

// The largest magnitude as bits: they order infinity and NaN after every number.
int32_t LargestMagnitude(const __m256 (&x)[4]) {
  const __m256i magnitude = _mm256_set1_epi32(0x7fffffff);
  __m256i largest = _mm256_setzero_si256();
#pragma GCC unroll 4
  for (const __m256 values : x)
    largest = _mm256_max_epi32(largest, _mm256_and_si256(_mm256_castps_si256(values), magnitude));
  __m128i half =
      _mm_max_epi32(_mm256_castsi256_si128(largest), _mm256_extracti128_si256(largest, 1));
  half = _mm_max_epi32(half, _mm_shuffle_epi32(half, 0x4e));
  return _mm_cvtsi128_si32(_mm_max_epi32(half, _mm_shuffle_epi32(half, 0xb1)));
}

// x * factor to the nearest whole numbers, as bytes in their order.
__m256i ToBytes(const __m256 (&x)[4], float factor) {
  __m256i words[4];
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i)
    words[i] = _mm256_cvtps_epi32(_mm256_mul_ps(x[i], _mm256_set1_ps(factor)));
  // Packing works on halves of 128 bits by themselves.
  const __m256i bytes = _mm256_packs_epi16(_mm256_packs_epi32(words[0], words[1]),
                                           _mm256_packs_epi32(words[2], words[3]));
  return _mm256_permutevar8x32_epi32(bytes, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
}

void ConvertBlock(const float* from, Int8Block* block) {
  __m256 x[4];
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) x[i] = _mm256_loadu_ps(from + 8 * i);
  const int32_t largest_bits = LargestMagnitude(x);
  const float largest = __builtin_bit_cast(float, largest_bits);
  float scale = largest / 127;
  float factor = 127 / largest;
  if (largest_bits >= kInfinityBits) {
    scale = __builtin_nanf("");
    factor = 0;
  } else if (scale < kSmallestNormal) {
    scale = factor = 0;
  }
  // Infinity times 0 is NaN, which would become the lowest byte.
  const __m256i bytes = factor == 0 ? _mm256_setzero_si256() : ToBytes(x, factor);
  const __m256i pairs = _mm256_maddubs_epi16(_mm256_set1_epi8(1), bytes);
  __m256i sums = _mm256_madd_epi16(pairs, _mm256_set1_epi16(-128));
  sums = _mm256_add_epi32(sums, _mm256_shuffle_epi32(sums, 0x4e));
  sums = _mm256_add_epi32(sums, _mm256_shuffle_epi32(sums, 0xb1));
  _mm256_store_si256(reinterpret_cast<__m256i*>(block->quants), bytes);
  block->scale = scale;
  block->half_offset_sum[0] = _mm_cvtsi128_si32(_mm256_castsi256_si128(sums));
  block->half_offset_sum[1] = _mm_cvtsi128_si32(_mm256_extracti128_si256(sums, 1));
  block->offset_sum = block->half_offset_sum[0] + block->half_offset_sum[1];
  block->scaled_sum = scale * static_cast<float>(block->offset_sum / -128);
}

}  // namespace

void Int8RowsAvx2(const RowGroup& group, std::byte* out) {
  auto* block = reinterpret_cast<Int8Block*>(out);
  for (int64_t row = 0; row < group.num_rows; ++row) {
    const float* x = group.x + row * group.x_stride;
    for (int64_t k = 0; k < group.in_features; k += kRowFormBlock) ConvertBlock(x + k, block++);
  }
}

}  // namespace redline::engine
