#include "engine/model/kv_cache.h"

#include <string>
#include <utility>

namespace redline::engine {

Result<std::unique_ptr<KvCache>> KvCache::Create(const KvLayout& layout, int64_t num_pages,
                                                 int64_t page_size) {
  int64_t num_tokens = 0;
  int64_t num_bytes = 0;
  if (num_pages < 1 || page_size < 1 || __builtin_mul_overflow(num_pages, page_size, &num_tokens) ||
      __builtin_mul_overflow(num_tokens, layout.BytesPerToken(), &num_bytes)) {
    return InvalidArgument("a KV cache of " + std::to_string(num_pages) + " pages of " +
                           std::to_string(page_size) + " tokens cannot be made");
  }
  RL_ASSIGN_OR_RETURN(AnonymousMemory memory,
                      AnonymousMemory::Allocate(
                          num_bytes, "the KV cache (" + std::to_string(num_tokens) + " tokens)"));
  return std::unique_ptr<KvCache>(new KvCache(layout, num_pages, page_size, std::move(memory)));
}

KvCache::KvCache(const KvLayout& layout, int64_t num_pages, int64_t page_size,
                 AnonymousMemory memory)
    : layout_(layout),
      num_pages_(num_pages),
      page_size_(page_size),
      half_page_(layout.num_kv_heads * page_size * layout.head_dim),
      memory_(std::move(memory)) {}

}  // namespace redline::engine
