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

#include "engine/kernels/attention/attention.h"
#include "engine/kernels/kv_store/kv_load_simd.h"
#include "engine/kernels/simd/transpose.h"

namespace redline::engine {

template <typename Simd, KvDtype kDtype>
class KvBlocks {
  using Vec = typename Simd::Vec;
  using Element = typename KvElement<kDtype>::Type;
  using Load = KvLoad<Simd, kDtype>;
  static constexpr int kVecsOf16 = 16 / Simd::kLanes;
  static constexpr int64_t kWordElements = sizeof(float) / sizeof(Element);
  static constexpr int64_t kTransposedColumns = 8 * kWordElements;
  static_assert(kMaxHeadDim % kTransposedColumns == 0);

 public:
  static constexpr float kScale = Load::kScale;  // a power of two
  enum class ValueReads { kOnce, kManyTimes };

  KvBlocks(const AttentionArgs& args, int64_t kv_head, int64_t padded_dim, ValueReads reads)
      : args_(args),
        kv_head_(kv_head),
        padded_dim_(padded_dim),
        in_place_(padded_dim == args.head_dim &&
                  (kDtype == KvDtype::kF32 || reads == ValueReads::kOnce)) {}

  // Takes the `count` positions from `begin` on; afterwards PrefetchNext asks for the `next_count`
  // positions behind them.
  void Take(int64_t begin, int64_t count, int64_t next_count) {
    FindRuns(begin, count, &runs_);
    FindRuns(begin + count, next_count, &next_runs_);
    prefetch_run_ = prefetch_at_ = 0;
    count_ = count;
    GatherKeys();
    if (!in_place_) GatherValues();
  }

  const float* keys() const { return keys_; }

  // Calls body(rows, count) for consecutive positions whose values are rows of padded_dim elements
  // or floats: see LoadValues.
  template <typename Body>
  [[gnu::always_inline]] void ForEachRunOfValues(const Body& body) const {
    if (!in_place_) return body(static_cast<const float*>(values_), count_);
    for (int64_t run = 0; run < runs_.size; ++run)
      body(Values() + runs_.run[run].offset, runs_.run[run].length);
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

  // Asks for up to `num_lines` more cache lines each of the next block's keys and values. Called
  // all through a block: in one burst the requests would stall what they should run beside.
  [[gnu::always_inline]] void PrefetchNext(int64_t num_lines) {
    constexpr int64_t kLineElements = 64 / sizeof(Element);
    while (num_lines > 0 && prefetch_run_ < next_runs_.size) {
      const auto& run = next_runs_.run[prefetch_run_];
      for (; num_lines > 0 && prefetch_at_ < run.length * args_.head_dim; --num_lines) {
        __builtin_prefetch(Keys() + run.offset + prefetch_at_);
        __builtin_prefetch(Values() + run.offset + prefetch_at_);
        prefetch_at_ += kLineElements;
      }
      if (num_lines == 0) return;
      ++prefetch_run_;
      prefetch_at_ = 0;
    }
  }

 private:
  // Positions of one block, cut where pages end: the run at `offset` (in elements, from keys or
  // values) holds the rows of `length` consecutive positions.
  struct Runs {
    struct Run {
      int64_t offset;
      int64_t length;
    };
    Run run[kKvBlock];
    int64_t size = 0;
  };

  const Element* Keys() const { return static_cast<const Element*>(args_.keys); }
  const Element* Values() const { return static_cast<const Element*>(args_.values); }

  void FindRuns(int64_t begin, int64_t count, Runs* runs) const {
    int64_t page = begin / args_.page_size;
    int64_t in_page = begin - page * args_.page_size;
    runs->size = 0;
    for (int64_t done = 0; done < count; ++page, in_page = 0) {
      const int64_t left_in_page = args_.page_size - in_page;
      const int64_t length = left_in_page < count - done ? left_in_page : count - done;
      const int64_t row = kv_head_ * args_.page_size + in_page;
      runs->run[runs->size++] = {args_.page_offsets[page] + row * args_.head_dim, length};
      done += length;
    }
  }

  void GatherKeys() {
    const Element* rows[kKvBlock];
    int64_t row = 0;
    for (int64_t run = 0; run < runs_.size; ++run) {
      const Element* from = Keys() + runs_.run[run].offset;
      for (int64_t i = 0; i < runs_.run[run].length; ++i) rows[row++] = from + i * args_.head_dim;
    }
    while (row < kKvBlock) rows[row++] = zeros_;
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
      for (row = 0; row < kKvBlock; ++row)
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
    for (int64_t run = 0; run < runs_.size; ++run) {
      const Element* from = Values() + runs_.run[run].offset;
      for (int64_t row = 0; row < runs_.run[run].length; ++row) {
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
  const int64_t kv_head_;
  const int64_t padded_dim_;
  const bool in_place_;                               // values are read where they lie
  alignas(64) float keys_[kMaxHeadDim * kKvBlock];    // [head_dim][32]
  alignas(64) float values_[kKvBlock * kMaxHeadDim];  // [32][padded_dim]
  Runs runs_;                                         // of the block at hand
  Runs next_runs_;                                    // of the one after it
  int64_t count_ = 0;                                 // positions of the block at hand
  int64_t prefetch_run_ = 0;
  int64_t prefetch_at_ = 0;
  static constexpr Element zeros_[kMaxHeadDim] = {};
};

}  // namespace redline::engine
