// Where the keys and values of one KV head lie: pages become runs of rows, one block of positions
// at a time.
#pragma once

#include "engine/kernels/attention/attention.h"
#include "engine/kernels/kv_store/kv_element.h"

namespace redline::engine {

template <KvDtype kDtype>
class KvPages {
 public:
  using Element = typename KvElement<kDtype>::Type;

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

  KvPages(const AttentionArgs& args, int64_t kv_head) : args_(args), kv_head_(kv_head) {}

  // Takes the block that begins at `begin`, as far as it is among the first `num_positions`;
  // afterwards PrefetchNext asks for the one behind it.
  void Take(int64_t begin, int64_t num_positions) {
    count_ = SizeOf(begin, num_positions);
    FindRuns(begin, count_, &runs_);
    const int64_t next = begin + kKvBlock;
    FindRuns(next, SizeOf(next, num_positions), &next_runs_);
    prefetch_run_ = prefetch_at_ = 0;
  }

  int64_t count() const { return count_; }  // positions of the block at hand
  const Runs& runs() const { return runs_; }
  const Element* Keys() const { return static_cast<const Element*>(args_.keys); }
  const Element* Values() const { return static_cast<const Element*>(args_.values); }

  // The rows of the block at hand in `half` (Keys or Values), `absent` for those that it lacks.
  void Rows(const Element* half, const Element* absent, const Element* (&rows)[kKvBlock]) const {
    int64_t row = 0;
    for (int64_t run = 0; run < runs_.size; ++run) {
      const Element* from = half + runs_.run[run].offset;
      for (int64_t i = 0; i < runs_.run[run].length; ++i) rows[row++] = from + i * args_.head_dim;
    }
    while (row < kKvBlock) rows[row++] = absent;
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
  static int64_t SizeOf(int64_t begin, int64_t num_positions) {
    const int64_t left = num_positions - begin;
    return left < 0 ? 0 : left < kKvBlock ? left : kKvBlock;
  }

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

  const AttentionArgs& args_;
  const int64_t kv_head_;
  Runs runs_;       // of the block at hand
  Runs next_runs_;  // of the one after it
  int64_t count_ = 0;
  int64_t prefetch_run_ = 0;
  int64_t prefetch_at_ = 0;
};

}  // namespace redline::engine
