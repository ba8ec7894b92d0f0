// The keys and values of one KV head, block by block, as attention_simd.h takes them:
//
//   keys      decoded and transposed to [head_dim][kKvBlock] f32, zeros for positions that the
//             block lacks
//   values    rows, one per position. Where they lie, page by page, when a row is whole tiles and
//             needs no decoding or is read but once; else decoded to `padded_dim` floats each
//
// Both are decoded to their values / kScale: the caller multiplies what it sums over them.
//
// Keys are transposed as 32-bit words, of one f32, two bf16 or four fp8 each, and then taken apart:
// narrow elements cost fewer shuffles, which pays for their decoding.
#pragma once

#include "engine/kernels/attention/kv_pages.h"
#include "engine/kernels/kv_store/kv_load_simd.h"
#include "engine/kernels/simd/transpose.h"

namespace redline::engine {

template <typename Simd, KvDtype kDtype>
class KvBlocks {
  using Vec = typename Simd::Vec;
  using Element = typename KvElement<kDtype>::Type;
  using Load = KvLoad<Simd, kDtype>;
  static constexpr int kVecsOf16 = 16 / Simd::kLanes;
  static constexpr int64_t kWordBytes = 4;
  static constexpr int64_t kWordElements = kWordBytes / sizeof(Element);
  static constexpr int64_t kTransposedColumns = 8 * kWordElements;
  static_assert(kMaxHeadDim % kTransposedColumns == 0);

 public:
  static constexpr float kScale = Load::kScale;  // a power of two
  enum class ValueReads { kOnce, kManyTimes };

  KvBlocks(const AttentionArgs& args, int64_t kv_head, int64_t padded_dim, ValueReads reads)
      : args_(args),
        pages_(args, kv_head),
        padded_dim_(padded_dim),
        in_place_(padded_dim == args.head_dim &&
                  (kDtype == KvDtype::kF32 || reads == ValueReads::kOnce)) {}

  // See KvPages.
  void Take(int64_t begin, int64_t num_positions) {
    pages_.Take(begin, num_positions);
    GatherKeys();
    if (!in_place_) GatherValues();
  }

  const float* keys() const { return keys_; }

  // Calls body(rows, count) for consecutive positions whose values are rows of padded_dim elements
  // or floats: see LoadValues.
  template <typename Body>
  [[gnu::always_inline]] void ForEachRunOfValues(const Body& body) const {
    if (!in_place_) return body(static_cast<const float*>(values_), pages_.count());
    const auto& runs = pages_.runs();
    for (int64_t run = 0; run < runs.size; ++run)
      body(pages_.Values() + runs.run[run].offset, runs.run[run].length);
  }

  // The first columns of such a row as vectors.
  template <typename Value, int kVecs>
  [[gnu::always_inline]] static void LoadValues(const Value* from, Vec (&columns)[kVecs]) {
    if constexpr (sizeof(Value) == sizeof(float)) {
#pragma GCC unroll 8
      for (int v = 0; v < kVecs; ++v) columns[v] = Simd::Load(from + v * Simd::kLanes);
    } else {
#pragma GCC unroll 8
      for (int v = 0; v < kVecs; v += kVecsOf16) Load::Load16(from + v * Simd::kLanes, columns + v);
    }
  }

  [[gnu::always_inline]] void PrefetchNext(int64_t num_lines) { pages_.PrefetchNext(num_lines); }

 private:
  void GatherKeys() {
    const Element* rows[kKvBlock];
    pages_.Rows(pages_.Keys(), zeros_, rows);
    int64_t column = 0;
    for (; column + kTransposedColumns <= args_.head_dim; column += kTransposedColumns) {
      TransposeKeys(
          rows, column, [](const Element* from) __attribute__((always_inline)) {
            return _mm256_loadu_ps(reinterpret_cast<const float*>(from));
          });
    }
    const int64_t words_left = (args_.head_dim - column) / kWordElements;
    if (words_left > 0) {
      // The columns behind head_dim, which this clears, have room and no reader.
      const __m256i mask = FirstWords(words_left);
      TransposeKeys(
          rows, column, [mask](const Element* from) __attribute__((always_inline)) {
            return _mm256_maskload_ps(reinterpret_cast<const float*>(from), mask);
          });
      column += words_left * kWordElements;
    }
    for (; column < args_.head_dim; ++column) {
      for (int64_t row = 0; row < kKvBlock; ++row)
        keys_[column * kKvBlock + row] = DecodeOne(rows[row][column]);
    }
  }

  [[gnu::always_inline]] static float DecodeOne(Element element) {
    return KvElement<kDtype>::Decode(element) * (1 / kScale);
  }

  static __m256i FirstWords(int64_t count) {
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int32_t>(count)),
                              _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
  }

  // kTransposedColumns columns from `column` on, of all rows.
  template <typename LoadWords>
  [[gnu::always_inline]] void TransposeKeys(const Element* const* rows, int64_t column,
                                            const LoadWords& load) {
    for (int64_t row = 0; row < kKvBlock; row += 8) {
      __m256 words[8];
#pragma GCC unroll 8
      for (int i = 0; i < 8; ++i) words[i] = load(rows[row + i] + column);
      float* out = keys_ + column * kKvBlock + row;
      Transpose8x8(
          words, [out](int64_t word, __m256 transposed) __attribute__((always_inline)) {
            Load::StoreColumns(transposed, out + word * kWordElements * kKvBlock, kKvBlock);
          });
      PrefetchNext(2);
    }
  }

  void GatherValues() {
    float* to = values_;
    const auto& runs = pages_.runs();
    for (int64_t run = 0; run < runs.size; ++run) {
      const Element* from = pages_.Values() + runs.run[run].offset;
      for (int64_t row = 0; row < runs.run[run].length; ++row) {
        GatherRow(from, to);
        from += args_.head_dim;
        to += padded_dim_;
      }
    }
  }

  [[gnu::always_inline]] void GatherRow(const Element* from, float* to) const {
    if constexpr (kDtype == KvDtype::kF32) {
      for (int64_t i = 0; i < padded_dim_; i += Simd::kLanes)
        Simd::Store(to + i, Simd::LoadPartial(from + i, args_.head_dim - i));
    } else {
      int64_t i = 0;
      for (; i + 16 <= args_.head_dim; i += 16) {
        Vec values[kVecsOf16];
        Load::Load16(from + i, values);
#pragma GCC unroll 2
        for (int v = 0; v < kVecsOf16; ++v) Simd::Store(to + i + v * Simd::kLanes, values[v]);
      }
      for (; i < args_.head_dim; ++i) to[i] = DecodeOne(from[i]);
      for (; i < padded_dim_; ++i) to[i] = 0;
    }
  }

  const AttentionArgs& args_;
  KvPages<kDtype> pages_;
  const int64_t padded_dim_;
  const bool in_place_;                               // values are read where they lie
  alignas(64) float keys_[kMaxHeadDim * kKvBlock];    // [head_dim][32]
  alignas(64) float values_[kKvBlock * kMaxHeadDim];  // [32][padded_dim]
  static constexpr Element zeros_[kMaxHeadDim] = {};
};

}  // namespace redline::engine
