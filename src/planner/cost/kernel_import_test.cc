#include "planner/cost/kernel_import.h"

#include <gtest/gtest.h>
#include <zstd.h>

#include <fstream>

#include "base/files.h"
#include "planner/cost/kernel_table.h"

namespace redline::planner {
namespace {

namespace fs = std::filesystem;

constexpr GpuPeaks kPeaks{.memory_bytes_per_second = 4.8e12,
                          .bf16_flops = 989e12,
                          .fp8_flops = 1979e12,
                          .link_bytes_per_second = 450e9};

class KernelImportTest : public testing::Test {
 protected:
  void SetUp() override {
    directory_ = fs::path(testing::TempDir()) / "kernel_import_test";
    fs::remove_all(directory_);
    fs::create_directories(directory_);
  }
  void TearDown() override { fs::remove_all(directory_); }

  void Write(const std::string& name, const std::string& text) {
    std::ofstream(directory_ / name, std::ios::binary) << text;
  }
  Result<KernelSet> Import() {
    return ImportKernels(
        {.directory = directory_, .gpu = "H200", .peaks = kPeaks, .source = "a test"});
  }

  fs::path directory_;
};

// Rows that take twice their speed of light.
std::string GemmTable() {
  std::string text = "framework,gemm_dtype,m,n,k,latency\n";
  for (const double m : {1.0, 64.0, 4096.0}) {
    for (const double n : {256.0, 4096.0}) {
      for (const double k : {256.0, 4096.0}) {
        const double light = GemmSpeedOfLight(kPeaks, GemmType::kBf16, m, n, k);
        text += "x,bfloat16," + std::to_string(m) + "," + std::to_string(n) + "," +
                std::to_string(k) + "," + std::to_string(2e3 * light * 1e3) + "e-3\n";
      }
    }
  }
  return text;
}

TEST_F(KernelImportTest, ATableBecomesACurveOfItsEngine) {
  Write("gemm__trtllm__1.2.0rc5__gemm_perf.csv", GemmTable());
  Write("README.md", "no table");
  const auto kernels = Import();
  ASSERT_TRUE(kernels.ok()) << kernels.status().ToString();
  ASSERT_EQ(kernels->curves.size(), 1u);
  const Curve& curve = kernels->curves[0];
  EXPECT_EQ(curve.engine, "tensorrt_llm");
  EXPECT_EQ(curve.version, "1.2.0rc5");
  const double place[] = {64, 4096, 4096};
  EXPECT_NEAR(ReadCurve(curve, place).ratio, 2, 0.05);
  // And back from its written form.
  const auto read = KernelSetFromJson(ToJson(*kernels));
  ASSERT_TRUE(read.ok()) << read.status().ToString();
  EXPECT_NEAR(ReadCurve(read->curves[0], place).ratio, ReadCurve(curve, place).ratio, 0.01);
}

TEST_F(KernelImportTest, CompressedTablesAreTheSame) {
  const std::string text = GemmTable();
  std::string packed(ZSTD_compressBound(text.size()), '\0');
  packed.resize(ZSTD_compress(packed.data(), packed.size(), text.data(), text.size(), 3));
  Write("gemm__vllm__0.14.0__gemm_perf.csv.zst", packed);
  const auto kernels = Import();
  ASSERT_TRUE(kernels.ok()) << kernels.status().ToString();
  EXPECT_EQ(kernels->curves[0].num_measured, 12);
  // Cut short, or no zstd at all.
  Write("gemm__vllm__0.14.0__gemm_perf.csv.zst", packed.substr(0, packed.size() / 2));
  EXPECT_EQ(Import().status().code(), Code::kDataLoss);
  Write("gemm__vllm__0.14.0__gemm_perf.csv.zst", "framework,gemm_dtype");
  EXPECT_EQ(Import().status().code(), Code::kDataLoss);
}

TEST_F(KernelImportTest, BadTablesNameFileLineAndColumn) {
  EXPECT_EQ(Import().status().code(), Code::kNotFound);
  const struct {
    std::string text;
    std::string said;
  } cases[] = {
      {"framework,gemm_dtype,m,n,latency\n", "no column \"k\""},
      {"gemm_dtype,m,n,k,latency\nbfloat16,1,2,3\n", ":2: 4 cells; the header has 5"},
      {"gemm_dtype,m,n,k,latency\nbfloat16,1,2,x,1\n", ":2: k is \"x\""},
      {"gemm_dtype,m,n,k,latency\nbfloat16,-1,2,3,1\n", ":2: m is \"-1\""},
      {"gemm_dtype,m,n,k,latency\nbfloat16,1,2,3,nan\n", ":2: latency is \"nan\""},
      {"gemm_dtype,m,n,k,latency\nbfloat16,1,2,3,1e999\n", ":2: latency is \"1e999\""},
  };
  for (const auto& one : cases) {
    Write("gemm__vllm__0.14.0__gemm_perf.csv", one.text);
    const Status status = Import().status();
    EXPECT_EQ(status.code(), Code::kInvalidArgument) << one.text;
    EXPECT_NE(status.message().find(one.said), std::string::npos) << status.message();
  }
}

}  // namespace
}  // namespace redline::planner
