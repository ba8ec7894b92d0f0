#include "engine/runtime/rank_choice.h"

#include <algorithm>
#include <bit>
#include <optional>

#include "engine/runtime/page_hash.h"

namespace redline::engine {
namespace {

constexpr uint64_t kEveryRank = ~uint64_t{0};
constexpr int64_t kMaxEntries = 1 << 20;
// A beginning counts from this share of the prompt on: what all prompts begin with (a system
// prompt) is soon on every rank.
constexpr size_t kLeastShare = 2;  // one half

bool Holds(uint64_t ranks, size_t rank) { return ((ranks >> rank) & 1) != 0; }

size_t NumEntries(int64_t num_pages) {
  if (num_pages == 0) return 0;
  return std::bit_ceil(static_cast<size_t>(std::min(num_pages, kMaxEntries)));
}

// How many requests a rank may have for its cache to be worth going to.
int64_t MostLoad(std::span<const int64_t> loads) {
  const int64_t least = *std::min_element(loads.begin(), loads.end());
  return least + std::max<int64_t>(1, least / 2);
}

// The least loaded of `ranks` that has no more than `most_load`.
std::optional<size_t> LeastLoaded(uint64_t ranks, std::span<const int64_t> loads, int64_t most_load,
                                  uint64_t serial) {
  std::optional<size_t> best;
  for (size_t offset = 0; offset < loads.size(); ++offset) {
    const size_t rank = (serial + offset) % loads.size();
    if (!Holds(ranks, rank) || loads[rank] > most_load) continue;
    if (!best || loads[rank] < loads[*best]) best = rank;
  }
  return best;
}

}  // namespace

RankChoice::RankChoice(int64_t page_size, int64_t num_pages)
    : page_size_(static_cast<size_t>(page_size)),
      hash_key_(DrawHashKey()),
      entries_(NumEntries(num_pages)) {}

size_t RankChoice::Choose(std::string_view salt, std::span<const TokenId> prompt,
                          std::span<const int64_t> loads, uint64_t serial) {
  if (loads.size() == 1) return 0;
  const int64_t most_load = MostLoad(loads);
  if (entries_.empty()) return *LeastLoaded(kEveryRank, loads, most_load, serial);
  const std::vector<uint64_t> hashes = HashesOf(salt, prompt);
  const std::lock_guard lock(mutex_);
  std::optional<size_t> rank = LeastLoaded(BestCached(hashes), loads, most_load, serial);
  if (!rank) rank = LeastLoaded(kEveryRank, loads, most_load, serial);
  Remember(hashes, *rank);
  return *rank;
}

// Of the pages that a later prompt can adopt: the last token is always computed.
std::vector<uint64_t> RankChoice::HashesOf(std::string_view salt,
                                           std::span<const TokenId> prompt) const {
  std::vector<uint64_t> hashes;
  if (prompt.empty()) return hashes;
  uint64_t hash = hash_key_;
  for (const char byte : salt) hash = MixHash(hash, static_cast<unsigned char>(byte));
  for (size_t page = 0; page < (prompt.size() - 1) / page_size_; ++page) {
    hash = HashPage(hash, prompt.subspan(page * page_size_, page_size_));
    hashes.push_back(hash);
  }
  return hashes;
}

// The ranks that have the longest beginning; none when that is too short to count.
uint64_t RankChoice::BestCached(std::span<const uint64_t> hashes) {
  for (size_t length = hashes.size(); length * kLeastShare >= hashes.size() && length > 0;
       --length) {
    const Entry& entry = EntryOf(hashes[length - 1]);
    if (entry.hash == hashes[length - 1]) return entry.ranks;
  }
  return 0;
}

void RankChoice::Remember(std::span<const uint64_t> hashes, size_t rank) {
  for (const uint64_t hash : hashes) {
    Entry& entry = EntryOf(hash);
    if (entry.hash != hash) entry = {.hash = hash};
    entry.ranks |= uint64_t{1} << rank;
  }
}

}  // namespace redline::engine
