// Which pages of the KV cache are free, and how many hold each of the others.
//
// A page is freed when its last reference goes; sequences that share a prefix share its pages, each
// with a reference of its own. Owner: the rank's engine thread.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/model/kv_cache.h"

namespace redline::engine {

class PagePool {
 public:
  explicit PagePool(int64_t num_pages);

  // Appends `count` free pages to `pages`, each with one reference. All or nothing: false, and
  // `pages` as it was, when there are fewer.
  bool Allocate(int64_t count, std::vector<PageId>& pages);
  void AddReference(PageId page);
  void Release(PageId page);
  // Releases and clears `pages`.
  void ReleaseAll(std::vector<PageId>& pages);

  int64_t num_free() const { return static_cast<int64_t>(free_.size()); }
  int64_t num_pages() const { return static_cast<int64_t>(references_.size()); }

 private:
  std::vector<int32_t> references_;  // by page
  std::vector<PageId> free_;         // a stack: the page freed last is the warmest
};

}  // namespace redline::engine
