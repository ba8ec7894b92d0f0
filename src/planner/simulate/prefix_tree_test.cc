#include "planner/simulate/prefix_tree.h"

#include <gtest/gtest.h>

namespace redline::planner {
namespace {

using Pieces = std::vector<workload::PromptPiece>;

int64_t Found(const PrefixTree& tree, const Pieces& pieces) { return tree.CountMatching(pieces); }

// Inserted and let go, as by a request that ended. The tree's new pages.
int64_t Put(PrefixTree& tree, const Pieces& pieces, int64_t num_tokens) {
  const int64_t before = tree.num_pages();
  const PrefixTree::Prefix prefix = tree.Insert(pieces, num_tokens);
  const int64_t new_pages = tree.num_pages() - before;
  if (prefix.node != PrefixTree::kNone) tree.Release(prefix.node);
  return new_pages;
}

TEST(PrefixTree, FindsWhatPromptsShare) {
  PrefixTree tree(4);
  EXPECT_EQ(Put(tree, {{1, 8}, {2, 12}}, 20), 5);
  EXPECT_EQ(Found(tree, {{1, 8}, {2, 12}}), 20);
  EXPECT_EQ(Found(tree, {{1, 8}, {2, 7}}), 15);
  EXPECT_EQ(Found(tree, {{1, 8}, {3, 10}}), 8);
  EXPECT_EQ(Found(tree, {{2, 10}}), 0);
  EXPECT_EQ(Found(tree, {{1, 6}}), 6);
  EXPECT_EQ(Found(tree, {{1, 6}, {2, 10}}), 6);  // the second stands elsewhere there
  EXPECT_EQ(Put(tree, {{1, 8}, {2, 12}}, 20), 0);
  EXPECT_EQ(Put(tree, {{1, 8}, {2, 12}, {4, 9}}, 28), 2);
  EXPECT_EQ(Put(tree, {{1, 8}, {2, 5}, {5, 3}}, 16), 1);  // one that leaves a piece midway
  EXPECT_EQ(Found(tree, {{1, 8}, {2, 12}, {4, 9}}), 28);
  EXPECT_EQ(Found(tree, {{1, 8}, {2, 5}, {5, 3}}), 16);
  EXPECT_EQ(tree.num_pages(), 8);
}

TEST(PrefixTree, PagesBelongToThePieceThatFillsThem) {
  PrefixTree tree(4);
  EXPECT_EQ(Put(tree, {{1, 6}, {2, 4}}, 10), 2);  // 0..3 and 4..7; 8..9 is no page
  EXPECT_EQ(Put(tree, {{1, 6}, {3, 4}}, 10), 1);  // another 4..7
  EXPECT_EQ(Put(tree, {{4, 3}}, 3), 0);           // not a page: not kept
  EXPECT_EQ(tree.num_nodes(), 3u);
  EXPECT_EQ(tree.num_pages(), 3);
}

TEST(PrefixTree, EvictsTheLongestUnusedLeavesFromTheirEnds) {
  PrefixTree tree(1);
  Put(tree, {{1, 4}, {2, 4}}, 8);
  Put(tree, {{1, 4}, {3, 4}}, 8);
  EXPECT_EQ(tree.num_evictable_pages(), 12);
  tree.Evict(3);
  EXPECT_EQ(Found(tree, {{1, 4}, {2, 4}}), 5);
  EXPECT_EQ(Found(tree, {{1, 4}, {3, 4}}), 8);
  tree.Evict(2);
  EXPECT_EQ(Found(tree, {{1, 4}, {2, 4}}), 4);
  EXPECT_EQ(Found(tree, {{1, 4}, {3, 4}}), 7);
  tree.Evict(5);
  EXPECT_EQ(Found(tree, {{1, 4}}), 2);
  tree.Evict(2);
  EXPECT_EQ(tree.num_pages(), 0);
  EXPECT_EQ(tree.num_nodes(), 0u);
}

TEST(PrefixTree, KeepsWhatIsHeld) {
  PrefixTree tree(1);
  Put(tree, {{1, 4}}, 4);
  Put(tree, {{2, 4}}, 4);
  const PrefixTree::Prefix prefix = tree.HoldPrefix(Pieces{{1, 4}}, 4);
  EXPECT_EQ(prefix.num_pages, 4);
  EXPECT_EQ(tree.num_evictable_pages(), 4);
  tree.Evict(4);
  EXPECT_EQ(Found(tree, {{1, 4}}), 4);
  EXPECT_EQ(Found(tree, {{2, 4}}), 0);
  tree.Release(prefix.node);
  EXPECT_EQ(tree.num_evictable_pages(), 4);
}

// Else what a request does not use would be missing when it needs pages.
TEST(PrefixTree, HoldsNoMoreThanThePrefix) {
  PrefixTree tree(4);
  Put(tree, {{1, 40}, {2, 4}}, 44);
  const PrefixTree::Prefix part = tree.HoldPrefix(Pieces{{1, 40}}, 18);
  EXPECT_EQ(part.num_pages, 4);
  EXPECT_EQ(tree.num_evictable_pages(), 7);
  EXPECT_EQ(Found(tree, {{1, 40}, {2, 4}}), 44);
  const PrefixTree::Prefix less = tree.HoldPrefix(Pieces{{1, 40}}, 10);
  EXPECT_EQ(less.num_pages, 2);
  EXPECT_EQ(tree.HoldPrefix(Pieces{{1, 3}}, 10).node, PrefixTree::kNone);
  tree.Release(part.node);
  EXPECT_EQ(tree.num_evictable_pages(), 9);
  // A holder's node does not grow under it.
  const PrefixTree::Prefix again = tree.Insert(Pieces{{3, 30}}, 9);
  EXPECT_EQ(Put(tree, {{3, 30}}, 30), 5);
  EXPECT_EQ(tree.num_evictable_pages(), 14);
  tree.Release(less.node);
  tree.Release(again.node);
  EXPECT_EQ(tree.num_evictable_pages(), 18);
  tree.Evict(18);
  EXPECT_EQ(tree.num_nodes(), 0u);
}

TEST(PrefixTree, SmallKeysAndOffsetsDoNotMeet) {
  PrefixTree tree(1);
  for (uint64_t key = 0; key < 300; ++key) {
    EXPECT_EQ(Found(tree, {{key, 9}}), 0) << key;
    EXPECT_EQ(Put(tree, {{key, 9}}, 9), 9) << key;
    for (int64_t pages = 1; pages < 9; ++pages)
      tree.Release(tree.HoldPrefix(Pieces{{key, 9}}, pages).node);
    EXPECT_EQ(Found(tree, {{key, 9}}), 9) << key;
  }
}

TEST(PrefixTree, AShortenedLeafGrowsAgain) {
  PrefixTree tree(1);
  Put(tree, {{1, 8}}, 8);
  tree.Evict(5);
  EXPECT_EQ(Found(tree, {{1, 8}, {2, 2}}), 3);
  EXPECT_EQ(Put(tree, {{1, 8}, {2, 2}}, 10), 7);
  EXPECT_EQ(Found(tree, {{1, 8}, {2, 2}}), 10);
}

TEST(PrefixTree, ManyReleasesTakeNoMemory) {
  PrefixTree tree(1);
  for (int i = 0; i < 100'000; ++i) Put(tree, {{static_cast<uint64_t>(i % 7), 4}}, 4);
  EXPECT_EQ(tree.num_nodes(), 7u);
  tree.Evict(28);
  EXPECT_EQ(tree.num_pages(), 0);
}

}  // namespace
}  // namespace redline::planner
