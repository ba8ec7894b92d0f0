#include "backends/backend.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "backends/arguments/argument_table.h"

namespace redline::backends {
namespace {

using ::testing::HasSubstr;

TEST(BackendTest, FoundByName) {
  for (const Backend* backend : AllBackends()) {
    const auto found = FindBackend(backend->facts().name);
    ASSERT_TRUE(found.ok());
    EXPECT_EQ(*found, backend);
    EXPECT_FALSE(backend->facts().versions.empty());
    EXPECT_EQ(backend->SchemaOf("0.0.0-none").status().code(), Code::kInvalidArgument);
    const Code code = backend->SchemaOf("").status().code();
    EXPECT_EQ(code, backend->facts().is_built_in ? Code::kOk : Code::kUnimplemented);
  }
  const auto unknown = FindBackend("nativ");
  EXPECT_EQ(unknown.status().code(), Code::kInvalidArgument);
  EXPECT_THAT(unknown.status().message(), HasSubstr("did you mean \"native\"?"));
  EXPECT_THAT(FindBackend("tensorrt_llm").status().message(),
              HasSubstr("is not started by Redline"));
}

TEST(BackendTest, FactsOfAWorker) {
  spec::Worker worker{
      .device_model = "Old CPU", .num_devices = 4, .memory_available_bytes = 7, .isa = {"avx2"}};
  for (const auto& facts : {FactsOf(worker), CpuFactsOf(worker)}) {  // an older agent's
    EXPECT_EQ(facts.device, "cpu");
    EXPECT_EQ(facts.device_model, "Old CPU");
    EXPECT_EQ(facts.num_devices, 4);
    EXPECT_EQ(facts.memory_bytes, 7);
  }
  worker.device = "nvidia";
  worker.device_model = "NVIDIA H200";
  worker.num_devices = 2;
  worker.cpu = {.model = "Some CPU", .threads = 64};
  worker.gpus = {{.vendor = "nvidia", .name = "Tesla T4", .memory_available_bytes = 1},
                 {.vendor = "nvidia", .name = "NVIDIA H200", .memory_available_bytes = 90},
                 {.vendor = "nvidia", .name = "NVIDIA H200", .memory_available_bytes = 80}};
  const HardwareFacts gpus = FactsOf(worker);
  EXPECT_EQ(gpus.device, "nvidia");
  EXPECT_EQ(gpus.device_model, "NVIDIA H200");
  EXPECT_EQ(gpus.num_devices, 2);
  EXPECT_EQ(gpus.memory_bytes, 80) << "the least of the two";
  const HardwareFacts cpu = CpuFactsOf(worker);
  EXPECT_EQ(cpu.device, "cpu");
  EXPECT_EQ(cpu.device_model, "Some CPU");
  EXPECT_EQ(cpu.num_devices, 64);
  EXPECT_EQ(cpu.memory_bytes, 7);
  EXPECT_EQ(cpu.isa, worker.isa);
}

TEST(BackendTest, ProgressFromLogLines) {
  const std::vector<LogMarker> markers = {
      {.text = "shards: ", .phase = "loading", .fraction = LogMarker::Fraction::kPercentAfterText},
      {.text = "graph begin", .phase = "capturing", .constant = 0.5}};
  const struct {
    std::string line;
    std::string phase;  // "": no progress
    double fraction;
  } cases[] = {
      {"[TP0] shards:   42% Completed | 5/12", "loading", 0.42},
      {"shards: 12.5%", "loading", 0.125},
      {"shards: 100%", "loading", 1},
      {"shards: 101%", "", 0},
      {"shards: nan%", "", 0},
      {"shards: many", "", 0},
      {"shards: ", "", 0},
      {"Capture cuda graph begin", "capturing", 0.5},
      {"", "", 0},
  };
  for (const auto& each : cases) {
    const auto progress = MatchProgress(markers, each.line);
    EXPECT_EQ(progress ? progress->phase : "", each.phase) << each.line;
    EXPECT_DOUBLE_EQ(progress ? progress->fraction : 0, each.fraction) << each.line;
  }
}

TEST(BackendTest, FailureIsProvenByALine) {
  const std::vector<FailurePattern> patterns = {{"CUDA out of memory", "OUT_OF_MEMORY", "less"},
                                                {"Error", "ERROR", ""}};
  const auto cause =
      ClassifyFailure(patterns, "start\nError: first\n  torch: CUDA out of memory. Tried\nend\n");
  ASSERT_TRUE(cause.has_value());
  EXPECT_EQ(cause->kind, "OUT_OF_MEMORY") << "the first pattern wins over the first line";
  EXPECT_EQ(cause->line, "torch: CUDA out of memory. Tried");
  EXPECT_EQ(ClassifyFailure(patterns, "Error: a\nError: b")->line, "Error: b");
  EXPECT_FALSE(ClassifyFailure(patterns, "all is well").has_value());
  EXPECT_FALSE(ClassifyFailure(patterns, "").has_value());
}

}  // namespace
}  // namespace redline::backends
