#include "engine/runtime/page_pool.h"

#include <cassert>

namespace redline::engine {

PagePool::PagePool(int64_t num_pages) : references_(static_cast<size_t>(num_pages), 0) {
  free_.reserve(references_.size());
  for (int64_t page = num_pages - 1; page >= 0; --page) {
    free_.push_back(static_cast<PageId>(page));
  }
}

bool PagePool::Allocate(int64_t count, std::vector<PageId>& pages) {
  if (count > num_free()) return false;
  for (int64_t index = 0; index < count; ++index) {
    const PageId page = free_.back();
    free_.pop_back();
    references_[static_cast<size_t>(page)] = 1;
    pages.push_back(page);
  }
  return true;
}

void PagePool::AddReference(PageId page) {
  assert(references_[static_cast<size_t>(page)] > 0);
  ++references_[static_cast<size_t>(page)];
}

void PagePool::Release(PageId page) {
  int32_t& references = references_[static_cast<size_t>(page)];
  assert(references > 0);
  if (--references == 0) free_.push_back(page);
}

void PagePool::ReleaseAll(std::vector<PageId>& pages) {
  for (const PageId page : pages) Release(page);
  pages.clear();
}

}  // namespace redline::engine
