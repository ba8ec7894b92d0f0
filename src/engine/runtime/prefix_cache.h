// Pages of computed tokens, kept for the next sequence that begins with the same tokens.
//
// A radix tree whose edges are pages: a node is one page of page_size tokens below its parent, so
// the path from a root spells the beginning of a sequence. Each salt has a root of its own: what
// was computed under one salt is never found under another. Tokens are compared, not only their
// hashes.
//
// A node is in use while a sequence holds it; a sequence that holds a node holds the whole path to
// it. Nodes that nobody holds stay, least recently used first, until their pages are needed. Source
// of the idea: SGLang's RadixAttention (arXiv 2312.07104). Owner: the rank's engine thread.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/runtime/page_pool.h"
#include "engine/tensor.h"

namespace redline::engine {

class PrefixCache {
 public:
  class Node;

  // `pool` outlives the cache.
  PrefixCache(int64_t page_size, PagePool* pool);
  ~PrefixCache();
  PrefixCache(const PrefixCache&) = delete;
  PrefixCache& operator=(const PrefixCache&) = delete;

  // The root of a salt's tree, held for the caller.
  Node* HoldRoot(std::string_view salt);
  // The node of these tokens below `node` (which the caller holds), held for the caller; nullptr
  // when there is none.
  Node* HoldChild(Node* node, std::span<const TokenId> page_tokens);
  // Adds that node, held for the caller; the cache takes over `page`. There must be none yet.
  Node* AddChild(Node* node, std::span<const TokenId> page_tokens, PageId page);
  // Gives up a node and all above it.
  void Release(Node* node);

  // How many whole pages of `tokens` are here; changes nothing.
  int64_t CountMatching(std::string_view salt, std::span<const TokenId> tokens) const;
  static PageId PageOf(const Node* node);

  // Returns the pages of the `count` nodes that were not held for the longest time to the pool;
  // fewer when there are fewer.
  void Evict(int64_t count);

  // Nodes that nobody holds: all of them can be evicted.
  int64_t num_evictable() const { return static_cast<int64_t>(unused_.size()); }
  int64_t num_pages() const { return static_cast<int64_t>(nodes_.size()); }

 private:
  using NodeMap = std::unordered_multimap<uint64_t, std::unique_ptr<Node>>;

  uint64_t HashOf(const Node* parent, std::span<const TokenId> page_tokens) const;
  Node* FindChild(const Node* parent, std::span<const TokenId> page_tokens) const;
  void Erase(Node* node);
  void DropRootIfUnused(Node* root);

  const size_t page_size_;
  PagePool* const pool_;
  const uint64_t hash_key_;  // drawn at start, so that nobody can aim at one bucket
  uint64_t next_serial_ = 1;
  std::unordered_map<std::string, std::unique_ptr<Node>> roots_;  // by salt
  NodeMap nodes_;                                                 // by hash; roots aside
  // Nodes that nobody holds, in the order of their release. A path is released from its end, and
  // using a child uses its parents: so a node comes after all that is below it, and the first one
  // is a leaf.
  std::list<Node*> unused_;
};

}  // namespace redline::engine
