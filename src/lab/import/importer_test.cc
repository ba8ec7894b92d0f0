#include "lab/import/importer.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <nlohmann/json.hpp>

#include "base/files.h"
#include "lab/stats/comparison.h"

namespace redline::lab {
namespace {

using nlohmann::json;

constexpr char kVllm[] = R"({
  "date": "20260101-000000", "endpoint_type": "openai-chat", "model_id": "m", "num_prompts": 100,
  "duration": 10.0, "completed": 100, "failed": 0, "total_input_tokens": 2000,
  "total_output_tokens": 1000, "request_throughput": 10.0, "request_goodput": null,
  "output_throughput": 100.0, "total_token_throughput": 300.0, "max_output_tokens_per_s": 150.0,
  "max_concurrent_requests": 32, "mean_ttft_ms": 47.0, "median_ttft_ms": 46.0, "std_ttft_ms": 4.0,
  "p99_ttft_ms": 90.0, "mean_tpot_ms": 1.8, "median_tpot_ms": 1.9, "p99_tpot_ms": 2.0,
  "mean_itl_ms": 1.85, "median_itl_ms": 0.002, "p99_itl_ms": 34.8, "mean_e2el_ms": 277.0,
  "median_e2el_ms": 282.0, "p99_e2el_ms": 300.0, "ttfts": [0.1, 0.2]})";

constexpr char kSglangLine[] =
    R"({"backend": "sglang", "dataset_name": "random", "request_rate": 5.0, "max_concurrency": 16,)"
    R"( "random_input_len": 1024, "duration": 12.5, "completed": 128, "request_throughput": 10.1,)"
    R"( "input_throughput": 20.2, "output_throughput": 30.3, "total_throughput": 50.5,)"
    R"( "mean_e2e_latency_ms": 40.4, "median_e2e_latency_ms": 41.4, "p99_e2e_latency_ms": 60.6,)"
    R"( "mean_ttft_ms": 7.7, "median_ttft_ms": 8.8, "p99_ttft_ms": 9.9, "mean_tpot_ms": 3.3,)"
    R"( "mean_itl_ms": 5.5, "p95_itl_ms": 6.5, "p99_itl_ms": 7.5, "concurrency": 15.8})";

constexpr char kGuidellm[] = R"({
  "metadata": {"version": 1, "guidellm_version": "0.5.0"}, "args": {"model": "m"},
  "benchmarks": [{"config": {"strategy": {"type_": "concurrent", "streams": 4}},
    "metrics": {
      "request_totals": {"successful": 95, "errored": 5, "incomplete": 0, "total": 100},
      "requests_per_second": {"successful": {"mean": 10.5}},
      "request_latency": {"successful": {"mean": 0.4, "median": 0.39, "std_dev": 0.1, "count": 95,
        "percentiles": {"p90": 0.5, "p95": 0.55, "p99": 0.6}}},
      "time_to_first_token_ms": {"successful": {"mean": 310.0, "median": 300.0,
        "percentiles": {"p99": 400.0}}},
      "time_per_output_token_ms": {"successful": {"mean": 20.0, "median": 25.0}},
      "inter_token_latency_ms": {"successful": {"mean": 24.0, "median": 23.0}},
      "output_tokens_per_second": {"successful": {"mean": 39.0}},
      "tokens_per_second": {"successful": {"mean": 161.0}}}}]})";

constexpr char kAiperf[] = R"({
  "schema_version": "1.0", "aiperf_version": "0.13.0",
  "request_throughput": {"unit": "requests/sec", "avg": 5.69},
  "request_latency": {"unit": "ms", "avg": 588.9, "p50": 572.6, "p99": 625.6, "std": 29.8},
  "time_to_first_token": {"unit": "ms", "avg": 61.9, "p50": 44.2, "p90": 90.0, "p99": 96.9},
  "inter_token_latency": {"unit": "ms", "avg": 4.15, "p50": 4.15, "p99": 4.2},
  "inter_chunk_latency": {"unit": "us", "avg": 8300.0, "p50": 8200.0, "p99": 9000.0},
  "output_token_throughput": {"unit": "tokens/sec", "avg": 728.55},
  "request_count": {"unit": "requests", "avg": 50}})";

Measurement Only(const std::string& text) {
  const auto imported = ImportResults(text);
  EXPECT_TRUE(imported.ok()) << imported.status().message();
  if (!imported.ok() || imported->size() != 1) return {};
  return imported->front();
}

