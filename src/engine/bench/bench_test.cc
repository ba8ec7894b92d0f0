#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "base/process.h"
#include "engine/bench/bench_json.h"
#include "engine/kernels/peak/peak.h"

namespace redline::engine {
namespace {

namespace fs = std::filesystem;

TEST(SamplesTest, MedianAndSpread) {
  const Timing timing = TimingOf({3, 1, 2, 5, 4});
  EXPECT_EQ(timing.median, 3);
  EXPECT_EQ(timing.best, 1);
  EXPECT_EQ(timing.worst, 5);
  EXPECT_EQ(timing.num_samples, 5);
  EXPECT_DOUBLE_EQ(timing.Spread(), 2.0 / 3);
}

TEST(SamplesTest, ShortWorkIsCalledOftenAndTimeIsBounded) {
  int64_t calls = 0;
  const Timing timing = MeasureWork([&calls] { ++calls; }, 0);
  EXPECT_EQ(timing.num_samples, 3);
  EXPECT_GT(calls, 1000);
  EXPECT_LT(timing.median, 1e-4);
}

// Ten steps of x = x * 0.999 + 0.5 from 0 come to the same in every instruction set: all chains
// run, and run whole.
TEST(PeakTest, EveryPathComputes) {
  std::set<std::string> isas;
  for (const PeakPath& path : AvailablePeaks()) {
    SCOPED_TRACE(std::string(path.isa) + " " + std::string(path.arithmetic));
    isas.emplace(path.isa);
    EXPECT_GT(path.operations_per_round, 0);
    const float sum = path.run(10);
    if (path.arithmetic == "fp32") {
      float chain = 0;
      for (int i = 0; i < 10; ++i) chain = chain * 0.999F + 0.5F;
      EXPECT_NEAR(sum, kPeakChains * chain, 1e-2);
    } else if (path.isa == "amx") {
      EXPECT_EQ(sum, 4 * 10 * 32);  // four tiles, 32 products of ones an element
    } else if (path.arithmetic == "bf16") {
      EXPECT_EQ(sum, kPeakChains * 10 * 2);  // two products of ones a lane
    } else {
      const int chains = path.isa == "avx2" ? kPeakInt8Chains : kPeakChains;
      EXPECT_EQ(sum, static_cast<float>(chains * 10 * 4 * 9));  // four products of threes a lane
    }
  }
  EXPECT_TRUE(isas.contains("ref"));
}

TEST(PeakTest, EveryReadSumsAllWords) {
  std::vector<uint64_t> words(1024 + 8);
  auto* data =
      reinterpret_cast<uint64_t*>((reinterpret_cast<uintptr_t>(words.data()) + 63) / 64 * 64);
  for (uint64_t i = 0; i < 1024; ++i) data[i] = i * i;
  const uint64_t sum = 1023ULL * 1024 * 2047 / 6;
  EXPECT_EQ(ReadRef(data, 8192), sum);
  EXPECT_EQ(FastestRead()(data, 8192), sum);
}

void Write(const fs::path& path, const std::string& text) {
  fs::create_directories(path.parent_path());
  std::ofstream(path) << text;
}

void WriteCache(const fs::path& root, int cpu, int index, const std::string& level,
                const std::string& type, const std::string& size, const std::string& shared) {
  const fs::path folder =
      root / ("cpu" + std::to_string(cpu)) / "cache" / ("index" + std::to_string(index));
  Write(folder / "level", level + "\n");
  Write(folder / "type", type + "\n");
  Write(folder / "size", size + "\n");
  Write(folder / "shared_cpu_list", shared + "\n");
}

TEST(CpuCachesTest, LastLevelsAreCountedOnce) {
  const fs::path root = fs::path(testing::TempDir()) / "caches";
  fs::remove_all(root);
  for (const int cpu : AvailableCpuIds()) {
    WriteCache(root, cpu, 0, "1", "Data", "48K", std::to_string(cpu));
    WriteCache(root, cpu, 1, "1", "Instruction", "64K", std::to_string(cpu));
    WriteCache(root, cpu, 2, "2", "Unified", "2048K", std::to_string(cpu));
    WriteCache(root, cpu, 3, "3", "Unified", "16384K", "all");
  }
  const CpuCaches caches = ReadCpuCaches(root);
  EXPECT_EQ(caches.l1_bytes, 48 << 10);
  EXPECT_EQ(caches.l2_bytes, 2 << 20);
  EXPECT_EQ(caches.last_level_bytes, 16 << 20);
}

TEST(CpuCachesTest, NonsenseIsIgnored) {
  const fs::path root = fs::path(testing::TempDir()) / "nonsense";
  fs::remove_all(root);
  for (const int cpu : AvailableCpuIds())
    WriteCache(root, cpu, 0, "3", "Unified", "99999999999999K", "0");
  EXPECT_EQ(ReadCpuCaches(root).last_level_bytes, CpuCaches().last_level_bytes);
  EXPECT_EQ(ReadCpuCaches(root / "absent").l2_bytes, CpuCaches().l2_bytes);
}

TEST(ModelShapesTest, LayersThatAreAlikeAreOneEntry) {
  const ModelShapes shapes = DefaultShapes(DType::kQ4_1);
  ASSERT_EQ(shapes.linears.size(), 5U);
  EXPECT_EQ(shapes.linears[0].name, "qkv");
  EXPECT_EQ(shapes.linears[0].out_features, (std::vector<int64_t>{576, 192, 192}));
  EXPECT_EQ(shapes.linears[0].count, 30);
  EXPECT_EQ(shapes.linears[4].count, 1);
  const std::vector<LinearShape> others = InFormat(shapes.linears, DType::kQ6_K);
  EXPECT_EQ(others[0].in_features, 768);  // whole blocks of 256
  EXPECT_EQ(others[0].FormatName(), "q6_k");
}

TEST(MachineLimitsTest, EveryLimitIsMeasured) {
  const auto limits =
      MeasureLimits({.num_threads = 2, .budget_seconds = 0, .buffer_bytes = 4 << 20});
  ASSERT_TRUE(limits.ok()) << limits.status().ToString();
  for (const char* name : {"read", "copy", "cache_read"}) {
    for (const int threads : {1, 2}) {
      const MachineLimit* limit = limits->Find(name, threads);
      ASSERT_NE(limit, nullptr) << name;
      EXPECT_GT(limit->PerSecond(), 1e6);
      EXPECT_GE(limit->PerSecond(), limit->MedianPerSecond());
    }
  }
  EXPECT_NE(limits->Find("peak", 1, "ref", "fp32"), nullptr);
  EXPECT_NE(limits->BestPeak("fp32"), nullptr);
  EXPECT_EQ(limits->BestPeak("fp4"), nullptr);
}

TEST(KernelBenchTest, EveryKernelOfATinyModel) {
  std::set<std::string> phases;
  const auto result =
      BenchKernels({.model_path = "tests/reference/tiny/tiny_llama3",
                    .num_threads = 2,
                    .budget_seconds = 0,
                    .progress = [&](const std::string& phase) { phases.insert(phase); }});
  ASSERT_TRUE(result.ok()) << result.status().ToString();
  EXPECT_TRUE(phases.contains("rms_norm"));
  const nlohmann::json document = ToJson(*result);
  std::set<std::string> seen;
  for (const auto& kernel : document["kernels"]) {
    seen.insert(kernel["kernel"].get<std::string>() + " " + kernel["format"].get<std::string>());
    EXPECT_GT(kernel["seconds"]["median"], 0) << kernel;
    EXPECT_GT(kernel["share_of_limit"], 0) << kernel;
  }
  for (const char* wanted : {"matmul q4_1", "matmul q8_0", "matmul bf16", "matmul q6_k",
                             "attention f32", "attention fp8_e4m3", "rms_norm ", "silu_mul "})
    EXPECT_TRUE(seen.contains(wanted)) << wanted;
  EXPECT_GT(document["machine"]["buffer_bytes"], 0);
}

TEST(KernelBenchTest, AModelThatIsNotThere) {
  const auto result = BenchKernels({.model_path = "/nonexistent", .budget_seconds = 0});
  EXPECT_EQ(result.status().code(), Code::kNotFound);
}

}  // namespace
}  // namespace redline::engine
