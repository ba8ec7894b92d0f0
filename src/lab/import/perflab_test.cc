#include "lab/import/perflab.h"

#include <gtest/gtest.h>

#include "base/files.h"

namespace redline::lab {
namespace {

std::string Row(const std::string& script, double total_tps, const std::string& label = "") {
  return "p.md,Section,title," + label + ",\"" + script + "\"," + std::to_string(total_tps) + "\n";
}
constexpr char kHeader[] = "page,h,title,label,script,total_tps\n";

const PerflabStep* FindStep(const PerflabReport& report, const std::string& to) {
  for (const PerflabStep& step : report.steps) {
    if (step.to.find(to) != std::string::npos) return &step;
  }
  return nullptr;
}

TEST(Perflab, FlagsWithoutEffectMakeRepeats) {
  const auto runs = ParsePerflab(std::string(kHeader) + Row("vllm serve m -tp 8", 100) +
                                 Row("vllm serve m -tp 8 --tool-call-parser x", 102) +
                                 Row("vllm serve m -tp 8 --max-model-len 32768", 98) +
                                 Row("vllm serve m -tp 8 --kv-cache-dtype fp8", 103) +
                                 Row("vllm serve m -tp 1 -dp 8", 150));
  ASSERT_TRUE(runs.ok()) << runs.status().message();
  const auto report = JudgePerflab(*runs);
  ASSERT_TRUE(report.ok()) << report.status().message();
  ASSERT_EQ(report->repeats.size(), 1u);
  EXPECT_EQ(report->repeats[0].runs.size(), 3u);
  EXPECT_FALSE(FindStep(*report, "--kv-cache-dtype fp8")->exceeds);
  EXPECT_TRUE(FindStep(*report, "--dp-size 8")->exceeds);
}

TEST(Perflab, ARunPrintedTwiceIsNoRepeat) {
  const auto runs = ParsePerflab(std::string(kHeader) + Row("vllm serve m -tp 8", 100) +
                                 Row("vllm serve m -tp 8", 100));
  EXPECT_FALSE(JudgePerflab(*runs).ok());
}

TEST(Perflab, DamagedFilesAreRefusedByColumn) {
  const auto no_number = ParsePerflab(std::string(kHeader) + "p,h,t,l,vllm serve m,fast\n");
  EXPECT_EQ(no_number.status().param(), "total_tps");
  EXPECT_EQ(ParsePerflab("page,h\n1,2\n").status().param(), "title");
  EXPECT_FALSE(ParsePerflab("").ok());
}

TEST(Perflab, RatesAreNumbersThatAGpuCanReach) {
  const std::pair<const char*, bool> cases[] = {
      {"inf", false}, {"nan", false}, {"1e308", false}, {"5e-324", false}, {"0", false},
      {"-1", false},  {"1e9", true},  {"0.001", true},  {"2702.3", true}};
  for (const auto& [rate, ok] : cases) {
    const auto runs = ParsePerflab(std::string(kHeader) + "p,h,t,l,vllm serve m," + rate + "\n");
    EXPECT_EQ(runs.ok(), ok) << rate;
    EXPECT_EQ(runs.status().param(), ok ? "" : "total_tps") << rate;
  }
}

TEST(Perflab, MoreThanCanBeHeldAgainstEachOtherIsRefused) {
  std::string runs(kHeader);
  for (int i = 0; i < 4000; ++i) runs += Row("vllm serve m --seed " + std::to_string(i), 100 + i);
  EXPECT_TRUE(ParsePerflab(runs).ok());
  EXPECT_FALSE(ParsePerflab(runs + Row("vllm serve m", 1)).ok());
  std::string script = "vllm serve m";
  for (int i = 0; i < 200; ++i) script += " --flag-" + std::to_string(i);
  EXPECT_EQ(ParsePerflab(kHeader + Row(script, 1)).status().param(), "script");
}

TEST(Perflab, AStepStartsFromTheNearestEarlierCommandOfItsSetting) {
  const auto runs = ParsePerflab(
      std::string(kHeader) + Row("vllm serve m -tp 8", 100) +
      Row("vllm serve m -tp 8 --port 1", 102) + Row("vllm serve m -tp 8 --a 1 --b 2", 110) +
      Row("sglang --model m -tp 8", 90) + Row("vllm serve m -tp 8 --a 1 --b 2 --c 3", 120) +
      Row("vllm serve m -tp 8", 50, "long") + Row("sglang --model m -tp 8 --d 4", 95));
  const auto report = JudgePerflab(*runs);
  ASSERT_TRUE(report.ok()) << report.status().message();
  const std::pair<const char*, const char*> steps[] = {{"(without)", "--a 1 --b 2"},
                                                       {"vllm", "sglang"},
                                                       {"(without)", "--c 3"},
                                                       {"(without)", "--d 4"}};
  ASSERT_EQ(report->steps.size(), std::size(steps));
  for (size_t i = 0; i < std::size(steps); ++i) {
    EXPECT_EQ(report->steps[i].from, steps[i].first) << i;
    EXPECT_EQ(report->steps[i].to, steps[i].second) << i;
  }
}

TEST(Perflab, ThePublishedStepsAreHeldAgainstTheirOwnRepeats) {
  const auto text = ReadFile("../shared/data/perflab-h200.csv");
  if (!text.ok())
    GTEST_SKIP() << "needs ../shared/data/perflab-h200.csv: " << text.status().message();
  const auto runs = ParsePerflab(*text);
  ASSERT_TRUE(runs.ok()) << runs.status().message();
  const auto report = JudgePerflab(*runs);
  ASSERT_TRUE(report.ok()) << report.status().message();
  // vLLM ShareGPT thrice, SGLang TP8 twice, SGLang with data-parallel attention thrice.
  EXPECT_EQ(report->repeats.size(), 3u);
  EXPECT_EQ(report->degrees, 5);
  struct Case {
    const char* to;
    bool exceeds;
  };
  const Case cases[] = {{"--enable-expert-parallel", true},  // vLLM +13%
                        {"--speculative-config", false},     // vLLM, MTP
                        {"VLLM_USE_DEEP_GEMM", false},
                        {"--dp-size 8", true},
                        {"--kv-cache-dtype fp8_e4m3", false},
                        {"--nsa-prefill-backend fa3", false},
                        {"--ep_size 8", true},  // TensorRT-LLM +66%
                        {"TRTLLM_DG_ENABLED", false}};
  for (const Case& c : cases) {
    const PerflabStep* const step = FindStep(*report, c.to);
    ASSERT_NE(step, nullptr) << c.to;
    EXPECT_EQ(step->exceeds, c.exceeds)
        << c.to << " ratio " << step->ratio << " limit " << step->limit << " of " << step->noise;
  }
}

}  // namespace
}  // namespace redline::lab
