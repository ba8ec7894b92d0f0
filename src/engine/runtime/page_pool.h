// Which pages of the KV cache are free. A page that is not has one owner: a sequence that is
// writing it, or the prefix cache. Owner of the pool: the rank's engine thread.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/model/kv_cache.h"

namespace redline::engine {

class PagePool {
 public:
  explicit PagePool(int64_t num_pages);

  // Appends `count` free pages to `pages`. All or nothing: false, and `pages` as it was, when there
  // are fewer.
  bool Allocate(int64_t count, std::vector<PageId>& pages);
  void Release(PageId page) { free_.push_back(page); }

  int64_t num_free() const { return static_cast<int64_t>(free_.size()); }
  int64_t num_pages() const { return num_pages_; }

 private:
  const int64_t num_pages_;
  std::vector<PageId> free_;  // a stack: the page freed last is the warmest
};

}  // namespace redline::engine
