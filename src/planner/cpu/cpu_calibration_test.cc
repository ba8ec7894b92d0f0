#include "planner/cpu/cpu_calibration.h"

#include <gtest/gtest.h>

namespace redline::planner {
namespace {

CpuCalibration Example() {
  CpuCalibration calibration{.engine = "llama_cpp",
                             .version = "11434",
                             .model = "m",
                             .cpu = "A \"CPU\"",
                             .num_cpus = 2,
                             .measured_at = "2026-01-02T03:04:05Z",
                             .arguments = {"--parallel", "2"},
                             .resolved = {{"threads", int64_t{2}}, {"kv_unified", true}}};
  calibration.costs[CpuCost::kStep] = 4000.25;
  calibration.points = {{.name = "one", .input_tokens = 8, .output_tokens = 2, .ttft_ms = 1.5}};
  return calibration;
}

TEST(CpuCalibration, IsReadAsItWasWritten) {
  const std::string text = ToYaml(Example());
  const auto read = CpuCalibrationFromYaml(text);
  ASSERT_TRUE(read.ok()) << read.status().message();
  EXPECT_EQ(ToYaml(*read), text);
  EXPECT_EQ(read->costs[CpuCost::kStep], 4000.25);
  EXPECT_EQ(read->resolved, Example().resolved);
}

TEST(CpuCalibration, HostileFilesAreRefusedByName) {
  struct Case {
    const char* was;
    const char* becomes;
    const char* in_message;
  };
  const Case cases[] = {
      {"engine: \"llama_cpp\"", "engine: \"\"", "`engine` is missing"},
      {"num_cpus: 2", "num_cpus: 0", "num_cpus is 0"},
      {"num_cpus: 2", "num_gpus: 2", "num_gpus"},
      {"step: 4000.25", "step: -1", "microseconds.step is -1"},
      {"step: 4000.25", "step: .nan", "microseconds.step"},
      {"step: 4000.25", "step: 1e300", "microseconds.step"},
      {"step: 4000.25", "steps: 1", "steps"},
      {"step: 4000.25", "step: [1]", "microseconds.step"},
      {"\"input_tokens\":8", "\"input_tokens\":-8", "points[0].input_tokens"},
      {"\"num_requests\":1", "\"num_requests\":99999999", "points[0].num_requests"},
      {"\"ttft_ms\":1.5", "\"ttft_ms\":\"x\"", "ttft_ms"},
      {"points:", "points: &a [*a]", ""},
  };
  for (const Case& each : cases) {
    std::string text = ToYaml(Example());
    const size_t at = text.find(each.was);
    ASSERT_NE(at, std::string::npos) << each.was << "\n" << text;
    text.replace(at, std::string_view(each.was).size(), each.becomes);
    const auto read = CpuCalibrationFromYaml(text);
    ASSERT_FALSE(read.ok()) << each.becomes;
    EXPECT_NE(read.status().message().find(each.in_message), std::string::npos)
        << read.status().message();
  }
  std::string many = ToYaml(Example());
  for (int index = 0; index < 1001; ++index) many += "- {input_tokens: 1, output_tokens: 1}\n";
  EXPECT_FALSE(CpuCalibrationFromYaml(many).ok());
}

TEST(CpuCalibration, TheDesignKeepsWithinTheContext) {
  EXPECT_GT(CalibrationDesign(8192).size(), 15U);
  for (const CpuPoint& point : CalibrationDesign(1024)) {
    EXPECT_LE(point.input_tokens + point.output_tokens, 1024);
    EXPECT_TRUE(spec::ValidateWorkload(WorkloadOfPoint(point)).ok()) << point.name;
  }
}

}  // namespace
}  // namespace redline::planner
