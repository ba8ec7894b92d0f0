#include "planner/simulate/prefix_tree.h"

#include <algorithm>

#include "workload/random.h"

namespace redline::planner {
namespace {

// A piece is named by where it begins and the keys of its path; a node by its place in the piece.
// Constants of its own for each: small keys must not meet small offsets.
uint64_t PieceIdOf(uint64_t parent_piece, uint64_t key, int64_t begin) {
  const uint64_t here =
      workload::Mix(key ^ 0xA0761D6478BD642F) + static_cast<uint64_t>(begin) * 0xE7037ED1A0B428DB;
  return workload::Mix(parent_piece * 0x9E3779B97F4A7C15 + workload::Mix(here));
}

uint64_t PrefixNodeIdOf(uint64_t piece, int64_t offset) {
  return workload::Mix((piece ^ 0x8EBC6AF09C88C6E3) +
                       static_cast<uint64_t>(offset) * 0xD1B54A32D192ED03);
}

}  // namespace

// Goes down from the root along a prompt, node by node.
class PrefixTree::Walk {
 public:
  Walk(const PrefixTree& tree, std::span<const workload::PromptPiece> pieces)
      : tree_(tree), pieces_(pieces) {}

  // The next node of the path becomes node(). False: it is not in the tree, or the prompt is over.
  bool Next() {
    if (!EnterPiece()) return false;
    const auto found = tree_.by_id_.find(PrefixNodeIdOf(piece_, end_ - piece_begin_));
    if (found == tree_.by_id_.end() || tree_.nodes_[found->second].begin != end_) return false;
    Enter(found->second);
    return true;
  }
  void Enter(uint32_t index) {
    node_ = index;
    end_ = std::min(tree_.nodes_[index].end, piece_end_);
  }
  bool IsOver() { return !EnterPiece(); }

  uint32_t node() const { return node_; }
  int64_t end() const { return end_; }  // of what was passed
  int64_t piece_end() const { return piece_end_; }
  Node NewNode(int64_t end) const {
    return {.id = PrefixNodeIdOf(piece_, end_ - piece_begin_),
            .piece = piece_,
            .piece_begin = piece_begin_,
            .parent = node_,
            .begin = end_,
            .end = end};
  }

 private:
  bool EnterPiece() {
    while (end_ == piece_end_) {
      if (next_piece_ == pieces_.size()) return false;
      const workload::PromptPiece& piece = pieces_[next_piece_++];
      if (piece.num_tokens <= 0) continue;
      piece_ = PieceIdOf(piece_, piece.key, end_);
      piece_begin_ = end_;
      piece_end_ = end_ + piece.num_tokens;
    }
    return true;
  }

