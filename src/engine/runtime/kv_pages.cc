#include "engine/runtime/kv_pages.h"

#include <algorithm>

namespace redline::engine {

KvPages::KvPages(int64_t num_pages, int64_t page_size, Sharing sharing)
    : page_size_(page_size), sharing_(sharing), pool_(num_pages), cache_(page_size, &pool_) {}

std::span<const TokenId> KvPages::PageTokens(const Sequence& sequence, int64_t index) const {
  return std::span(sequence.tokens)
      .subspan(static_cast<size_t>(index * page_size_), static_cast<size_t>(page_size_));
}

bool KvPages::MayAdopt(const Sequence& sequence, int64_t index) const {
  const int64_t end = (index + 1) * page_size_;
  return sharing_ == Sharing::kOn && end < sequence.num_tokens() &&
         end <= sequence.first_prompt_logprob_to_come();
}

void KvPages::Adopt(Sequence& sequence) {
  if (sharing_ == Sharing::kOff) return;
  if (sequence.prefix == nullptr) sequence.prefix = cache_.HoldRoot(sequence.cache_salt);
  for (int64_t index = sequence.num_shared_pages; MayAdopt(sequence, index); ++index) {
    PrefixCache::Node* const node = cache_.HoldChild(sequence.prefix, PageTokens(sequence, index));
    if (node == nullptr) return;
    TakeShared(sequence, node);
    const int64_t end = (index + 1) * page_size_;
    sequence.NoteCached(end - sequence.num_computed);
    sequence.num_computed = end;
  }
}

// The sequence's next shared page is the node's, in place of its own where it has one.
void KvPages::TakeShared(Sequence& sequence, PrefixCache::Node* node) {
  const auto index = static_cast<size_t>(sequence.num_shared_pages++);
  sequence.prefix = node;
  if (index == sequence.pages.size()) {
    sequence.pages.push_back(PrefixCache::PageOf(node));
    return;
  }
  pool_.Release(sequence.pages[index]);
  sequence.pages[index] = PrefixCache::PageOf(node);
}

int64_t KvPages::NumMissing(const Sequence& sequence, int64_t num_drafts) const {
  const int64_t needed = (sequence.num_tokens() + num_drafts + page_size_ - 1) / page_size_;
  // A sequence may have pages left of drafts.
  return std::max<int64_t>(needed - static_cast<int64_t>(sequence.pages.size()), 0);
}

bool KvPages::Grow(Sequence& sequence, int64_t num_drafts) {
  const int64_t missing = NumMissing(sequence, num_drafts);
  if (missing > num_available()) return false;
  const int64_t to_evict = std::max<int64_t>(missing - pool_.num_free(), 0);
  cache_.Evict(to_evict);
  num_evicted_ += to_evict;
  return pool_.Allocate(missing, sequence.pages);
}

void KvPages::Publish(Sequence& sequence) {
  if (sharing_ == Sharing::kOff) return;
  const int64_t num_full = sequence.num_computed / page_size_;
  while (sequence.num_shared_pages < num_full) {
    const int64_t index = sequence.num_shared_pages;
    const auto tokens = PageTokens(sequence, index);
    if (PrefixCache::Node* const node = cache_.HoldChild(sequence.prefix, tokens)) {
      TakeShared(sequence, node);
      continue;
    }
    sequence.prefix =
        cache_.AddChild(sequence.prefix, tokens, sequence.pages[static_cast<size_t>(index)]);
    ++sequence.num_shared_pages;
  }
}

void KvPages::Release(Sequence& sequence) {
  const auto first_own = sequence.pages.begin() + sequence.num_shared_pages;
  std::for_each(first_own, sequence.pages.end(), [this](PageId page) { pool_.Release(page); });
  if (sequence.prefix != nullptr) cache_.Release(sequence.prefix);
  sequence.prefix = nullptr;
  sequence.num_shared_pages = 0;
  sequence.pages.clear();
  sequence.num_computed = 0;
}

int64_t KvPages::CountCachedTokens(const Sequence& sequence) const {
  if (sharing_ == Sharing::kOff) return 0;
  const int64_t most = std::min(sequence.num_tokens() - 1, sequence.first_prompt_logprob_to_come());
  const auto tokens =
      std::span(sequence.tokens).first(static_cast<size_t>(std::max<int64_t>(most, 0)));
  return cache_.CountMatching(sequence.cache_salt, tokens) * page_size_;
}

}  // namespace redline::engine
