// The KV pages of sequences: which are shared through the prefix cache, which are a sequence's own.
//
// A running sequence's pages are, in order: those it shares (nodes of the prefix cache it holds),
// then its own. When one of its own is full and computed it is published: it goes over to the
// cache, or, when the cache has the same tokens already, is given back for the page there, whose
// bits are the same by the determinism contract. Owner: the rank's engine thread.
#pragma once

#include <cstdint>

#include "engine/runtime/page_pool.h"
#include "engine/runtime/prefix_cache.h"
#include "engine/runtime/sequence.h"

namespace redline::engine {

class KvPages {
 public:
  enum class Sharing { kOff, kOn };

  KvPages(int64_t num_pages, int64_t page_size, Sharing sharing);

  // Begins a sequence that has no pages, or goes on with one that is being prefilled: pages the
  // cache has of its next tokens become its own past, and num_computed moves on. At least one token
  // remains to be computed.
  void Adopt(Sequence& sequence);
  // Gives the sequence pages for all of its tokens and `num_drafts` more, from the pool or from
  // what the cache does not use. All or nothing.
  bool Grow(Sequence& sequence, int64_t num_drafts = 0);
  // After the sequence's num_computed moved on: shares the pages that are full now.
  void Publish(Sequence& sequence);
  // Takes all pages from the sequence; nothing of it is computed any more.
  void Release(Sequence& sequence);

  // Tokens of the sequence that Adopt would find; changes nothing.
  int64_t CountCachedTokens(const Sequence& sequence) const;
  // Pages the sequence lacks for all of its tokens and `num_drafts` more.
  int64_t NumMissing(const Sequence& sequence, int64_t num_drafts = 0) const;
  // Pages that Grow can give out.
  int64_t num_available() const { return pool_.num_free() + cache_.num_evictable(); }
  int64_t num_pages() const { return pool_.num_pages(); }
  int64_t num_cached() const { return cache_.num_pages(); }
  int64_t num_evicted() const { return num_evicted_; }

 private:
  // The tokens of page `index` of the sequence.
  std::span<const TokenId> PageTokens(const Sequence& sequence, int64_t index) const;
  // Whether page `index` may come from the cache.
  bool MayAdopt(const Sequence& sequence, int64_t index) const;
  void TakeShared(Sequence& sequence, PrefixCache::Node* node);

  const int64_t page_size_;
  const Sharing sharing_;
  PagePool pool_;
  PrefixCache cache_;
  int64_t num_evicted_ = 0;
};

}  // namespace redline::engine
