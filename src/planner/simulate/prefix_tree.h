// Which beginnings of prompts are in a rank's KV cache: a radix tree over pieces of prompts
// (workload/prompt_content.h) instead of tokens. Counts pages, holds none.
//
// A node is a part of one piece, from begin to end of every prompt that begins with its path. It
// owns the pages that become full within it: end / page_size - begin / page_size. Nodes are split
// where a holder's pages end, so that who holds a node holds exactly the whole pages up to its end.
// What nobody holds can be evicted, least recently used leaves first, from their ends.
//
// Pieces of one key are taken for the same tokens, and all others for different ones.
// Owner: the rank's scheduler.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

#include "workload/prompt_content.h"

namespace redline::planner {

class PrefixTree {
 public:
  static constexpr uint32_t kNone = UINT32_MAX;

  // Whole pages from a prompt's beginning, and the node they end in; kNone: there are none.
  struct Prefix {
    uint32_t node = kNone;
    int64_t num_pages = 0;
  };

  explicit PrefixTree(int64_t page_size) : page_size_(page_size) {}

  // How many tokens of the prompt are here; changes nothing.
  int64_t CountMatching(std::span<const workload::PromptPiece> pieces) const;
  // The whole pages within the first `max_tokens` of the prompt that are here, held for the caller.
  Prefix HoldPrefix(std::span<const workload::PromptPiece> pieces, int64_t max_tokens);
  // The first `num_tokens` of the prompt are in the KV cache: their pages are the tree's from now
  // on, held for the caller.
  Prefix Insert(std::span<const workload::PromptPiece> pieces, int64_t num_tokens);
  void Release(uint32_t node);
  // Gives up `count` pages, which must be evictable.
  void Evict(int64_t count);

  int64_t num_pages() const { return num_pages_; }
  int64_t num_evictable_pages() const { return num_evictable_pages_; }
  size_t num_nodes() const { return by_id_.size(); }

 private:
  struct Node {
    uint64_t id = 0;
    uint64_t piece = 0;  // the path to its piece, and
    int64_t piece_begin = 0;
    uint32_t parent = kNone;
    uint32_t num_children = 0;
    uint32_t num_holders = 0;
    int64_t begin = 0;  // tokens from the prompt's beginning
    int64_t end = 0;
    uint64_t last_use = 0;    // names its place among the leaves to evict,
    uint64_t parked_use = 0;  // which it has when this is the same
  };
  struct Leaf {
    uint64_t last_use;
    uint32_t node;
  };
  struct UsedLater {
    bool operator()(const Leaf& a, const Leaf& b) const { return a.last_use > b.last_use; }
  };
  class Walk;

  int64_t NumPagesOf(const Node& node) const {
    return node.end / page_size_ - node.begin / page_size_;
  }
  uint32_t NewNode();
  uint32_t Create(const Node& node);
  // The node on the path to `index` where the whole pages up to `num_tokens` end, split off if need
  // be; held.
  Prefix HoldTo(uint32_t index, int64_t num_tokens);
  // The beginning of the node, up to `at`, becomes a node of its own, which is returned.
  uint32_t Split(uint32_t index, int64_t at);
  void SetEnd(uint32_t index, int64_t end);
  void Remove(uint32_t index);
  // Nobody needs it any more: it goes, or waits for its eviction.
  void ParkIfUnused(uint32_t index);
  // Drops what is out of date, once that is most of the heap.
  void CompactLeaves();
  // An entry has left the heap.
  void Unpark(const Leaf& leaf) {
    if (nodes_[leaf.node].parked_use == leaf.last_use) nodes_[leaf.node].parked_use = 0;
  }
  bool IsCurrent(const Leaf& leaf) const {
    return nodes_[leaf.node].last_use == leaf.last_use && IsEvictable(nodes_[leaf.node]);
  }
  bool IsEvictable(const Node& node) const {
    return node.num_holders == 0 && node.num_children == 0;
  }

  const int64_t page_size_;
  int64_t num_pages_ = 0;
  int64_t num_evictable_pages_ = 0;
  uint64_t clock_ = 0;
  std::vector<Node> nodes_;
  std::vector<uint32_t> free_nodes_;
  std::unordered_map<uint64_t, uint32_t> by_id_;
  std::vector<Leaf> leaves_;  // a heap, the longest unused first; entries may be out of date
};

}  // namespace redline::planner
