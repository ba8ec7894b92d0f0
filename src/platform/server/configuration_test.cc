#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "platform/server/views.h"

namespace redline::platform {
namespace {

using ::testing::ElementsAre;

// "name requested resolved effective" of each row, "!" behind one that differs.
std::vector<std::string> RowsOf(const spec::EngineConfig& engine,
                                const spec::Parameters& effective) {
  std::vector<std::string> rows;
  for (const auto& row : ConfigurationOf(engine, effective))
    rows.push_back(row.name + " [" + row.requested + "] [" + row.resolved + "] [" + row.effective +
                   "]" + (row.differs ? "!" : ""));
  return rows;
}

TEST(ConfigurationTest, VllmsGroupsStandBesideItsArgumentsAndItsWords) {
  spec::EngineConfig engine{.engine = "vllm", .version = "0.13.0"};
  engine.arguments = {"--tensor-parallel-size", "8", "--kv-cache-dtype", "fp8", "--seed", "1"};
  engine.resolved = {{"parallel.tensor_parallel_size", int64_t{8}},
                     {"cache.cache_dtype", std::string("fp8")},
                     {"cache.block_size", int64_t{64}},
                     {"model.max_model_len", int64_t{4096}},
                     {"a.twice", int64_t{1}},
                     {"b.twice", int64_t{1}}};
  EXPECT_THAT(
      RowsOf(engine, {{"tensor_parallel_size", int64_t{8}},
                      {"kv_cache_dtype", std::string("fp8")},
                      {"block_size", int64_t{16}},
                      {"twice", int64_t{2}}}),
      ElementsAre("a.twice [] [1] []", "b.twice [] [1] []", "cache.block_size [] [64] [16]!",
                  "cache.cache_dtype [fp8] [fp8] [fp8]", "model.max_model_len [] [4096] []",
                  "parallel.tensor_parallel_size [8] [8] [8]", "seed [1] [] []"));
}

TEST(ConfigurationTest, SglangsFlagsStandBesideItsFields) {
  spec::EngineConfig engine{.engine = "sglang", .version = "0.5.6.post2"};
  engine.arguments = {"--tp", "8"};
  engine.resolved = {{"tp_size", int64_t{8}}};
  EXPECT_THAT(RowsOf(engine, {{"tp_size", int64_t{8}}}), ElementsAre("tp_size [8] [8] [8]"));
}

TEST(ConfigurationTest, OfAnEngineThatIsNotKnownNothingIsMoved) {
  spec::EngineConfig engine{.engine = "other", .version = "1"};
  engine.requested = {{"x", int64_t{1}}};
  engine.resolved = {{"x", int64_t{2}}};
  EXPECT_THAT(RowsOf(engine, {{"x", int64_t{2}}}), ElementsAre("x [1] [2] [2]"));
}

}  // namespace
}  // namespace redline::platform
