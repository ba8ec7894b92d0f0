#include "planner/cpu/cpu_policy.h"

#include <gtest/gtest.h>

#include "planner/cpu/cpu_plan.h"

namespace redline::planner {
namespace {

using spec::Parameters;

spec::ModelSpec TinyModel() { return {.context_length = 8192, .kv_bytes_per_token = 46080}; }

TEST(CpuPolicy, ReadsWhatAnEngineRunsWith) {
  struct Case {
    const char* engine;
    Parameters resolved;
    int64_t running;
    int64_t budget;
    int64_t kv_tokens;
    int64_t page_size;
    int64_t ranks;
  };
  const Case cases[] = {
      {"native", {{"max_total_tokens", int64_t{32768}}}, 64, 512, 32768, 16, 1},
      {"native",
       {{"max_total_tokens", int64_t{1024}},
        {"max_running_requests", int64_t{8}},
        {"chunked_prefill_size", int64_t{64}},
        {"page_size", int64_t{32}},
        {"dp_size", int64_t{2}}},
       8,
       64,
       1024,
       32,
       2},
      // 4 GiB over 46,080 bytes are 93,206 tokens; whole blocks of 128.
      {"vllm", {{"dtype", std::string("float32")}}, 128, 2048, 93184, 128, 1},
      {"vllm",
       {{"max_num_seqs", int64_t{16}},
        {"max_num_batched_tokens", int64_t{512}},
        {"VLLM_CPU_KVCACHE_SPACE", int64_t{1}},
        {"block_size", int64_t{32}}},
       16,
       512,
       46592,
       32,
       1},
      {"vllm", {{"enable_chunked_prefill", false}}, 128, 8192, 186368, 128, 1},
      {"llama_cpp", {}, 4, 2048, 8192, 1, 1},
      {"llama_cpp",
       {{"parallel", int64_t{8}}, {"ctx_size", int64_t{16384}}, {"batch_size", int64_t{256}}},
       8,
       256,
       16384,
       1,
       1},
      {"llama_cpp", {{"parallel", int64_t{-1}}}, 4, 2048, 8192, 1, 1},
  };
  for (const Case& each : cases) {
    const auto policy = CpuPolicyOf(each.engine, each.resolved, TinyModel());
    ASSERT_TRUE(policy.ok()) << policy.status().message();
    EXPECT_EQ(policy->kind, SchedulerPolicy::Kind::kMixed);
    EXPECT_EQ(policy->max_running_requests, each.running) << each.engine;
    EXPECT_EQ(policy->step_token_budget, each.budget) << each.engine;
    EXPECT_EQ(policy->kv_tokens, each.kv_tokens) << each.engine;
    EXPECT_EQ(policy->page_size, each.page_size) << each.engine;
    EXPECT_EQ(policy->num_ranks, each.ranks) << each.engine;
  }
}

TEST(CpuPolicy, RefusesWhatNoSchedulerHas) {
  struct Case {
    const char* engine;
    Parameters resolved;
    const char* in_message;
  };
  const Case cases[] = {
      {"sglang", {}, "sglang on a CPU is not modelled; those of llama_cpp, native, vllm are"},
      {"native", {}, "kv_tokens"},
      {"native", {{"max_total_tokens", int64_t{-5}}}, "kv_tokens"},
      {"native", {{"max_total_tokens", int64_t{1024}}, {"page_size", int64_t{0}}}, "page_size"},
      {"native", {{"max_total_tokens", int64_t{1024}}, {"dp_size", int64_t{1} << 40}}, "num_ranks"},
      {"vllm", {{"max_num_seqs", int64_t{0}}}, "max_running_requests"},
      {"vllm", {{"block_size", int64_t{-1}}}, "page_size"},
      {"vllm", {{"max_num_batched_tokens", int64_t{-1}}}, "step_token_budget"},
      {"llama_cpp", {{"batch_size", int64_t{0}}}, "step_token_budget"},
  };
  for (const Case& each : cases) {
    const auto policy = CpuPolicyOf(each.engine, each.resolved, TinyModel());
    ASSERT_FALSE(policy.ok()) << each.in_message;
    EXPECT_NE(policy.status().message().find(each.in_message), std::string::npos)
        << policy.status().message();
  }
}

TEST(CpuPlan, ACalibrationHoldsForItsOwnSettingsAlone) {
  const spec::ModelSpec model = TinyModel();
  const CpuCalibration calibration{.engine = "native",
                                   .version = "0.1.0",
                                   .model = "m",
                                   .resolved = {{"num_threads", int64_t{2}}}};
  CpuPlanInputs inputs{.engine = "native",
                       .version = "0.1.0",
                       .resolved = {{"num_threads", int64_t{2}},
                                    {"max_total_tokens", int64_t{1024}},
                                    {"max_running_requests", int64_t{3}}},
                       .model = &model,
                       .calibration = &calibration};
  EXPECT_TRUE(PlanOnCpu(inputs).ok());
  inputs.resolved["num_threads"] = int64_t{1};
  EXPECT_NE(PlanOnCpu(inputs).status().message().find("calibrated with num_threads = 2"),
            std::string::npos);
}

TEST(CpuPlan, TheFirstChoiceIsTheDefaults) {
  for (const std::string_view engine : CpuEngines()) {
    const auto choices = CpuChoices(engine);
    ASSERT_GT(choices.size(), 10U) << engine;
    EXPECT_TRUE(choices.front().empty());
  }
}

}  // namespace
}  // namespace redline::planner
