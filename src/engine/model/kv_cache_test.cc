#include "engine/model/kv_cache.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

namespace redline::engine {
namespace {

constexpr KvLayout kLayout = {.num_layers = 3, .num_kv_heads = 2, .head_dim = 8};

KvLayout LayoutOf(KvDtype dtype) {
  KvLayout layout = kLayout;
  layout.dtype = dtype;
  return layout;
}

TEST(KvCacheTest, PagesAndLayersDoNotOverlap) {
  constexpr int64_t kHalf = 2 * 5 * 8;
  for (const KvDtypeInfo& info : KvDtypes()) {
    const auto kv = KvCache::Create(LayoutOf(info.dtype), 4, 5).value();
    const auto for_each_half = [&](const auto& body) {
      for (int32_t page = 0; page < 4; ++page) {
        const int64_t offset = kv->PageOffset(PageId{page});
        for (int64_t layer = 0; layer < 3; ++layer) {
          body(kv->Keys(layer).At(offset), kv->Keys(layer).At(offset + kHalf));
          body(kv->Values(layer).At(offset), kv->Values(layer).At(offset + kHalf));
        }
      }
    };
    uint8_t stamp = 0;
    int64_t num_bytes = 0;
    for_each_half([&](std::byte* begin, std::byte* end) {
      EXPECT_EQ(end - begin, kHalf * info.element_bytes);
      num_bytes += end - begin;
      std::fill(begin, end, std::byte{++stamp});
    });
    EXPECT_EQ(kv->num_bytes(), num_bytes);
    stamp = 0;
    for_each_half([&](const std::byte* begin, const std::byte* end) {
      ++stamp;
      EXPECT_EQ(end - begin, std::count(begin, end, std::byte{stamp})) << info.name;
    });
  }
}

TEST(KvCacheTest, BytesPerTokenFollowTheDtype) {
  EXPECT_EQ(LayoutOf(KvDtype::kF32).BytesPerToken(), 3 * 2 * 8 * 2 * 4);
  EXPECT_EQ(LayoutOf(KvDtype::kBf16).BytesPerToken(), 3 * 2 * 8 * 2 * 2);
  EXPECT_EQ(LayoutOf(KvDtype::kFp8E4m3).BytesPerToken(), 3 * 2 * 8 * 2);
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
