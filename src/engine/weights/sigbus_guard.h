// Keeps a mapped file that someone cuts short from killing the process.
//
// Reading a mapped page that lies beyond the file's present end raises SIGBUS. While a GuardedRange
// covers the page, the handler instead maps zeros from there to the range's end and marks the range
// damaged; the reader goes on and learns of it by damaged(). Any other SIGBUS goes to the action
// that was installed before ours.
//
// The table of ranges is process-wide, because signal actions are; it is lock-free and the handler
// only reads it. Constructor and destructor may run on any thread.
#pragma once

#include <cstddef>

namespace redline::engine {

class GuardedRange {
 public:
  // `base` is page-aligned and was returned by mmap. The range is unguarded (guarded() is false)
  // when the table is full.
  GuardedRange(const void* base, size_t num_bytes);
  ~GuardedRange();
  GuardedRange(const GuardedRange&) = delete;
  GuardedRange& operator=(const GuardedRange&) = delete;

  bool guarded() const { return slot_ >= 0; }
  // Whether a read has met missing pages since construction.
  bool damaged() const;

 private:
  int slot_ = -1;
};

}  // namespace redline::engine
