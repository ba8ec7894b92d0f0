#include "engine/runtime/prefix_cache.h"

#include <algorithm>
#include <cassert>

#include "engine/runtime/page_hash.h"

namespace redline::engine {

class PrefixCache::Node {
 public:
  Node* parent = nullptr;  // nullptr: a root
  uint64_t serial = 0;     // of this node, never used again
  uint64_t hash = 0;       // its key in nodes_
  PageId page{};
  std::vector<TokenId> tokens;  // of the page
  std::string salt;             // of a root
  int64_t num_children = 0;
  int64_t num_holders = 0;
  std::list<Node*>::iterator in_unused;  // valid while num_holders is 0, not for roots
};

PrefixCache::PrefixCache(int64_t page_size, PagePool* pool)
    : page_size_(static_cast<size_t>(page_size)), pool_(pool), hash_key_(DrawHashKey()) {}

PrefixCache::~PrefixCache() = default;

uint64_t PrefixCache::HashOf(const Node* parent, std::span<const TokenId> page_tokens) const {
  return HashPage(MixHash(hash_key_, parent->serial), page_tokens);
}

PrefixCache::Node* PrefixCache::FindChild(const Node* parent,
                                          std::span<const TokenId> page_tokens) const {
  const auto [begin, end] = nodes_.equal_range(HashOf(parent, page_tokens));
  const auto found = std::find_if(begin, end, [&](const auto& entry) {
    return entry.second->parent == parent && std::ranges::equal(entry.second->tokens, page_tokens);
  });
  return found == end ? nullptr : found->second.get();
}

PrefixCache::Node* PrefixCache::HoldRoot(std::string_view salt) {
  std::unique_ptr<Node>& root = roots_[std::string(salt)];
  if (root == nullptr) {
    root = std::make_unique<Node>();
    root->serial = next_serial_++;
    root->salt = salt;
  }
  ++root->num_holders;
  return root.get();
}

PrefixCache::Node* PrefixCache::HoldChild(Node* node, std::span<const TokenId> page_tokens) {
  Node* const child = FindChild(node, page_tokens);
  if (child == nullptr) return nullptr;
  if (child->num_holders++ == 0) unused_.erase(child->in_unused);
  return child;
}

PrefixCache::Node* PrefixCache::AddChild(Node* node, std::span<const TokenId> page_tokens,
                                         PageId page) {
  assert(FindChild(node, page_tokens) == nullptr);
  auto child = std::make_unique<Node>();
  child->parent = node;
  child->serial = next_serial_++;
  child->hash = HashOf(node, page_tokens);
  child->page = page;
  child->tokens.assign(page_tokens.begin(), page_tokens.end());
  child->num_holders = 1;
  ++node->num_children;
  return nodes_.emplace(child->hash, std::move(child))->second.get();
}

void PrefixCache::Release(Node* node) {
  while (node->parent != nullptr) {
    assert(node->num_holders > 0);
    if (--node->num_holders == 0) node->in_unused = unused_.insert(unused_.end(), node);
    node = node->parent;
  }
  --node->num_holders;
  DropRootIfUnused(node);
}

int64_t PrefixCache::CountMatching(std::string_view salt, std::span<const TokenId> tokens) const {
  const auto root = roots_.find(std::string(salt));
  const Node* node = root == roots_.end() ? nullptr : root->second.get();
  int64_t count = 0;
  for (; node != nullptr && tokens.size() >= page_size_; tokens = tokens.subspan(page_size_)) {
    node = FindChild(node, tokens.first(page_size_));
    count += node != nullptr ? 1 : 0;
  }
  return count;
}

PageId PrefixCache::PageOf(const Node* node) { return node->page; }

void PrefixCache::Evict(int64_t count) {
  for (; count > 0 && !unused_.empty(); --count) {
    Node* const node = unused_.front();
    unused_.pop_front();
    pool_->Release(node->page);
    Erase(node);
  }
}

void PrefixCache::Erase(Node* node) {
  assert(node->num_children == 0);
  Node* const parent = node->parent;
  const auto [begin, end] = nodes_.equal_range(node->hash);
  nodes_.erase(
      std::find_if(begin, end, [node](const auto& entry) { return entry.second.get() == node; }));
  --parent->num_children;
  if (parent->parent == nullptr) DropRootIfUnused(parent);
}

void PrefixCache::DropRootIfUnused(Node* root) {
  if (root->num_holders == 0 && root->num_children == 0) roots_.erase(std::string(root->salt));
}

}  // namespace redline::engine
