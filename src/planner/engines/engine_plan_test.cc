#include "planner/engines/engine_plan.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "backends/model_configs.h"
#include "planner/model/model_shape_reader.h"

namespace redline::planner {
namespace {

using nlohmann::json;

ModelShape Shape(const char* name) {
  return *ModelShapeFromConfig(*backends::FindModelConfig(name));
}

EngineSettings Settings(const char* engine, const json& resolved, const ModelShape& shape) {
  auto settings = SettingsOfResolved(engine, "x", resolved, shape);
  EXPECT_TRUE(settings.ok()) << settings.status().ToString();
  return settings.ok() ? *settings : EngineSettings{};
}

TEST(EngineSettingsTest, SglangsDataParallelAttentionDividesTheRanks) {
  const ModelShape shape = Shape("DeepSeek-V3.2");
  const EngineSettings settings = Settings("sglang",
                                           {{"tp_size", 8},
                                            {"dp_size", 8},
                                            {"enable_dp_attention", true},
                                            {"chunked_prefill_size", 1024},
                                            {"schedule_conservativeness", 0.3},
                                            {"mem_fraction_static", 0.769},
                                            {"page_size", 64},
                                            {"nsa_decode_backend", "fa3"},
                                            {"nsa_prefill_backend", "flashmla_sparse"}},
                                           shape);
  EXPECT_EQ(settings.layout.attention_tp, 1);
  EXPECT_EQ(settings.layout.attention_dp, 8);
  EXPECT_EQ(settings.layout.ffn_tp, 8);
  EXPECT_TRUE(settings.ranks_in_lockstep);
  EXPECT_EQ(settings.step_token_budget, 1024);
  EXPECT_FALSE(settings.pads_heads_in_decode);
  EXPECT_TRUE(settings.pads_heads_in_prefill);
  EXPECT_FALSE(settings.requantizes_pool);
}

TEST(EngineSettingsTest, ADataParallelSizeWithoutTheFlagIsReplicas) {
  const EngineSettings settings =
      Settings("sglang", {{"tp_size", 2}, {"dp_size", 4}}, Shape("Qwen3-8B"));
  EXPECT_EQ(settings.layout.attention_tp, 2);
  EXPECT_EQ(settings.layout.attention_dp, 1);
  EXPECT_EQ(settings.layout.replicas, 4);
  EXPECT_FALSE(settings.ranks_in_lockstep);
}

TEST(EngineSettingsTest, Fp8KernelsOnA16BitCacheRequantizeIt) {
  const EngineSettings settings = Settings(
      "sglang", {{"tp_size", 8}, {"nsa_decode_backend", "flashmla_kv"}}, Shape("DeepSeek-V3.2"));
  EXPECT_TRUE(settings.requantizes_pool);
  EXPECT_TRUE(settings.pads_heads_in_decode);
}

TEST(EngineSettingsTest, VllmsRanksShareExpertsOnly) {
  const json resolved = {
      {"parallel",
       {{"tensor_parallel_size", 1}, {"data_parallel_size", 8}, {"enable_expert_parallel", true}}},
      {"cache", {{"block_size", 64}, {"cache_dtype", "fp8"}}},
      {"scheduler", {{"max_num_seqs", 512}}}};
  const EngineSettings sparse = Settings("vllm", resolved, Shape("DeepSeek-V3.2"));
  EXPECT_EQ(sparse.layout.attention_dp, 8);
  EXPECT_EQ(sparse.layout.expert_parallel, 8);
  EXPECT_EQ(sparse.layout.ffn_tp, 1);
  EXPECT_EQ(sparse.cache_dtype, CacheDtype::kFp8);
  EXPECT_EQ(sparse.max_running_requests, 512);
  const EngineSettings dense = Settings("vllm", resolved, Shape("Qwen3-8B"));
  EXPECT_EQ(dense.layout.replicas, 8);
  EXPECT_EQ(dense.layout.attention_dp, 1);
}

TEST(EngineSettingsTest, AbsurdSizesAreRefused) {
  const ModelShape shape = Shape("Qwen3-8B");
  for (const json& resolved :
       {json{{"tp_size", 0}}, json{{"tp_size", -8}}, json{{"tp_size", 1 << 20}},
        json{{"tp_size", 2}, {"ep_size", 8}}, json{{"dp_size", 100'000}}}) {
    EXPECT_FALSE(SettingsOfResolved("sglang", "x", resolved, shape).ok()) << resolved;
  }
  EXPECT_EQ(SettingsOfResolved("llama_cpp", "x", json::object(), shape).status().code(),
            Code::kUnimplemented);
}

struct Planned {
  ModelShape shape;
  HardwareSpec hardware;
  Result<EnginePlan> plan;
};

Planned Plan(const char* model, const char* hardware, const char* engine, ParallelLayout layout) {
  Planned planned{Shape(model), *FindHardwareSpec(hardware), Internal("")};
  auto settings = DefaultSettings(engine, "", layout, planned.shape);
  planned.plan = PlanEngine(*settings, {.shape = &planned.shape, .hardware = &planned.hardware});
  return planned;
}

TEST(EnginePlanTest, TheLedgerAddsUp) {
  for (const char* engine : {"sglang", "vllm", "tensorrt_llm"}) {
    const Planned planned =
        Plan("DeepSeek-V3.2", "h200x8", engine, {.attention_tp = 8, .ffn_tp = 8});
    ASSERT_TRUE(planned.plan.ok()) << planned.plan.status().ToString();
    const MemoryLedger& ledger = planned.plan->ledger;
    int64_t sum = 0;
    for (const MemoryLedger::Term& term : ledger.terms) {
      EXPECT_GE(term.num_bytes, 0) << engine << " " << term.name;
      sum += term.num_bytes;
    }
    EXPECT_EQ(sum, ledger.total_bytes) << engine;
    EXPECT_EQ(ledger.kv_bytes_per_token, 78'324) << engine;  // 61 layers of 1152 + 132 bytes
    EXPECT_GT(ledger.kv_tokens, 100'000) << engine;
  }
}

TEST(EnginePlanTest, WhatDoesNotFitIsRefusedWithTheArithmetic) {
  const Planned planned =
      Plan("DeepSeek-V3.2", "h100x8", "sglang", {.attention_tp = 8, .ffn_tp = 8});
  ASSERT_EQ(planned.plan.status().code(), Code::kFailedPrecondition);
  EXPECT_NE(planned.plan.status().message().find("weights"), std::string::npos);
  const Planned wide = Plan("Qwen3-8B", "h200x4", "vllm", {.attention_tp = 8, .ffn_tp = 8});
  EXPECT_EQ(wide.plan.status().code(), Code::kInvalidArgument);
}

TEST(EnginePlanTest, BackendsThatNobodyMeasuredAreSaid) {
  const ModelShape shape = Shape("DeepSeek-V3.2");
  const HardwareSpec hardware = *FindHardwareSpec("h200x8");
  const auto notes_of = [&](const char* prefill) {
    const EngineSettings settings = Settings("sglang",
                                             {{"tp_size", 8},
                                              {"nsa_prefill_backend", prefill},
                                              {"nsa_decode_backend", "fa3"},
                                              {"mem_fraction_static", 0.87}},
                                             shape);
    const auto plan = PlanEngine(settings, {.shape = &shape, .hardware = &hardware});
    EXPECT_TRUE(plan.ok()) << plan.status().ToString();
    std::string notes;
    for (const std::string& note : plan->notes) notes += note;
    return notes;
  };
  EXPECT_EQ(notes_of("flashmla_sparse").find("other backends"), std::string::npos);
  EXPECT_NE(notes_of("fa3").find("other backends"), std::string::npos);
}

TEST(EnginePlanTest, AnUnmeasuredGpuIsSaid) {
  const Planned planned = Plan("Qwen3-8B", "l40sx1", "vllm", {});
  ASSERT_TRUE(planned.plan.ok()) << planned.plan.status().ToString();
  EXPECT_NE(planned.plan->notes.front().find("no kernel was measured on L40S"), std::string::npos);
}

}  // namespace
}  // namespace redline::planner
