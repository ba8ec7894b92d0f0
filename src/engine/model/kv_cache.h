// The paged key/value cache of one data-parallel rank.
//
// Memory is one allocation of num_pages pages; a page holds `page_size` consecutive positions of
// one sequence for all layers. Owner: the rank's engine thread. Which page belongs to whom is
// decided by runtime/page_pool; this class is only the memory and its layout.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "base/status.h"
#include "engine/kernels/kv_dtype_info.h"
#include "engine/model/anonymous_memory.h"

namespace redline::engine {

enum class PageId : int32_t {};

// What one model needs per position.
struct KvLayout {
  int64_t num_layers = 0;
  int64_t num_kv_heads = 0;
  int64_t head_dim = 0;
  KvDtype dtype = KvDtype::kF32;
  // Bytes of keys and values of one position, all layers.
  int64_t BytesPerToken() const {
    return num_layers * num_kv_heads * head_dim * 2 * InfoOf(dtype).element_bytes;
  }
};

// The keys, or the values, of one layer in all pages. Positions in it are counted in elements.
struct KvView {
  std::byte* data = nullptr;
  int64_t element_bytes = 0;
  std::byte* At(int64_t element) const { return data + element * element_bytes; }
};

class KvCache {
 public:
  // kResourceExhausted with need and have when the memory cannot be had.
  static Result<std::unique_ptr<KvCache>> Create(const KvLayout& layout, int64_t num_pages,
                                                 int64_t page_size);

  // The keys of a page are [num_kv_heads][page_size][head_dim] elements of layout().dtype from
  // element PageOffset(page) on. Values alike.
  KvView Keys(int64_t layer) { return View(2 * layer); }
  KvView Values(int64_t layer) { return View(2 * layer + 1); }
  int64_t PageOffset(PageId page) const {
    return static_cast<int64_t>(page) * layout_.num_layers * 2 * half_page_;
  }

  const KvLayout& layout() const { return layout_; }
  int64_t num_pages() const { return num_pages_; }
  int64_t page_size() const { return page_size_; }
  int64_t num_bytes() const { return num_pages_ * page_size_ * layout_.BytesPerToken(); }

 private:
  KvCache(const KvLayout& layout, int64_t num_pages, int64_t page_size, AnonymousMemory memory);
  // From the given half of the first page on; a page is keys, values of layer 0, keys of layer 1...
  KvView View(int64_t half) {
    const int64_t element_bytes = InfoOf(layout_.dtype).element_bytes;
    return {memory_.data() + half * half_page_ * element_bytes, element_bytes};
  }

  KvLayout layout_;
  int64_t num_pages_;
  int64_t page_size_;
  int64_t half_page_;  // elements of the keys of one (layer, page)
  AnonymousMemory memory_;
};

}  // namespace redline::engine
