#include "planner/model/rank_weights.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "backends/model_configs.h"
#include "planner/model/model_shape_reader.h"

namespace redline::planner {
namespace {

ModelShape RankShape(const std::string& name) {
  return ModelShapeFromConfig(backends::FindModelConfig(name).value()).value();
}

double Gib(int64_t bytes) { return static_cast<double>(bytes) / (int64_t{1} << 30); }

TEST(RankWeightsTest, OneRankHasEverything) {
  for (const std::string& name : backends::ModelConfigNames()) {
    const ModelShape shape = RankShape(name);
    WeightPlacement placement;
    placement.loads_prediction = true;
    EXPECT_EQ(HeaviestRank(shape, placement)->bytes, BytesOf(shape)) << name;
  }
}

// Tensor parallelism keeps 80.1 GiB of DeepSeek-V3.2 on each of eight GPUs, data-parallel attention
// 90.2: attention and the embedding are then whole on each.
TEST(RankWeightsTest, DeepSeekV32OnEightGpus) {
  const ModelShape shape = RankShape("DeepSeek-V3.2");
  const auto tp = HeaviestRank(shape, TensorParallel(8));
  EXPECT_NEAR(Gib(tp->bytes.Total()), 80.1, 0.1);
  EXPECT_NEAR(Gib(tp->bytes[TensorClass::kAttention] + tp->bytes[TensorClass::kIndexer]), 2.90,
              0.01);
  EXPECT_NEAR(Gib(tp->bytes[TensorClass::kRoutedExperts]), 76.14, 0.01);
  EXPECT_NEAR(Gib(tp->bytes[TensorClass::kRouter]), 0.20, 0.01);  // whole

  const auto dp = HeaviestRank(shape, DataParallelAttention(8, 8));
  EXPECT_NEAR(Gib(dp->bytes.Total()), 90.2, 0.1);
  EXPECT_NEAR(Gib(dp->bytes[TensorClass::kAttention] + dp->bytes[TensorClass::kIndexer]), 11.45,
              0.01);
  EXPECT_EQ(dp->bytes[TensorClass::kEmbedding], 2 * 129280 * 7168);
  EXPECT_EQ(dp->bytes[TensorClass::kHead], 2 * 129280 * 7168 / 8);

  WeightPlacement with_prediction = TensorParallel(8);
  with_prediction.loads_prediction = true;
  EXPECT_NEAR(Gib(HeaviestRank(shape, with_prediction)->bytes.Total() - tp->bytes.Total()), 1.56,
              0.01);
}

// 32 whole experts weigh what an eighth of each of 256 does.
TEST(RankWeightsTest, ExpertParallelismHoldsAsMuch) {
  const ModelShape shape = RankShape("DeepSeek-V3.2");
  const auto tp = HeaviestRank(shape, TensorParallel(8));
  for (const int64_t ep_size : {2, 4, 8}) {
    const auto ep = HeaviestRank(shape, TensorParallel(8, ep_size));
    EXPECT_EQ(ep->bytes[TensorClass::kRoutedExperts], tp->bytes[TensorClass::kRoutedExperts]);
  }
  WeightPlacement uneven = TensorParallel(6, 6);  // 43 of 256
  EXPECT_EQ(HeaviestRank(shape, uneven)->bytes[TensorClass::kRoutedExperts], 58 * 43 * 44'050'944L);
}

// Qwen3-235B-A22B has four heads of keys and values: on eight ranks each is there twice.
TEST(RankWeightsTest, KeyValueHeadsAreThereAtLeastOnce) {
  const ModelShape shape = RankShape("Qwen3-235B-A22B");
  const int64_t query_and_output = int64_t{2} * 2 * 64 * 128 * 4096;
  const int64_t key_and_value = int64_t{2} * 2 * 4 * 128 * 4096;
  EXPECT_EQ(HeaviestRank(shape, TensorParallel(4))->bytes[TensorClass::kAttention],
            94 * (query_and_output / 4 + key_and_value / 4));
  EXPECT_EQ(HeaviestRank(shape, TensorParallel(8))->bytes[TensorClass::kAttention],
            94 * (query_and_output / 8 + key_and_value / 4));
}

TEST(RankWeightsTest, PipelineStages) {
  const ModelShape shape = RankShape("DeepSeek-V3");
  WeightPlacement placement = TensorParallel(8);
  placement.pp_size = 2;
  const auto stage = HeaviestRank(shape, placement);
  // The first has 31 layers, but three of them are dense; the second 30 and the head.
  EXPECT_EQ(stage->stage, 1);
  EXPECT_EQ(stage->num_layers, 30);
  EXPECT_EQ(stage->bytes[TensorClass::kEmbedding], 0);
  EXPECT_GT(stage->bytes[TensorClass::kHead], 0);

  // A head that is the embedding is on the last stage once more.
  placement = {.pp_size = 2};
  EXPECT_EQ(HeaviestRank(RankShape("Qwen3-4B"), placement)->bytes[TensorClass::kHead] +
                HeaviestRank(RankShape("Qwen3-4B"), placement)->bytes[TensorClass::kEmbedding],
            2 * 151936 * 2560);
}

TEST(RankWeightsTest, SizesThatCannotBe) {
  const ModelShape shape = RankShape("Qwen3-4B");
  for (const int64_t size : {int64_t{0}, int64_t{-1}, int64_t{1} << 40}) {
    EXPECT_EQ(HeaviestRank(shape, {.attention_tp_size = size}).status().param(),
              "attention_tp_size");
    EXPECT_EQ(HeaviestRank(shape, {.expert_parallel_size = size}).status().param(),
              "expert_parallel_size");
  }
  EXPECT_THAT(HeaviestRank(shape, {.pp_size = 37}).status().message(),
              ::testing::HasSubstr("more than the model's 36 layers"));
}

}  // namespace
}  // namespace redline::planner