TEST(Importer, EachToolsNumbersComeUnderTheNameOfTheirDefinition) {
  struct Case {
    const char* text;
    const char* tool;
    std::vector<std::pair<const char*, double>> figures;
    std::vector<const char*> absent;
  };
  const std::string two_lines = std::string(kSglangLine) + "\n" + kSglangLine + "\n";
  const Case cases[] = {
      {kVllm,
       "vllm",
       {{"ttft_ms", 47},
        {"ttft_ms.p50", 46},
        {"ttft_ms.p99", 90},
        {"itl_ms.p50", 0.002},
        {"e2e_ms", 277},
        {"output_tps", 100},
        {"total_tps", 300},
        {"peak_in_flight", 32}},
       {"goodput", "tpot_guidellm_ms"}},
      {two_lines.c_str(),
       "sglang",
       {{"e2e_ms", 40.4}, {"itl_ms.p95", 6.5}, {"total_tps", 50.5}, {"mean_in_flight", 15.8}},
       {"peak_output_tps"}},
      {kGuidellm,
       "guidellm",
       {{"e2e_ms", 400},
        {"e2e_ms.p99", 600},
        {"tpot_guidellm_ms", 20},
        {"tpot_ms", 24},
        {"output_tps", 39},
        {"requests", 95}},
       {"itl_ms"}},
      {kAiperf,
       "aiperf",
       {{"ttft_ms.p90", 90},
        {"tpot_ms", 4.15},
        {"itl_ms", 8.3},
        {"e2e_ms.p50", 572.6},
        {"output_tps", 728.55}},
       {"total_tps"}}};
  for (const Case& c : cases) {
    const Measurement measurement = Only(c.text);
    EXPECT_EQ(measurement.tool, c.tool);
    for (const auto& [figure, value] : c.figures) {
      const auto found = FigureOf(measurement.summary, figure);
      ASSERT_TRUE(found) << c.tool << " " << figure;
      EXPECT_NEAR(*found, value, 1e-9) << c.tool << " " << figure;
    }
    for (const char* figure : c.absent)
      EXPECT_FALSE(FigureOf(measurement.summary, figure)) << c.tool << " " << figure;
  }
}

TEST(Importer, LinesOfOneWorkloadAreRepeats) {
  json other = json::parse(kSglangLine);
  other["request_rate"] = 10.0;
  const auto imported = ImportResults(std::string(kSglangLine) + "\n" + kSglangLine + "\n" +
                                      kSglangLine + "\n" + other.dump() + "\n");
  ASSERT_TRUE(imported.ok());
  ASSERT_EQ(imported->size(), 2u);
  EXPECT_EQ((*imported)[0].repeats.size(), 3u);
}

TEST(Importer, FailedRequestsMakeAnImportInvalid) {
  EXPECT_FALSE(Only(kGuidellm).valid);
  EXPECT_TRUE(Only(kVllm).valid);
}

TEST(Importer, ImportsAreComparedWithOurOwn) {
  const Measurement vllm = Only(kVllm);
  const Measurement aiperf = Only(kAiperf);
  const Comparison comparison = Compare(vllm, aiperf);
  EXPECT_FALSE(comparison.figures.empty());
  EXPECT_EQ(comparison.figures[0].verdict, Verdict::kNotEnoughData);
  const auto own = ImportResults(ToJson(vllm));
  ASSERT_TRUE(own.ok()) << own.status().message();
  EXPECT_EQ(own->front().tool, "vllm");
}

TEST(Importer, HostileFilesAreRefused) {
  json negative = json::parse(kVllm);
  negative["output_throughput"] = -5;
  json words = json::parse(kGuidellm);
  words["benchmarks"][0]["metrics"] = "none";
  const std::string mixed = std::string(kSglangLine) + "\n{\"a\": 1}\n";
  for (const std::string& text :
       {std::string(), std::string("{}"), std::string("[1,2]"), std::string("null"),
        std::string("\xff\xfe"), std::string(100'000, '['), std::string("{\"benchmarks\": [5]}"),
        std::string("{\"total_token_throughput\": 1e999, \"completed\": 1}"), negative.dump(),
        words.dump(), mixed}) {
    const auto imported = ImportResults(text);
    ASSERT_FALSE(imported.ok()) << text.substr(0, 60);
    EXPECT_FALSE(imported.status().message().empty());
  }
}

TEST(Importer, EmptyLinesCount) {
  const std::string line(kSglangLine);
  EXPECT_TRUE(ImportResults("\n\n" + line + "\n\r\n" + line + "\n\n").ok());
  const auto refused = ImportResults(line + std::string(10'000, '\n') + line);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.status().message(), "more than 10000 lines");
}

TEST(Importer, WrongTypesAreAbsentNotZero) {
  json odd = json::parse(kVllm);
  odd["mean_ttft_ms"] = "fast";
  odd["output_throughput"] = nullptr;
  const Measurement measurement = Only(odd.dump());
  EXPECT_FALSE(FigureOf(measurement.summary, "ttft_ms"));
  EXPECT_FALSE(FigureOf(measurement.summary, "output_tps"));
}

TEST(Importer, AFileOfSeveralBenchmarksNeedsANumber) {
  json two = json::parse(kGuidellm);
  two["benchmarks"].push_back(two["benchmarks"][0]);
  const std::string path = ::testing::TempDir() + "/guidellm_two.json";
  ASSERT_TRUE(WriteFileAtomic(path, two.dump()).ok());
  EXPECT_NE(ImportFile(path).status().message().find("#1"), std::string::npos);
  EXPECT_TRUE(ImportFile(path + "#2").ok());
  EXPECT_FALSE(ImportFile(path + "#3").ok());
  EXPECT_FALSE(ImportFile(path + ".absent").ok());
  std::remove(path.c_str());
}

}  // namespace
}  // namespace redline::lab
