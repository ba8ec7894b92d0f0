#include "planner/predict/prediction.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "planner/predict/configure.h"
#include "planner/predict/launch_line.h"
#include "planner/predict/lenient_arguments.h"
#include "workload/presets.h"

namespace redline::planner {
namespace {

TEST(LaunchLineTest, TakesCommandsApart) {
  const struct {
    const char* script;
    const char* engine;
    std::vector<std::string> arguments;
    size_t num_variables;
  } cases[] = {
      {"vllm serve org/M -tp 8", "vllm", {"org/M", "-tp", "8"}, 0},
      {"# 81920 is half\nvllm serve org/M \\\n  -dp 8", "vllm", {"org/M", "-dp", "8"}, 0},
      {"export A=1\nB=2 trtllm-serve /m --tp_size 8", "tensorrt_llm", {"/m", "--tp_size", "8"}, 2},
      {"python3 -m sglang.launch_server --model-path 'a b' --x=\"c d\"",
       "sglang",
       {"--model-path", "a b", "--x=c d"},
       0},
      {"vllm serve m --speculative-config {\"method\":\"mtp\",\"n\": 1} -tp 2",
       "vllm",
       {"m", "--speculative-config", "{\"method\":\"mtp\",\"n\": 1}", "-tp", "2"},
       0},
      {"vllm serve m; rm -rf /", "vllm", {"m"}, 0},
  };
  for (const auto& one : cases) {
    const auto line = ParseLaunchLine(one.script);
    ASSERT_TRUE(line.ok()) << one.script << line.status().ToString();
    EXPECT_EQ(line->engine, one.engine) << one.script;
    EXPECT_EQ(line->arguments, one.arguments) << one.script;
    EXPECT_EQ(line->environment.size(), one.num_variables) << one.script;
  }
  for (const char* script : {"", "ls -l", "\\", "'", "{", "vllm", "python3 -m http.server"}) {
    EXPECT_FALSE(ParseLaunchLine(script).ok()) << script;
  }
}

TEST(LenientArgumentsTest, ReadsWhatDecides) {
  const auto sglang = LenientlyResolved(
      "sglang", {"--tp", "8", "--dp=8", "--enable-dp-attention", "--no-such", "x", "--ep"});
  EXPECT_EQ(sglang, (nlohmann::json{{"tp_size", 8},
                                    {"dp_size", 8},
                                    {"enable_dp_attention", true},
                                    {"chunked_prefill_size", 1024},
                                    {"schedule_conservativeness", 0.3}}));
  const auto vllm = LenientlyResolved("vllm", {"m", "-tp", "4", "--kv-cache-dtype", "fp8"});
  EXPECT_EQ(vllm, (nlohmann::json{{"parallel", {{"tensor_parallel_size", 4}}},
                                  {"cache", {{"cache_dtype", "fp8"}}}}));
}

TEST(FindModelTest, KnowsNamesByTheirBeginning) {
  for (const auto& [name, known] : {std::pair{"deepseek-ai/DeepSeek-V3.2", "DeepSeek-V3.2"},
                                    {"deepseek-ai/DeepSeek-R1", "DeepSeek-R1-0528"},
                                    {"zai-org/GLM-4.6-FP8", "GLM-4.6"},
                                    {"zhipuai/GLM-5", "GLM-5"},
                                    {"meta-llama/Llama-3.1-8B-Instruct", "Llama-3.1-8B"}}) {
    const auto model = FindModel(name);
    ASSERT_TRUE(model.ok()) << name << model.status().ToString();
    EXPECT_TRUE(model->name == name || model->name == known) << model->name;
  }
  EXPECT_TRUE(FindModel("zai-org/GLM-4.6-FP8")->shape.format.IsQuantized());
  EXPECT_FALSE(FindModel("zai-org/GLM-4.6")->shape.format.IsQuantized());
  EXPECT_EQ(FindModel("no-such-model").status().code(), Code::kNotFound);
}

class PredictionTest : public testing::Test {
 protected:
  Result<Prediction> Run(const std::string& engine, const std::vector<std::string>& arguments,
                         const char* workload, uint64_t seed = 1) {
    RL_ASSIGN_OR_RETURN(model_, FindModel("DeepSeek-V3.2"));
    RL_ASSIGN_OR_RETURN(const Configuration configuration,
                        Configure(engine, model_, arguments, {}, hardware_));
    RL_ASSIGN_OR_RETURN(plan_, PlanEngine(configuration.settings,
                                          {.shape = &model_.shape, .hardware = &hardware_}));
    return Predict(plan_, *workload::FindPreset(workload), {.seed = seed});
  }
  KnownModel model_;
  HardwareSpec hardware_ = *FindHardwareSpec("h200x8");
  EnginePlan plan_;
};

TEST_F(PredictionTest, IsTheSameTwice) {
  const std::vector<std::string> arguments = {"--tp-size", "8", "--dp-size", "8",
                                              "--enable-dp-attention"};
  const auto first = Run("sglang@0.5.6.post2", arguments, "medium");
  const auto second = Run("sglang@0.5.6.post2", arguments, "medium");
  ASSERT_TRUE(first.ok()) << first.status().ToString();
  EXPECT_EQ(ToJson(*first), ToJson(*second));
}

TEST_F(PredictionTest, OperationsAddUpToTheBusyTime) {
  const auto prediction = Run("vllm@0.13.0", {"-tp", "8"}, "medium");
  ASSERT_TRUE(prediction.ok()) << prediction.status().ToString();
  EXPECT_NEAR(prediction->seconds.Total(), prediction->simulation.busy_s,
              0.01 * prediction->simulation.busy_s);
  EXPECT_GT(prediction->total_tps.high, prediction->total_tps.value);
  EXPECT_LT(prediction->total_tps.low, prediction->total_tps.value);
  EXPECT_EQ(prediction->simulation.num_refused, 0);
}

TEST_F(PredictionTest, TheScenariosLadderGoesUpWhereItMust) {
  const auto vllm = Run("vllm@0.13.0", {"-tp", "8"}, "medium");
  const auto dp = Run("sglang@0.5.6.post2",
                      {"--tp-size", "8", "--dp-size", "8", "--enable-dp-attention"}, "medium");
  ASSERT_TRUE(vllm.ok() && dp.ok());
  EXPECT_GT(dp->total_tps.value, 1.5 * vllm->total_tps.value);
}

TEST_F(PredictionTest, AnEngineThatWouldNotStartSaysWhy) {
  const auto refused = Run("sglang@0.5.6.post2", {"--tool-call-parser", "deepseek_v32"}, "short");
  EXPECT_EQ(refused.status().code(), Code::kFailedPrecondition);
  EXPECT_NE(refused.status().message().find("would not start"), std::string::npos);
  EXPECT_EQ(Run("sglang@9.9", {}, "short").status().code(), Code::kInvalidArgument);
}

}  // namespace
}  // namespace redline::planner
