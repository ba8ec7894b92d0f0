// `redline plan` from its command line to what it prints.
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "app/commands.h"
#include "base/files.h"
#include "lab/report/well_formed_for_test.h"

namespace redline::app {
namespace {

using nlohmann::json;

struct Said {
  int exit_code = 0;
  std::string output;
  std::string error;
};

Said Plan(std::vector<std::string> words) {
  words.insert(words.begin(), {"redline", "plan"});
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  Said said;
  said.exit_code = RunCommandLine(AllCommands(), static_cast<int>(argv.size()), argv.data());
  said.output = testing::internal::GetCapturedStdout();
  said.error = testing::internal::GetCapturedStderr();
  return said;
}

class PlanTest : public testing::Test {
 protected:
  PlanTest() : folder_(testing::TempDir() + "redline_plan_test") {
    std::filesystem::create_directories(folder_);
  }
  ~PlanTest() override { std::filesystem::remove_all(folder_); }

  std::string Write(const std::string& name, const std::string& text) const {
    EXPECT_TRUE(WriteFileAtomic(folder_ + "/" + name, text).ok());
    return folder_ + "/" + name;
  }

  std::string folder_;
};

TEST_F(PlanTest, ASearchTellsAll) {
  const std::string page = folder_ + "/plan.html";
  const Said said = Plan({"Qwen3-4B", "--hardware", "h200x2", "--workload", "medium", "--requests",
                          "40", "--output", "json", "--html", page, "--slo-ttft-ms", "60000"});
  ASSERT_EQ(said.exit_code, 0) << said.error;
  const json plan = json::parse(said.output);
  for (const char* key : {"model", "hardware", "workload", "goal", "winner", "ranking", "frontier",
                          "cost_frontier", "explanation", "search"})
    EXPECT_TRUE(plan.contains(key)) << key;
  const json& winner = plan["winner"];
  int64_t bytes = 0;
  for (const auto& [name, term] : winner["ledger"]["bytes"].items()) bytes += term.get<int64_t>();
  EXPECT_EQ(bytes, winner["ledger"]["total_bytes"].get<int64_t>());
  double seconds = 0;
  for (const auto& [name, part] : winner["seconds"].items()) seconds += part.get<double>();
  EXPECT_NEAR(seconds, winner["prediction"]["duration_s"].get<double>(), 1e-6);
  EXPECT_LT(winner["prediction"]["total_tps"]["low"], winner["prediction"]["total_tps"]["value"]);
  EXPECT_FALSE(winner["notes"].empty());
  EXPECT_FALSE(winner["command"].empty());
  double gain = 1;
  for (const json& step : plan["explanation"]["steps"]) gain *= step["gain"].get<double>();
  EXPECT_NEAR(gain, plan["explanation"]["gain"]["value"].get<double>(), 1e-9);
  const auto html = ReadFile(page);
  ASSERT_TRUE(html.ok());
  EXPECT_TRUE(lab::IsWellFormed(*html));
  EXPECT_GE(lab::CountOf(*html, "<figure"), 3);
}

TEST_F(PlanTest, TheTablesOfASearch) {
  const Said said = Plan({"Qwen3-4B", "--hardware", "h200", "--workload", "medium", "--requests",
                          "30", "--engine", "vllm"});
  ASSERT_EQ(said.exit_code, 0) << said.error;
  for (const char* expected : {"vllm serve Qwen3-4B", "MEMORY OF A GPU", "WHERE THE TIME GOES",
                               "WHY: CHANGE BY CHANGE", "note: ", "distinct configurations"})
    EXPECT_NE(said.output.find(expected), std::string::npos) << expected << "\n" << said.output;
}

TEST_F(PlanTest, AConfigurationOfOnesOwn) {
  const Said said = Plan({"Qwen3-4B", "--hardware", "h200x2", "--workload", "medium", "--output",
                          "json", "--engine", "sglang", "--", "--tp-size", "2", "--dp-size", "1"});
  ASSERT_EQ(said.exit_code, 0) << said.error;
  const json plan = json::parse(said.output);
  EXPECT_FALSE(plan.contains("ranking"));
  EXPECT_GT(plan["configuration"]["prediction"]["total_tps"]["value"], 0);
  // "--dp-size 1" is what runs anyway.
  EXPECT_TRUE(plan["configuration"]["flags"][1]["no_effect"].get<bool>());
  EXPECT_FALSE(plan["configuration"]["flags"][0]["no_effect"].get<bool>());
}

TEST_F(PlanTest, AModelOfOnesOwn) {
  const auto config = ReadFile("src/planner/model/fuzz/corpus/Qwen3-4B.json");
  ASSERT_TRUE(config.ok());
  const Said said =
      Plan({Write("config.json", *config), "--hardware", "h200", "--workload", "short", "--output",
            "json", "--engine", "vllm", "--", "--max-num-seqs", "64"});
  EXPECT_EQ(said.exit_code, 0) << said.error;
}

TEST_F(PlanTest, MistakesAreNamed) {
  const std::string hostile = Write("w.yaml", "name: x\ninput_tokens: 99999999999999999999\n");
  const std::string bomb = Write(
      "bomb.yaml", "a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\nname: *c\ninput_tokens: 1\n");
  const std::string deep = Write("deep.yaml", std::string(100'000, '['));
  const std::string hardware = Write("hardware.yaml", "name: H200\ndevices_per_node: -8\n");
  const std::string unknown = Write("unknown.json", R"({"model_type": "nonesuch"})");
  const std::string missing = Write("missing.json", R"({"model_type": "deepseek_v32"})");
  const std::string absurd = Write(
      "absurd.json", R"({"model_type": "qwen3", "hidden_size": -4, "num_hidden_layers": 1e300})");
  const std::string broken = Write("broken.json", "{");
  struct Case {
    std::vector<std::string> words;
    const char* in_error;
  };
  const Case cases[] = {
      {{"nomodel", "--hardware", "h200"}, "nomodel"},
      {{"Qwen3-4B"}, "--hardware"},
      {{"Qwen3-4B", "--hardware", "h2000x8"}, "h2000x8"},
      {{"Qwen3-4B", "--hardware", "h200x0"}, "h200x0"},
      {{"Qwen3-4B", "--hardware", "2xh200x8"}, "one node"},
      {{"Qwen3-4B", "--hardware", hardware}, "hardware.yaml"},
      {{"Qwen3-4B", "--hardware", "h200", "--workload", "nonesuch"}, "nonesuch"},
      {{"Qwen3-4B", "--hardware", "h200", "--workload", hostile}, "input_tokens"},
      {{"Qwen3-4B", "--hardware", "h200", "--workload", bomb}, "bomb.yaml"},
      {{"Qwen3-4B", "--hardware", "h200", "--workload", deep}, "deep.yaml"},
      {{"Qwen3-4B", "--hardware", "h200", "--slo-ttft-ms", "-1"}, "slo-ttft-ms"},
      {{"Qwen3-4B", "--hardware", "h200", "--slo-tpot-ms", "nan"}, "slo-tpot-ms"},
      {{"Qwen3-4B", "--hardware", "h200", "--slo-tpot-ms", "1e300"}, "slo-tpot-ms"},
      {{"Qwen3-4B", "--hardware", "h200", "--slo-share", "7"}, "slo-share"},
      {{"Qwen3-4B", "--hardware", "h200", "--goal", "fun"}, "goal"},
      {{"Qwen3-4B", "--hardware", "h200", "--engine", "llama_cpp"}, "llama_cpp"},
      {{"Qwen3-4B", "--hardware", "h200", "--", "--tp-size", "1"}, "--engine"},
      {{"Qwen3-4B", "--hardware", "h200x8", "--engine", "sglang", "--", "--tp-size", "16"},
       "16 GPUs"},
      {{"Qwen3-4B", "--hardware", "h200x8", "--engine", "sglang", "--", "--tp-size", "7"},
       "does not divide"},
      {{"Qwen3-4B", "--hardware", "h200x8", "--engine", "vllm", "--", "--tensor-parallel-size",
        "3"},
       "divide"},
      {{"Qwen3-4B", "--hardware", "h200", "--engine", "vllm", "--", "--max-num-sex", "3"},
       "--max-num-seqs"},
      {{"DeepSeek-V3.2", "--hardware", "h200", "--engine", "vllm"}, "does not fit"},
      {{unknown, "--hardware", "h200"}, "nonesuch"},
      {{missing, "--hardware", "h200"}, "missing.json"},
      {{absurd, "--hardware", "h200"}, "absurd.json"},
      {{broken, "--hardware", "h200"}, "broken.json"},
      {{"Qwen3-4B", "--hardware", "h200", "--leave-models-out"}, "means nothing without validate"},
      {{"validate", hostile, "--hardware", "h200"}, "--hardware means nothing with validate"},
      {{"validate", hostile, "--leave-models-out", "--calibration", hostile},
       "--calibration means"},
      {{"validate"}, "a file of measured runs"},
      {{"validate", hostile}, "of no kind that is known"},
  };
  for (const Case& test_case : cases) {
    const Said said = Plan(test_case.words);
    EXPECT_NE(said.exit_code, 0) << test_case.in_error;
    EXPECT_EQ(said.output, "") << test_case.in_error;
    EXPECT_NE(said.error.find(test_case.in_error), std::string::npos) << said.error;
  }
}

}  // namespace
}  // namespace redline::app
