#include "engine/runtime/prefix_cache.h"

#include <gtest/gtest.h>

namespace redline::engine {
namespace {

using Node = PrefixCache::Node;

class PrefixCacheTest : public testing::Test {
 protected:
  static std::vector<TokenId> Page(TokenId first) { return {first, first + 1}; }

  PageId NewPage() {
    std::vector<PageId> pages;
    EXPECT_TRUE(pool_.Allocate(1, pages));
    return pages.front();
  }
  // Adds a path of pages and gives it up again.
  void Keep(std::string_view salt, const std::vector<TokenId>& first_tokens) {
    Node* node = cache_.HoldRoot(salt);
    for (const TokenId first : first_tokens) {
      Node* child = cache_.HoldChild(node, Page(first));
      node = child != nullptr ? child : cache_.AddChild(node, Page(first), NewPage());
    }
    cache_.Release(node);
  }
  int64_t Count(std::string_view salt, std::vector<TokenId> tokens) const {
    return cache_.CountMatching(salt, tokens);
  }

  PagePool pool_{8};
  PrefixCache cache_{2, &pool_};
};

TEST_F(PrefixCacheTest, FindsTheLongestBeginning) {
  Keep("", {10, 20, 30});
  Keep("", {10, 40});
  EXPECT_EQ(cache_.num_pages(), 4) << "the first page is shared";
  EXPECT_EQ(Count("", {10, 11, 20, 21, 30, 31, 5}), 3);
  EXPECT_EQ(Count("", {10, 11, 40, 41, 30, 31}), 2);
  EXPECT_EQ(Count("", {10, 11, 20}), 1);
  EXPECT_EQ(Count("", {20, 21}), 0) << "only from the beginning";
  EXPECT_EQ(Count("other", {10, 11}), 0);
}

TEST_F(PrefixCacheTest, HoldersKeepTheirPagesAndTheirParents) {
  Node* root = cache_.HoldRoot("");
  Node* parent = cache_.AddChild(root, Page(10), NewPage());
  Node* child = cache_.AddChild(parent, Page(20), NewPage());
  EXPECT_EQ(cache_.num_evictable(), 0);
  cache_.Evict(8);
  EXPECT_EQ(Count("", {10, 11, 20, 21}), 2);
  cache_.Release(child);
  EXPECT_EQ(cache_.num_evictable(), 2);
  cache_.Evict(8);
  EXPECT_EQ(pool_.num_free(), 8);
  EXPECT_EQ(Count("", {10, 11}), 0);
}

TEST_F(PrefixCacheTest, EvictsTheLeastRecentlyUsedLeafFirst) {
  Keep("", {10, 20});
  Keep("", {10, 30});
  Keep("", {40});
  Keep("", {10, 20});  // used again
  cache_.Evict(1);
  EXPECT_EQ(Count("", {10, 11, 30, 31}), 1) << "30 goes first";
  cache_.Evict(1);
  EXPECT_EQ(Count("", {40, 41}), 0);
  EXPECT_EQ(Count("", {10, 11, 20, 21}), 2);
  cache_.Evict(1);
  EXPECT_EQ(Count("", {10, 11, 20, 21}), 1) << "a parent never goes before its child";
}

TEST_F(PrefixCacheTest, SaltsHaveTreesOfTheirOwnAndLeaveNothingBehind) {
  Keep("a", {10});
  Keep("b", {10});
  EXPECT_EQ(cache_.num_pages(), 2);
  EXPECT_EQ(Count("a", {10, 11}), 1);
  EXPECT_EQ(Count("b", {10, 11}), 1);
  cache_.Evict(1);
  EXPECT_EQ(Count("a", {10, 11}), 0);
  EXPECT_EQ(Count("b", {10, 11}), 1);
  cache_.Evict(1);
  Node* root = cache_.HoldRoot("a");
  cache_.Release(root);
  EXPECT_EQ(cache_.num_pages(), 0);
  EXPECT_EQ(pool_.num_free(), 8);
}

}  // namespace
}  // namespace redline::engine
