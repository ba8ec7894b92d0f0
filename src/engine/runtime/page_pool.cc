#include "engine/runtime/page_pool.h"

namespace redline::engine {

PagePool::PagePool(int64_t num_pages) : num_pages_(num_pages) {
  free_.reserve(static_cast<size_t>(num_pages));
  for (int64_t page = num_pages - 1; page >= 0; --page) {
    free_.push_back(static_cast<PageId>(page));
  }
}

bool PagePool::Allocate(int64_t count, std::vector<PageId>& pages) {
  if (count > num_free()) return false;
  pages.insert(pages.end(), free_.rbegin(), free_.rbegin() + count);
  free_.resize(free_.size() - static_cast<size_t>(count));
  return true;
}

}  // namespace redline::engine
