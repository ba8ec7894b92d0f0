#include "backends/engine_metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "backends/sglang/sglang_backend.h"
#include "backends/vllm/vllm_backend.h"
#include "base/files.h"

namespace redline::backends {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

const std::vector<MetricName> kNames = {{"requests", "e:running"},
                                        {"usage", "e:usage", "", MetricName::Total::kMean},
                                        {"mean_seconds", "e:seconds_sum", "e:seconds_count"}};

TEST(EngineMetricsTest, SamplesAreRead) {
  const struct {
    std::string text;
    double requests;  // NaN: not there
  } cases[] = {
      {"e:running 3", 3},
      {"e:running 3\n", 3},
      {"e:running 3.5e2\r\n", 350},
      {"e:running -3", -3},
      {"  e:running\t 3 ", 3},
      {"e:running{} 3", 3},
      {"e:running {a=\"b\"}\t3", 3},
      {"e:running{a=\"b\",} 3", 3},
      {"e:running{a=\"b\"} 3 1712345678000", 3},
      {"e:running 3\t1712345678000", 3},
      {"e:running{a=\"}{\"} 3", 3},
      {R"(e:running{a="\"} 9",b="\\"} 3)", 3},
      {"# HELP e:running 5\n# TYPE e:running gauge\n\ne:running 3", 3},
      {"e:running{r=\"0\"} 3\ne:running{r=\"1\"} 4", 7},
      {"e:running{r=\"0\"} NaN\ne:running{r=\"1\"} 4", 4},
      {"e:running NaN", std::nan("")},
      {"e:running +Inf", std::nan("")},
      {"e:running Inf", std::nan("")},
      {"e:running -Inf", std::nan("")},
      {"e:running 1e999", std::nan("")},
      {"e:running 1e308\ne:running 1e308", std::nan("")},
      {"e:running", std::nan("")},
      {"e:running ", std::nan("")},
      {"e:running{a=\"b\"", std::nan("")},
      {"e:running{a=\"b} 3\ne:running_total 4", std::nan("")},
      {"e:running{a=\"b\\", std::nan("")},
      {"e:running{a=\"b\"}", std::nan("")},
      {"e:running many", std::nan("")},
      {"e:running_not 3", std::nan("")},
      {"#e:running 3", std::nan("")},
      {"{} 3", std::nan("")},
      {"", std::nan("")},
  };
  for (const auto& each : cases) {
    const spec::Parameters mapped = MapMetrics(kNames, each.text);
    EXPECT_EQ(mapped.size(), std::isnan(each.requests) ? 0u : 1u) << each.text;
    if (std::isnan(each.requests) || mapped.empty()) continue;
    EXPECT_EQ(mapped.at("requests"), spec::ParameterValue(each.requests)) << each.text;
  }
}

TEST(EngineMetricsTest, SharesAndMeansAreNotAddedUp) {
  const struct {
    std::string text;
    std::string name;
    double value;  // NaN: not there
  } cases[] = {
      {"e:usage{dp=\"0\"} 0.5\ne:usage{dp=\"1\"} 0.9\n", "usage", 0.7},
      {"e:usage 0.25\n", "usage", 0.25},
      {"e:seconds_sum 3\ne:seconds_count 4\n", "mean_seconds", 0.75},
      {"e:seconds_sum{r=\"0\"} 3\ne:seconds_sum{r=\"1\"} 5\ne:seconds_count{r=\"0\"} "
       "1\ne:seconds_count{r=\"1\"} 3\n",
       "mean_seconds", 2},
      {"e:seconds_sum 0\ne:seconds_count 0\n", "mean_seconds", 0},
      {"e:seconds_sum 3\n", "mean_seconds", std::nan("")},
      {"e:seconds_count 3\n", "mean_seconds", std::nan("")},
      {"", "mean_seconds", std::nan("")},
  };
  for (const auto& each : cases) {
    const spec::Parameters mapped = MapMetrics(kNames, each.text);
    EXPECT_EQ(mapped.contains(each.name), !std::isnan(each.value)) << each.text;
    if (!mapped.contains(each.name)) continue;
    EXPECT_DOUBLE_EQ(std::get<double>(mapped.at(each.name)), each.value);
  }
}

TEST(EngineMetricsTest, LabelsAreRead) {
  const std::string text =
      "other{a=\"0\"} 1\n"
      R"(info{a="1",b="x, y=\"z\"}",c="C:\\d\ne",empty="" , spaced = "s"} 1)"
      "\ninfo{a=\"second\"} 1\n";
  EXPECT_THAT(LabelsOf(text, "info"),
              ElementsAre(Pair("a", "1"), Pair("b", "x, y=\"z\"}"), Pair("c", "C:\\d\ne"),
                          Pair("empty", ""), Pair("spaced", "s")));
  for (const char* none : {"", "info 1", "info{} 1", "info{a=b} 1", "info{a=\"b 1",
                           "inf{a=\"b\"} 1", "info{a=\"b\"} NaN"})
    EXPECT_TRUE(LabelsOf(none, "info").empty()) << none;
}

