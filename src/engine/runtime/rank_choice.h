// Which data-parallel rank a request goes to: the one that has most of its prompt cached, unless it
// is clearly busier than another. It steers where work is done, never what is answered.
//
// The ranks' caches belong to their threads. So this keeps a memory of its own: for each beginning
// of a prompt, in whole pages and with its salt, the ranks it was sent to. It has as many entries
// as the ranks have pages; an old one gives way to a new one in its place, and what a rank has
// evicted since is not known here. Source of the idea: the cache-aware policy of SGLang's router.
//
// Thread-safe.
#pragma once

#include <cstdint>
#include <mutex>
#include <span>
#include <string_view>
#include <vector>

#include "engine/tensor.h"

namespace redline::engine {

class RankChoice {
 public:
  // `num_pages`: of all ranks together; 0: ranks have no prefix cache. At most 64 ranks.
  RankChoice(int64_t page_size, int64_t num_pages);

  // `loads`: requests of each rank. `serial`: of the request; ranks that are equally good take
  // turns by it.
  size_t Choose(std::string_view salt, std::span<const TokenId> prompt,
                std::span<const int64_t> loads, uint64_t serial);

 private:
  struct Entry {
    uint64_t hash = 0;
    uint64_t ranks = 0;  // a bit for each
  };

  std::vector<uint64_t> HashesOf(std::string_view salt, std::span<const TokenId> prompt) const;
  Entry& EntryOf(uint64_t hash) { return entries_[hash & (entries_.size() - 1)]; }
  uint64_t BestCached(std::span<const uint64_t> hashes);
  void Remember(std::span<const uint64_t> hashes, size_t rank);

  const size_t page_size_;
  const uint64_t hash_key_;  // drawn at start, so that nobody can aim at an entry
  std::mutex mutex_;
  std::vector<Entry> entries_;  // a power of two of them, or none; what is in them: mutex_
};

}  // namespace redline::engine
