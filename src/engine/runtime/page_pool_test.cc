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

TEST(PagePool, ReleasedPagesComeBackWarmestFirst) {
  PagePool pool(3);
  std::vector<PageId> pages;
  ASSERT_TRUE(pool.Allocate(3, pages));
  pool.Release(pages[2]);
  pool.Release(pages[0]);
  EXPECT_EQ(pool.num_free(), 2);
  std::vector<PageId> again;
  ASSERT_TRUE(pool.Allocate(1, again));
  EXPECT_EQ(again[0], pages[0]);
}

}  // namespace
}  // namespace redline::engine
