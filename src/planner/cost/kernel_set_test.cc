#include "planner/cost/kernel_set.h"

#include <gtest/gtest.h>

#include "embedded/hardware_files.h"
#include "planner/cost/calibration.h"

namespace redline::planner {
namespace {

TEST(KernelSetTest, WhatIsBuiltInCanBeRead) {
  int num_kernels = 0;
  int num_calibrations = 0;
  for (const EmbeddedFile& file : embedded::hardware_files()) {
    if (file.path.starts_with("kernels/")) {
      const auto kernels = KernelSetFromJson(file.data);
      EXPECT_TRUE(kernels.ok()) << file.path << ": " << kernels.status().ToString();
      ++num_kernels;
    } else if (file.path.starts_with("calibration/")) {
      const auto calibrations = CalibrationsFromYaml(file.data);
      EXPECT_TRUE(calibrations.ok()) << file.path << ": " << calibrations.status().ToString();
      ++num_calibrations;
    }
  }
  EXPECT_GE(num_kernels, 1);
  EXPECT_GE(num_calibrations, 1);
}

TEST(KernelSetTest, TheNearestVersionOfTheEngineStandsForIt) {
  const KernelSet& kernels = *FindKernelSet("H200").kernels;
  const auto version = [&](const char* engine, const char* wanted) {
    const Curve* curve = kernels.Find("gemm", engine, wanted, "bfloat16");
    return curve == nullptr ? std::string("none") : curve->engine + "@" + curve->version;
  };
  EXPECT_EQ(version("sglang", "0.5.6.post2"), "sglang@0.5.6.post2");
  EXPECT_EQ(version("sglang", "0.5.7"), "sglang@0.5.6.post2");
  EXPECT_EQ(version("sglang", "0.5.23"), "sglang@0.5.9");
  EXPECT_EQ(version("vllm", "0.13.0"), "vllm@0.14.0");
  EXPECT_EQ(version("vllm", ""), "vllm@0.14.0");
  EXPECT_EQ(kernels.Find("gemm", "vllm", "0.13.0", "no_such_type"), nullptr);
  EXPECT_EQ(kernels.Find("no_such_op", "vllm", "0.13.0", "bfloat16"), nullptr);
}

TEST(KernelSetTest, AGpuThatNobodyMeasuredBorrows) {
  EXPECT_TRUE(FindKernelSet("H200").is_own);
  const KernelsOfGpu borrowed = FindKernelSet("L40S");
  ASSERT_NE(borrowed.kernels, nullptr);
  EXPECT_FALSE(borrowed.is_own);
}

TEST(KernelSetTest, RefusesWhatIsNone) {
  for (const char* text : {"", "[]", "{\"gpu\": 1}", "{\"unknown\": 1}",
                           R"({"curves": [{"op": "gemm", "axes": [{"name": "m", "knots": [1, 2]}],
            "log_ratio_thousandths": [1, 2, 3]}]})",
                           R"({"curves": [{"op": "gemm", "axes": [{"name": "m", "knots": [1, 2]}],
            "log_ratio_thousandths": [1, 900000]}]})"}) {
    EXPECT_FALSE(KernelSetFromJson(text).ok()) << text;
  }
}

TEST(CalibrationTest, IsReadAndWritten) {
  EngineCalibration calibration{.engine = "sglang", .versions = {"0.5.9"}, .num_runs = 3};
  calibration.scales.experts = 1.25;
  calibration.frontend_ms = 4;
  const auto read = CalibrationsFromYaml(ToYaml({calibration}));
  ASSERT_TRUE(read.ok()) << read.status().ToString();
  ASSERT_EQ(read->size(), 1u);
  EXPECT_EQ((*read)[0].scales.experts, 1.25);
  EXPECT_EQ((*read)[0].frontend_ms, 4);
  EXPECT_EQ((*read)[0].versions, calibration.versions);
}

TEST(CalibrationTest, NumbersOutOfBoundsAreNamed) {
  const struct {
    const char* yaml;
    const char* param;
  } cases[] = {{"- versions: [\"1\"]\n", "engine"},
               {"- engine: vllm\n  frontend_ms: -1\n", "frontend_ms"},
               {"- engine: vllm\n  scales: {gemm: 0}\n", "gemm"},
               {"- engine: vllm\n  scales: {gemm: .nan}\n", "scales.gemm"},
               {"- engine: vllm\n  no_such_key: 1\n", "no_such_key"},
               {"engine: vllm\n", ""}};
  for (const auto& one : cases) {
    const auto read = CalibrationsFromYaml(one.yaml);
    EXPECT_EQ(read.status().code(), Code::kInvalidArgument) << one.yaml;
    EXPECT_EQ(read.status().param(), one.param) << one.yaml << read.status().ToString();
  }
}

TEST(CalibrationTest, TheNearestEntryIsFound) {
  const auto entry = [](const char* engine, std::vector<std::string> versions, const char* model,
                        double mark) {
    EngineCalibration calibration{
        .engine = engine, .versions = std::move(versions), .model = model};
    calibration.decode_step_ms = mark;
    return calibration;
  };
  const std::vector<EngineCalibration> all = {
      entry("sglang", {"0.5.6.post2"}, "", 1), entry("sglang", {"0.5.6.post2"}, "llama", 2),
      entry("sglang", {}, "llama", 3), entry("vllm", {"0.13"}, "", 4),
      entry("vllm", {"0.1"}, "", 5)};
  const struct {
    const char* engine;
    const char* version;
    const char* model;
    double mark;
    bool is_own;
  } cases[] = {{"sglang", "0.5.6.post2", "qwen3", 1, true},
               {"sglang", "0.5.6.post2", "llama", 2, true},
               {"sglang", "0.5.9", "llama", 3, false},
               {"sglang", "0.5.9", "qwen3", 1, false},
               {"vllm", "0.13.0", "x", 4, true},
               {"vllm", "0.18.0", "x", 5, true}};
  for (const auto& one : cases) {
    const FoundCalibration found = FindCalibration(all, one.engine, one.version, one.model);
    EXPECT_EQ(found.calibration.decode_step_ms, one.mark) << one.engine << one.version << one.model;
    EXPECT_EQ(found.is_own, one.is_own) << one.engine << one.version << one.model;
  }
  const FoundCalibration none = FindCalibration(all, "tensorrt_llm", "1.2", "x");
  EXPECT_EQ(none.calibration.engine, "tensorrt_llm");
  EXPECT_NE(none.provenance.find("no measured run"), std::string::npos);
}

}  // namespace
}  // namespace redline::planner
