#include "engine/model/kv_cache.h"

#include <gtest/gtest.h>

#include <limits>

namespace redline::engine {
namespace {

constexpr KvLayout kLayout = {.num_layers = 3, .num_kv_heads = 2, .head_dim = 8};

TEST(KvCacheTest, PagesAndLayersDoNotOverlap) {
  const auto kv = KvCache::Create(kLayout, 4, 5).value();
  EXPECT_EQ(kv->num_bytes(), 4 * 5 * kLayout.BytesPerToken());
  constexpr int64_t kHalf = 2 * 5 * 8;
  float stamp = 0;
  for (int32_t page = 0; page < 4; ++page) {
    for (int64_t layer = 0; layer < 3; ++layer) {
      std::fill_n(kv->Keys(layer, PageId{page}), kHalf, ++stamp);
      std::fill_n(kv->Values(layer, PageId{page}), kHalf, ++stamp);
    }
  }
  stamp = 0;
  for (int32_t page = 0; page < 4; ++page) {
    for (int64_t layer = 0; layer < 3; ++layer) {
      EXPECT_EQ(kv->Keys(layer, PageId{page}),
                kv->Keys(layer, PageId{0}) + kv->PageOffset(PageId{page}));
      for (float* half : {kv->Keys(layer, PageId{page}), kv->Values(layer, PageId{page})}) {
        ++stamp;
        EXPECT_EQ(half[0], stamp);
        EXPECT_EQ(half[kHalf - 1], stamp);
      }
    }
  }
}

TEST(KvCacheTest, RefusesWhatCannotBe) {
  EXPECT_EQ(KvCache::Create(kLayout, 0, 16).status().code(), Code::kInvalidArgument);
  EXPECT_EQ(KvCache::Create(kLayout, std::numeric_limits<int64_t>::max() / 2, 16).status().code(),
            Code::kInvalidArgument);
  const Status status = KvCache::Create(kLayout, int64_t{1} << 40, 16).status();
  EXPECT_EQ(status.code(), Code::kResourceExhausted);
  EXPECT_NE(status.message().find("available"), std::string::npos);
}

}  // namespace
}  // namespace redline::engine
