#include "planner/cost/model_step_cost.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "backends/model_configs.h"
#include "planner/model/model_shape_reader.h"

namespace redline::planner {
namespace {

constexpr GpuPeaks kH200{.memory_bytes_per_second = 4.8e12,
                         .bf16_flops = 989e12,
                         .fp8_flops = 1979e12,
                         .link_bytes_per_second = 450e9};

ModelShape Shape(const char* name) {
  return *ModelShapeFromConfig(*backends::FindModelConfig(name));
}

std::unique_ptr<ModelStepCost> Cost(const ModelShape& shape, ParallelLayout layout,
                                    const EngineCalibration& calibration = {},
                                    EngineKernels kernels = {}) {
  kernels.engine = "sglang";
  kernels.version = "0.5.9";
  kernels.layout = layout;
  return ModelStepCost::Make({.shape = &shape,
                              .kernels = kernels,
                              .curves = FindKernelSet("H200").kernels,
                              .peaks = kH200,
                              .calibration = calibration})
      .value();
}

RankStep Decodes(int64_t requests, int64_t context) {
  return {.decode_requests = requests,
          .decode_context_tokens = requests * context,
          .sampled_rows = requests};
}

constexpr const char* kModels[] = {"DeepSeek-V3.2", "DeepSeek-R1-0528",  "GLM-4.6",  "gpt-oss-120b",
                                   "Qwen3-32B",     "Qwen3.5-397B-A17B", "Kimi-K2.5"};

TEST(ModelStepCostTest, OperationsAddUpToTheStep) {
  for (const char* name : kModels) {
    const ModelShape shape = Shape(name);
    const auto cost = Cost(shape, {.attention_tp = 8, .ffn_tp = 8});
    const PrefillChunk chunks[] = {{1500, 0}, {500, 700}};
    const RankStep steps[] = {Decodes(1, 100),
                              Decodes(64, 2000),
                              Decodes(700, 300),
                              {.prefill = chunks, .sampled_rows = 2},
                              {.prefill = chunks,
                               .decode_requests = 30,
                               .decode_context_tokens = 30'000,
                               .sampled_rows = 32}};
    for (const RankStep& step : steps) {
      const double seconds = cost->SecondsOf({&step, 1});
      EXPECT_GT(seconds, 1e-4) << name;
      EXPECT_LT(seconds, 2) << name;
      // Tables are piecewise linear: that much they may differ from the curves.
      EXPECT_NEAR(cost->TimesOf({&step, 1}).Total() / seconds, 1, 0.06) << name;
    }
  }
}

TEST(ModelStepCostTest, MoreWorkTakesLonger) {
  for (const char* name : kModels) {
    const ModelShape shape = Shape(name);
    const auto cost = Cost(shape, {.attention_tp = 8, .ffn_tp = 8});
    double before = 0;
    for (const int64_t requests : {1, 8, 64, 256, 512}) {
      const RankStep step = Decodes(requests, 1000);
      const double seconds = cost->SecondsOf({&step, 1});
      EXPECT_GE(seconds, before * 0.98) << name << " " << requests;
      before = seconds;
    }
    before = 0;
    for (const int64_t context : {100, 1000, 10'000, 100'000}) {
      const RankStep step = Decodes(16, context);
      const double seconds = cost->SecondsOf({&step, 1});
      EXPECT_GE(seconds, before * 0.98) << name << " " << context;
      before = seconds;
    }
  }
}

TEST(ModelStepCostTest, AnIdleEngineTakesNoTime) {
  const ModelShape shape = Shape("Qwen3-8B");
  const RankStep idle;
  EXPECT_EQ(Cost(shape, {})->SecondsOf({&idle, 1}), 0);
}

TEST(ModelStepCostTest, TheSlowestRankDecides) {
  const ModelShape shape = Shape("DeepSeek-V3.2");
  const auto cost = Cost(shape, {.attention_tp = 1, .attention_dp = 8, .ffn_tp = 8});
  std::vector<RankStep> even(8, Decodes(16, 8000));
  std::vector<RankStep> uneven(8, Decodes(0, 0));
  uneven[3] = Decodes(128, 8000);
  EXPECT_GT(cost->SecondsOf(uneven), 1.2 * cost->SecondsOf(even));
}

TEST(ModelStepCostTest, StepsWithoutAGraphWaitForTheHost) {
  const ModelShape shape = Shape("Qwen3-8B");
  EngineCalibration calibration;
  calibration.eager_layer_ms = 1;
  EngineKernels kernels{.max_graph_tokens = 128, .pads_graphs = false, .graph_sizes = {1, 64, 128}};
  const auto cost = Cost(shape, {}, calibration, kernels);
  const RankStep captured = Decodes(64, 100);
  const RankStep between = Decodes(65, 100);
  EXPECT_LT(cost->SecondsOf({&captured, 1}), 0.02);
  EXPECT_GE(cost->SecondsOf({&between, 1}), 0.036);  // 36 layers
}

TEST(ModelStepCostTest, PaddedHeadsMakeSmallSharesOfSparsePrefillDear) {
  // 16 of 128 heads take far more than an eighth of the time (FlashMLA pads them to 64): what data
  // parallel attention saves.
  const ModelShape shape = Shape("DeepSeek-V3.2");
  const PrefillChunk chunk{8192, 0};
  const RankStep whole{.prefill = {&chunk, 1}, .sampled_rows = 1};
  const double tp8 =
      Cost(shape, {.attention_tp = 8, .ffn_tp = 8})->TimesOf({&whole, 1})[Operation::kAttention];
  const double dp1 = Cost(shape, {.attention_tp = 1, .ffn_tp = 8, .expert_parallel = 1})
                         ->TimesOf({&whole, 1})[Operation::kAttention];
  EXPECT_GT(tp8 * 8, 3 * dp1);
}

TEST(ModelStepCostTest, PipelinesAreNotCovered) {
  const ModelShape shape = Shape("Qwen3-8B");
  const auto made = ModelStepCost::Make({.shape = &shape,
                                         .kernels = {.layout = {.pipeline = 2}},
                                         .curves = FindKernelSet("H200").kernels,
                                         .peaks = kH200});
  EXPECT_EQ(made.status().code(), Code::kUnimplemented);
}

}  // namespace
}  // namespace redline::planner
