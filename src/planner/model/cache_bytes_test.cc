#include "planner/model/cache_bytes.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "backends/model_configs.h"
#include "planner/model/model_shape_reader.h"

namespace redline::planner {
namespace {

ModelShape CatalogShape(const std::string& name) {
  return ModelShapeFromConfig(backends::FindModelConfig(name).value()).value();
}

TEST(CacheBytesTest, RowsOfDeepSeekV32) {
  const Attention attention = CatalogShape("DeepSeek-V3.2").groups[0].attention;
  for (const int64_t ranks : {1, 8}) {  // whole on every rank
    const CacheRow bf16 = CacheRowOf(attention, CacheDtype::kBf16, ranks);
    EXPECT_EQ(bf16.attention_bytes, 1152);
    EXPECT_EQ(bf16.indexer_bytes, 132);
    EXPECT_EQ(CacheRowOf(attention, CacheDtype::kFp8, ranks).attention_bytes, 656);
  }
}

TEST(CacheBytesTest, BytesPerToken) {
  const struct {
    std::string name;
    CacheDtype dtype;
    int64_t ranks;
    int64_t bytes;
  } cases[] = {
      {"DeepSeek-V3.2", CacheDtype::kBf16, 8, 78'324},
      {"DeepSeek-V3.2", CacheDtype::kFp8, 8, 48'068},
      {"DeepSeek-V3", CacheDtype::kBf16, 1, 61 * 1152},
      {"DeepSeek-V3", CacheDtype::kFp8, 1, 61 * 576},
      {"Llama-3.1-8B", CacheDtype::kBf16, 1, 131'072},
      {"Llama-3.1-8B", CacheDtype::kFp8, 1, 65'536},
      {"Llama-3.1-8B", CacheDtype::kBf16, 8, 16'384},
      {"Llama-3.1-8B", CacheDtype::kBf16, 16, 16'384},  // a head is the least
      {"Qwen3-235B-A22B", CacheDtype::kBf16, 8, 94 * 512},
      {"gpt-oss-120b", CacheDtype::kBf16, 1, 73'728},
      {"Qwen3.5-397B-A17B", CacheDtype::kBf16, 1, 15 * 2048},
      // 21 of its 78 layers choose; the others take what these chose.
      {"GLM-5.2", CacheDtype::kBf16, 1, 78 * 1152 + 21 * 132},
  };
  for (const auto& each : cases)
    EXPECT_EQ(CacheBytesPerToken(CatalogShape(each.name), each.dtype, each.ranks), each.bytes)
        << each.name << " on " << each.ranks;
}

// 64 states of 128 x 128 in fp32 and three columns of 12288 channels in each of 45 layers.
TEST(CacheBytesTest, StatesOfLinearAttention) {
  const ModelShape shape = CatalogShape("Qwen3.5-397B-A17B");
  EXPECT_EQ(StateBytesPerRequest(shape, 1), 188'743'680 + 45 * 12288 * 3 * 2);
  EXPECT_EQ(StateBytesPerRequest(shape, 8), (188'743'680 + 45 * 12288 * 3 * 2) / 8);
  EXPECT_EQ(StateBytesPerRequest(CatalogShape("Qwen3-8B"), 1), 0);
}

}  // namespace
}  // namespace redline::planner