// Linear in the text: a few of these take no time.
TEST(EngineMetricsTest, HugeTextsAreNoMatter) {
  constexpr size_t kSize = 8 << 20;
  const std::string huge(kSize, 'x');
  const std::string value = "\ne:running 3\n";
  EXPECT_EQ(MapMetrics(kNames, huge + value).size(), 1u);
  EXPECT_EQ(MapMetrics(kNames, "e:running{a=\"" + huge + "\"} 3").size(), 1u);
  EXPECT_EQ(MapMetrics(kNames, std::string(kSize, '\n') + value).size(), 1u);
  EXPECT_EQ(MapMetrics(kNames, std::string(kSize, '{') + value).size(), 1u);
  EXPECT_EQ(MapMetrics(kNames, std::string(kSize, '"') + value).size(), 1u);
  std::string many = "info{";
  for (size_t i = 0; many.size() < kSize; ++i) many += "l" + std::to_string(i) + "=\"v\",";
  EXPECT_GT(LabelsOf(many + "} 1", "info").size(), 100'000u);
}

TEST(EngineMetricsTest, SglangsRecordingIsRead) {
  const std::string path = "../shared/data/engine-golden/sglang_cpu/metrics.txt";
  const auto text = ReadFile(path);
  if (!text.ok()) GTEST_SKIP() << "NOT TESTED: " << path << " is absent";
  const auto value = [](double number) { return spec::ParameterValue(number); };
  EXPECT_THAT(
      MapMetrics(SglangBackend().facts().metrics, *text),
      ElementsAre(Pair("generation_tokens_total", value(24)), Pair("kv_cache_usage", value(0)),
                  Pair("num_preemptions_total", value(0)), Pair("num_running_requests", value(0)),
                  Pair("num_waiting_requests", value(0)), Pair("prompt_tokens_total", value(49)),
                  Pair("time_to_first_token_seconds", value(5.767864227294922 / 2))));
  // Every line is a sample or a comment: each sample's metric can be asked for.
  for (size_t begin = 0; begin < text->size(); begin = text->find('\n', begin) + 1) {
    const std::string line = text->substr(begin, text->find('\n', begin) - begin);
    if (line.starts_with('#') || line.empty()) continue;
    const std::string name = line.substr(0, line.find_first_of("{ "));
    EXPECT_EQ(MapMetrics(std::vector<MetricName>{{"it", name}}, line).size(), 1u) << line;
    EXPECT_EQ(LabelsOf(line, name).size(), 1u + std::count(line.begin(), line.end(), ',')) << line;
  }
}

// What vLLM 0.13.0 and 0.32.0 answered after one request. [own]
TEST(EngineMetricsTest, VllmsFiguresAreRead) {
  const std::string text =
      "# TYPE vllm:num_requests_running gauge\n"
      "vllm:num_requests_running{engine=\"0\",model_name=\"smol\"} 0.0\n"
      "vllm:num_requests_waiting{engine=\"0\",model_name=\"smol\"} 0.0\n"
      "vllm:kv_cache_usage_perc{engine=\"0\",model_name=\"smol\"} 0.0\n"
      "vllm:num_preemptions_total{engine=\"0\",model_name=\"smol\"} 0.0\n"
      "vllm:num_preemptions_created{engine=\"0\",model_name=\"smol\"} 1.795665733708009e+09\n"
      "vllm:prompt_tokens_total{engine=\"0\",model_name=\"smol\"} 2.0\n"
      "vllm:generation_tokens_total{engine=\"0\",model_name=\"smol\"} 8.0\n"
      "vllm:time_to_first_token_seconds_count{engine=\"0\",model_name=\"smol\"} 1.0\n"
      "vllm:time_to_first_token_seconds_sum{engine=\"0\",model_name=\"smol\"} 7.236845254898071\n";
  const spec::Parameters mapped = MapMetrics(VllmBackend().facts().metrics, text);
  EXPECT_EQ(mapped.size(), VllmBackend().facts().metrics.size());
  EXPECT_EQ(mapped.at("prompt_tokens_total"), spec::ParameterValue(2.0));
  EXPECT_EQ(mapped.at("generation_tokens_total"), spec::ParameterValue(8.0));
  EXPECT_EQ(mapped.at("time_to_first_token_seconds"), spec::ParameterValue(7.236845254898071));
}

}  // namespace
}  // namespace redline::backends
