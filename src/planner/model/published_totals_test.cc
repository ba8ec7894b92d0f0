// Parameters and bytes against what is published of the checkpoints, to the last digit where it is.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "backends/model_configs.h"
#include "planner/model/model_shape_reader.h"
#include "planner/model/weight_totals.h"

namespace redline::planner {
namespace {

ModelShape ShapeOf(const std::string& name) {
  const auto config = backends::FindModelConfig(name);
  EXPECT_TRUE(config.ok()) << name;
  auto shape = ModelShapeFromConfig(config.ok() ? *config : nlohmann::json::object());
  EXPECT_TRUE(shape.ok()) << name << ": " << shape.status().ToString();
  return shape.ok() ? *shape : ModelShape{};
}

// What beside the language model's parameters a published total counts.
enum class Counts { kModel, kPrediction, kPredictionAndCopies };

int64_t CountOf(const ModelShape& shape, Counts counts) {
  const ByTensorClass parameters = ParametersOf(shape);
  if (counts == Counts::kModel) return parameters.Total() - parameters[TensorClass::kPrediction];
  const int64_t copies = counts == Counts::kPredictionAndCopies ? CopiedParametersOf(shape) : 0;
  return parameters.Total() + copies;
}

// The totals that the Hugging Face hub shows for the safetensors of each repository; of fp8
// checkpoints some with their scales, which `with_scales` adds.
TEST(PublishedTotalsTest, Parameters) {
  const struct {
    std::string name;
    Counts counts;
    int64_t total;
    int64_t with_scales = 0;
  } cases[] = {
      {"Llama-3.1-8B", Counts::kModel, 8'030'261'248},
      {"Llama-3.2-3B", Counts::kModel, 3'212'749'824},
      {"Llama-3.1-70B", Counts::kModel, 70'553'706'496},
      {"Llama-3.3-70B", Counts::kModel, 70'553'706'496},
      {"Qwen3-4B", Counts::kModel, 4'022'468'096},
      {"Qwen3-8B", Counts::kModel, 8'190'735'360},
      {"Qwen3-14B", Counts::kModel, 14'768'307'200},
      {"Qwen3-32B", Counts::kModel, 32'762'123'264},
      {"Qwen3-30B-A3B", Counts::kModel, 30'532'122'624},
      {"Qwen3-235B-A22B", Counts::kModel, 235'093'634'560},
      {"Qwen3-235B-A22B-FP8", Counts::kModel, 235'093'634'560, 235'107'904'512},
      {"gpt-oss-20b", Counts::kModel, 20'914'757'184},
      {"gpt-oss-120b", Counts::kModel, 116'829'156'672},
      {"GLM-4.5", Counts::kPredictionAndCopies, 358'337'791'296},
      {"GLM-4.5-Air", Counts::kPredictionAndCopies, 110'468'824'832},
      {"GLM-4.6", Counts::kPrediction, 356'785'898'816},
      {"GLM-5", Counts::kPrediction, 753'864'139'008},
      {"GLM-5-FP8", Counts::kPrediction, 753'864'139'008, 753'910'024'032},
      {"GLM-5.2", Counts::kPrediction, 753'329'940'480},
      // As the main model alone it is in many a conversion: 671,026,419,200.
      {"DeepSeek-V3", Counts::kModel, 671'026'419'200},
      {"DeepSeek-V3", Counts::kPredictionAndCopies, 684'489'845'504, 684'531'386'000},
      {"DeepSeek-R1-0528", Counts::kPredictionAndCopies, 684'489'845'504, 684'531'386'000},
      {"DeepSeek-V3.1", Counts::kPredictionAndCopies, 684'489'845'504, 684'531'386'000},
      {"DeepSeek-V3.2", Counts::kPredictionAndCopies, 685'355'329'792, 685'396'921'376},
      {"DeepSeek-V3.2-Exp", Counts::kPredictionAndCopies, 685'355'329'792, 685'396'921'376},
      {"Kimi-K2-Instruct", Counts::kModel, 1'026'408'232'448,
       // Kimi-K2-Instruct-0905, without RoPE's buffers: 128 numbers in each layer.
       1'026'470'735'448 - 61 * 128},
      {"Kimi-K2.5", Counts::kModel, 1'026'408'232'448},
      // MiniMax-M2's total; M2.5's is given with its scales.
      {"MiniMax-M2.5", Counts::kModel, 228'689'764'864, 228'703'644'928},
      {"Qwen3.5-397B-A17B", Counts::kModel, 396'346'350'336},
      {"Qwen3.5-397B-A17B", Counts::kPrediction, 396'346'350'336 + 6'595'568'128},
  };
  for (const auto& each : cases) {
    const ModelShape shape = ShapeOf(each.name);
    EXPECT_EQ(CountOf(shape, each.counts), each.total) << each.name;
    if (each.with_scales == 0) continue;
    EXPECT_EQ(CountOf(shape, each.counts) + ScalesOf(shape), each.with_scales) << each.name;
  }
}

// What the files of a checkpoint hold, their headers left out.
TEST(PublishedTotalsTest, Bytes) {
  const struct {
    std::string name;
    Counts counts;
    int64_t bytes;
  } cases[] = {
      // model.safetensors.index.json: total_size.
      {"Llama-3.1-70B", Counts::kModel, 141'107'412'992},
      {"Qwen3-30B-A3B", Counts::kModel, 61'064'245'248},
      // A sum over the headers of all files, without the vision tower (471,143,920 bf16 numbers).
      {"Kimi-K2.5", Counts::kModel, 595'148'192'736 - 2 * 471'143'920},
      // The same of Kimi-K2-Instruct-0905, without 256 bytes of RoPE's buffers in each layer.
      {"Kimi-K2-Instruct", Counts::kModel, 1'029'173'265'504 - 61 * 256},
      {"Qwen3.5-397B-A17B", Counts::kModel, 792'692'717'952},
      {"Qwen3.5-397B-A17B", Counts::kPrediction, 792'692'717'952 + 13'191'136'256},
  };
  for (const auto& each : cases) {
    const ByTensorClass bytes = BytesOf(ShapeOf(each.name));
    const int64_t prediction = each.counts == Counts::kModel ? bytes[TensorClass::kPrediction] : 0;
    EXPECT_EQ(bytes.Total() - prediction, each.bytes) << each.name;
  }
}

// As the publishers say, rounded.
TEST(PublishedTotalsTest, ActiveParameters) {
  const struct {
    std::string name;
    double billions;
  } cases[] = {
      {"gpt-oss-120b", 5.13},       // model card: 5.13B
      {"gpt-oss-20b", 3.61},        // model card: 3.61B
      {"Kimi-K2-Instruct", 31.7},   // technical report: 32B; without the embedding
      {"DeepSeek-V3", 36.6},        // technical report: 37B
      {"Qwen3.5-397B-A17B", 16.4},  // its name: 17B, with the embedding
      {"MiniMax-M2.5", 10.4},       // model card: 10B
      {"Qwen3-235B-A22B", 21.6},    // its name: 22B, with the embedding
      {"Qwen3-30B-A3B", 3.04},      // its name: 3B
      {"Qwen3-4B", 4.02},           // dense: all of it
  };
  for (const auto& each : cases) {
    const double active = static_cast<double>(ActiveParametersOf(ShapeOf(each.name))) / 1e9;
    EXPECT_NEAR(active, each.billions, each.billions * 0.005) << each.name;
  }
}

// What the catalogue says of the same models was computed apart from this.
TEST(PublishedTotalsTest, EveryConfigurationOfTheCatalogueIsKnown) {
  for (const std::string& name : backends::ModelConfigNames()) {
    const ModelShape shape = ShapeOf(name);
    EXPECT_GT(BytesOf(shape).Total(), 0) << name;
    EXPECT_FALSE(ToJson(shape).empty()) << name;
  }
}

TEST(PublishedTotalsTest, ClassesOfDeepSeekV32) {
  const ModelShape shape = ShapeOf("DeepSeek-V3.2");
  const ByTensorClass bytes = BytesOf(shape);
  constexpr int64_t kExpert = 44'050'944;
  EXPECT_EQ(bytes[TensorClass::kRoutedExperts], 58 * 256 * kExpert);
  EXPECT_EQ(bytes[TensorClass::kSharedExperts], 58 * kExpert);
  EXPECT_EQ(bytes[TensorClass::kDenseFfn], 3 * 396'458'496);
  EXPECT_EQ(bytes[TensorClass::kRouter], 58 * 3'671'040);
  EXPECT_EQ(bytes[TensorClass::kIndexer], 61 * 14'421'728);
  EXPECT_EQ(bytes[TensorClass::kEmbedding] + bytes[TensorClass::kHead],
            int64_t{2} * 2 * 129280 * 7168);
  EXPECT_EQ(bytes.Total() + 2 * CopiedParametersOf(shape), 689'468'986'496);
  EXPECT_EQ(ParametersOf(shape)[TensorClass::kIndexer],
            61 * (64 * 128 * 1536 + 128 * 7168 + 2 * 128 + 64 * 7168));
}

}  // namespace
}  // namespace redline::planner
