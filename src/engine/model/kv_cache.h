// The paged key/value cache of one data-parallel rank.
//
// Memory is one allocation of num_pages pages; a page holds `page_size` consecutive positions of
// one sequence for all layers. Owner: the rank's engine thread. Which page belongs to whom is
// decided by runtime/page_pool; this class is only the memory and its layout.
#pragma once

#include <cstdint>
#include <memory>

#include "base/status.h"
#include "engine/model/anonymous_memory.h"

namespace redline::engine {

enum class PageId : int32_t {};

// What one model needs per position. Elements are f32 in this version.
struct KvLayout {
  int64_t num_layers = 0;
  int64_t num_kv_heads = 0;
  int64_t head_dim = 0;
  // Bytes of keys and values of one position, all layers.
  int64_t BytesPerToken() const {
    return num_layers * num_kv_heads * head_dim * 2 * static_cast<int64_t>(sizeof(float));
  }
};

class KvCache {
 public:
  // kResourceExhausted with need and have when the memory cannot be had.
  static Result<std::unique_ptr<KvCache>> Create(const KvLayout& layout, int64_t num_pages,
                                                 int64_t page_size);

  // Keys of (layer, page): [num_kv_heads][page_size][head_dim] floats. Values alike.
  float* Keys(int64_t layer, PageId page) { return At(layer, page); }
  float* Values(int64_t layer, PageId page) { return At(layer, page) + half_page_; }

  const KvLayout& layout() const { return layout_; }
  int64_t num_pages() const { return num_pages_; }
  int64_t page_size() const { return page_size_; }
  int64_t num_bytes() const { return num_pages_ * page_size_ * layout_.BytesPerToken(); }

  // Floats from a layer's Keys(layer, 0) to its Keys(layer, page), and between its values alike.
  int64_t PageOffset(PageId page) const {
    return static_cast<int64_t>(page) * layout_.num_layers * 2 * half_page_;
  }

 private:
  KvCache(const KvLayout& layout, int64_t num_pages, int64_t page_size, AnonymousMemory memory);
  float* At(int64_t layer, PageId page) {
    return reinterpret_cast<float*>(memory_.data()) + PageOffset(page) + layer * 2 * half_page_;
  }

  KvLayout layout_;
  int64_t num_pages_;
  int64_t page_size_;
  int64_t half_page_;  // floats of the keys of one (layer, page)
  AnonymousMemory memory_;
};

}  // namespace redline::engine
