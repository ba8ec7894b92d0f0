#include "engine/runtime/page_pool.h"

#include <gtest/gtest.h>

#include <set>

namespace redline::engine {
namespace {

TEST(PagePool, GivesEachPageOnce) {
  PagePool pool(5);
  std::vector<PageId> pages;
  ASSERT_TRUE(pool.Allocate(5, pages));
  EXPECT_EQ(std::set<PageId>(pages.begin(), pages.end()).size(), 5u);
  EXPECT_EQ(pool.num_free(), 0);
}

TEST(PagePool, AllOrNothing) {
  PagePool pool(3);
  std::vector<PageId> pages;
  ASSERT_TRUE(pool.Allocate(2, pages));
  EXPECT_FALSE(pool.Allocate(2, pages));
  EXPECT_EQ(pages.size(), 2u);
  EXPECT_EQ(pool.num_free(), 1);
}

TEST(PagePool, SharedPageIsFreedWithItsLastReference) {
  PagePool pool(2);
  std::vector<PageId> first;
  ASSERT_TRUE(pool.Allocate(1, first));
  std::vector<PageId> second = first;
  pool.AddReference(first[0]);
  pool.ReleaseAll(first);
  EXPECT_TRUE(first.empty());
  EXPECT_EQ(pool.num_free(), 1);
  pool.ReleaseAll(second);
  EXPECT_EQ(pool.num_free(), 2);
}

}  // namespace
}  // namespace redline::engine
