#include "engine/runtime/page_hash.h"

#include <sys/random.h>

namespace redline::engine {

uint64_t DrawHashKey() {
  uint64_t key = 0;
  // Cannot fail for 8 bytes once the kernel's pool is up; a key of 0 would still be correct.
  [[maybe_unused]] const ssize_t size = getrandom(&key, sizeof(key), 0);
  return key;
}

uint64_t MixHash(uint64_t hash, uint64_t value) {
  hash = (hash ^ value) * 0x9E3779B97F4A7C15ULL;
  return hash ^ (hash >> 29);
}

uint64_t HashPage(uint64_t hash, std::span<const TokenId> page_tokens) {
  for (const TokenId token : page_tokens) hash = MixHash(hash, static_cast<uint64_t>(token));
  return hash;
}

}  // namespace redline::engine