  const PrefixTree& tree_;
  const std::span<const workload::PromptPiece> pieces_;
  size_t next_piece_ = 0;
  uint64_t piece_ = 0;
  int64_t piece_begin_ = 0;
  int64_t piece_end_ = 0;
  int64_t end_ = 0;
  uint32_t node_ = kNone;
};

int64_t PrefixTree::CountMatching(std::span<const workload::PromptPiece> pieces) const {
  Walk walk(*this, pieces);
  while (walk.Next()) {
  }
  return walk.end();
}

PrefixTree::Prefix PrefixTree::HoldPrefix(std::span<const workload::PromptPiece> pieces,
                                          int64_t max_tokens) {
  Walk walk(*this, pieces);
  while (walk.end() < max_tokens && walk.Next()) {
  }
  return HoldTo(walk.node(), std::min(walk.end(), max_tokens));
}

PrefixTree::Prefix PrefixTree::Insert(std::span<const workload::PromptPiece> pieces,
                                      int64_t num_tokens) {
  Walk walk(*this, pieces);
  while (walk.end() < num_tokens && !walk.IsOver()) {
    if (!walk.Next()) {
      // A prompt that leaves a node midway: what it shares becomes a node.
      if (walk.node() != kNone && nodes_[walk.node()].end > walk.end())
        walk.Enter(Split(walk.node(), walk.end()));
      walk.Enter(Create(walk.NewNode(std::min(walk.piece_end(), num_tokens))));
      continue;
    }
    // A leaf that ends early grows, unless that would take pages for those who hold it.
    const int64_t end = std::min(walk.piece_end(), num_tokens);
    if (walk.end() < end && IsEvictable(nodes_[walk.node()])) {
      SetEnd(walk.node(), end);
      walk.Enter(walk.node());
    }
  }
  return HoldTo(walk.node(), std::min(walk.end(), num_tokens));
}

PrefixTree::Prefix PrefixTree::HoldTo(uint32_t index, int64_t num_tokens) {
  const int64_t num_pages = num_tokens / page_size_;
  const uint32_t deepest = index;
  while (index != kNone && nodes_[index].begin / page_size_ >= num_pages)
    index = nodes_[index].parent;
  if (index != kNone && nodes_[index].end / page_size_ > num_pages)
    index = Split(index, num_pages * page_size_);
  for (uint32_t on_path = index; on_path != kNone; on_path = nodes_[on_path].parent)
    if (nodes_[on_path].num_holders++ == 0) num_evictable_pages_ -= NumPagesOf(nodes_[on_path]);
  // What is below may have been made a moment ago, for nobody.
  if (deepest != kNone && deepest != index) ParkIfUnused(deepest);
  return {index, num_pages};
}

uint32_t PrefixTree::Split(uint32_t index, int64_t at) {
  // The new node is the upper one: those below keep their parent, holders their node.
  const uint32_t upper = NewNode();
  Node& lower = nodes_[index];
  nodes_[upper] = lower;
  nodes_[upper].end = at;
  nodes_[upper].num_children = 1;
  nodes_[upper].parked_use = 0;
  by_id_[lower.id] = upper;
  lower.parent = upper;
  lower.begin = at;
  lower.id = PrefixNodeIdOf(lower.piece, at - lower.piece_begin);
  by_id_.emplace(lower.id, index);
  return upper;
}

void PrefixTree::Release(uint32_t node) {
  for (uint32_t index = node; index != kNone; index = nodes_[index].parent) {
    nodes_[index].last_use = ++clock_;
    if (--nodes_[index].num_holders == 0) num_evictable_pages_ += NumPagesOf(nodes_[index]);
  }
  ParkIfUnused(node);
}

void PrefixTree::Evict(int64_t count) {
  while (count > 0 && !leaves_.empty()) {
    const Leaf leaf = leaves_.front();
    const Node& node = nodes_[leaf.node];
    const bool is_current = IsCurrent(leaf);
    const int64_t num_pages = is_current ? NumPagesOf(node) : 0;
    if (num_pages > count) return SetEnd(leaf.node, (node.end / page_size_ - count) * page_size_);
    std::pop_heap(leaves_.begin(), leaves_.end(), UsedLater());
    leaves_.pop_back();
    Unpark(leaf);
    count -= num_pages;
    if (is_current) Remove(leaf.node);
  }
}

uint32_t PrefixTree::NewNode() {
  if (free_nodes_.empty()) {
    nodes_.emplace_back();
    return static_cast<uint32_t>(nodes_.size() - 1);
  }
  const uint32_t index = free_nodes_.back();
  free_nodes_.pop_back();
  return index;
}

uint32_t PrefixTree::Create(const Node& node) {
  const uint32_t index = NewNode();
  nodes_[index] = node;
  nodes_[index].last_use = ++clock_;
  if (node.parent != kNone) ++nodes_[node.parent].num_children;
  by_id_.emplace(node.id, index);
  num_pages_ += NumPagesOf(node);
  num_evictable_pages_ += NumPagesOf(node);
  return index;
}

void PrefixTree::SetEnd(uint32_t index, int64_t end) {
  Node& node = nodes_[index];
  const int64_t change = end / page_size_ - node.end / page_size_;
  node.end = end;
  num_pages_ += change;
  if (node.num_holders == 0) num_evictable_pages_ += change;
}

void PrefixTree::Remove(uint32_t index) {
  const Node node = nodes_[index];
  num_pages_ -= NumPagesOf(node);
  num_evictable_pages_ -= NumPagesOf(node);
  by_id_.erase(node.id);
  nodes_[index] = {};
  free_nodes_.push_back(index);
  if (node.parent == kNone) return;
  --nodes_[node.parent].num_children;
  ParkIfUnused(node.parent);
}

void PrefixTree::ParkIfUnused(uint32_t index) {
  Node& node = nodes_[index];
  if (!IsEvictable(node) || node.parked_use == node.last_use) return;
  if (NumPagesOf(node) == 0) return Remove(index);
  if (leaves_.size() >= 2 * nodes_.size() + 64) CompactLeaves();
  node.parked_use = node.last_use;
  leaves_.push_back({node.last_use, index});
  std::push_heap(leaves_.begin(), leaves_.end(), UsedLater());
}

void PrefixTree::CompactLeaves() {
  std::erase_if(leaves_, [&](const Leaf& leaf) {
    if (IsCurrent(leaf)) return false;
    Unpark(leaf);
    return true;
  });
  std::make_heap(leaves_.begin(), leaves_.end(), UsedLater());
}

}  // namespace redline::planner
