#include "lab/metrics/measurement.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "lab/metrics/records_for_test.h"

namespace redline::lab {
namespace {

using nlohmann::json;

Measurement Sample() {
  const auto records = ClosedLoop(8, 40, [](int place, int i) { return 95.0 + place + i % 3; });
  Histogram gaps;
  gaps.Record(10'000'000, 2880);
  Measurement measurement;
  measurement.model = "tiny";
  measurement.workload_name = "short";
  measurement.workload = R"({"name":"short"})";
  measurement.seed = 7;
  measurement.environment = {{"cpu", "Some CPU"}};
  for (int64_t repeat = 0; repeat < 3; ++repeat) {
    measurement.repeats.push_back(MakeRunResult({.records = records, .gaps_ns = &gaps},
                                                {.started_at_ms = 1'700'000'000'000 + repeat,
                                                 .outcomes = {{"ok", 320, ""}},
                                                 .health = {.num_planned = 320, .num_sent = 320}}));
  }
  SummariseRepeats(measurement);
  return measurement;
}

TEST(Measurement, TopLevelHasTheMetricsByName) {
  const json document = json::parse(ToJson(Sample()));
  for (const char* name : {"ttft_ms", "tpot_ms", "itl_ms", "e2e_ms"}) {
    for (const char* statistic : {"mean", "p50", "p90", "p99"})
      EXPECT_TRUE(document.at(name).at(statistic).is_number()) << name << "." << statistic;
  }
  EXPECT_GT(document.at("total_tps").get<double>(), document.at("output_tps").get<double>());
  EXPECT_EQ(document.at("valid"), true);
  EXPECT_EQ(document.at("workload").at("name"), "short");
  EXPECT_EQ(document.at("schema_version"), kMeasurementVersion);
}

TEST(Measurement, ComesBackTheSame) {
  const Measurement before = Sample();
  const auto after = MeasurementFromJson(ToJson(before));
  ASSERT_TRUE(after.ok()) << after.status().message();
  EXPECT_EQ(ToJson(*after), ToJson(before));
  EXPECT_EQ(after->repeats.size(), 3u);
  EXPECT_EQ(after->summary.values.at("output_tps"), before.summary.values.at("output_tps"));
}

TEST(Measurement, AnInvalidRepeatMakesItInvalid) {
  Measurement measurement = Sample();
  measurement.repeats[1].invalid_reasons = {"client_busy: too busy"};
  SummariseRepeats(measurement);
  EXPECT_FALSE(measurement.valid);
  EXPECT_EQ(measurement.invalid_reasons,
            std::vector<std::string>{"repeat 2: client_busy: too busy"});
}

TEST(Measurement, FiguresAreMeansOverRepeats) {
  Measurement measurement;
  measurement.repeats.resize(2);
  measurement.repeats[0].summary.values = {{"output_tps", 10}, {"goodput", 1}};
  measurement.repeats[1].summary.values = {{"output_tps", 30}};
  measurement.repeats[0].summary.distributions["ttft_ms"] = {
      .min = 2, .p99 = 10, .max = 20, .count = 5};
  measurement.repeats[1].summary.distributions["ttft_ms"] = {
      .min = 1, .p99 = 30, .max = 90, .count = 6};
  SummariseRepeats(measurement);
  EXPECT_EQ(measurement.summary.values, (std::map<std::string, double>{{"output_tps", 20}}));
  const Distribution& ttft = measurement.summary.distributions.at("ttft_ms");
  EXPECT_EQ(ttft.p99, 20);
  EXPECT_EQ(ttft.min, 1);
  EXPECT_EQ(ttft.max, 90);
  EXPECT_EQ(ttft.count, 11);
}

TEST(Measurement, HostileFilesAreRefusedByField) {
  struct Case {
    const char* what;
    void (*spoil)(json&);
    const char* param;
  };
  const Case cases[] = {
      {"version", [](json& d) { d["schema_version"] = 99; }, "schema_version"},
      {"no version", [](json& d) { d.erase("schema_version"); }, "schema_version"},
      {"text for a number", [](json& d) { d["output_tps"] = "fast"; }, "output_tps"},
      {"number for an object", [](json& d) { d["ttft_ms"] = 3; }, "ttft_ms"},
      {"text in an object", [](json& d) { d["ttft_ms"]["p99"] = "x"; }, "ttft_ms.p99"},
      {"valid", [](json& d) { d["valid"] = "yes"; }, "valid"},
      {"repeats", [](json& d) { d["repeats"] = 5; }, "repeats"},
      {"ragged rows", [](json& d) { d["repeats"][0]["requests"]["ttft_ms"].erase(0); },
       "requests.ttft_ms"},
      {"ragged bins", [](json& d) { d["repeats"][2]["timeline"]["decode"].push_back(1); },
       "timeline.decode"},
      {"rows", [](json& d) { d["repeats"][0]["requests"]["index"] = std::vector<int>(8193, 1); },
       "requests.index"},
      {"bins",
       [](json& d) { d["repeats"][0]["timeline"]["output_tokens"] = std::vector<int>(8193, 1); },
       "timeline.output_tokens"},
      {"no width", [](json& d) { d["repeats"][0]["timeline"]["bin_s"] = 0; }, "timeline.bin_s"},
      {"width below 0", [](json& d) { d["repeats"][0]["timeline"]["bin_s"] = -1; },
       "timeline.bin_s"},
      {"tiny width", [](json& d) { d["repeats"][0]["timeline"]["bin_s"] = 5e-324; },
       "timeline.bin_s"},
      {"deep", [](json& d) { d["repeats"][0]["summary"]["values"]["output_tps"] = json::array(); },
       "repeats[0].summary.values.output_tps"},
      {"time", [](json& d) { d["started_at"] = "yesterday"; }, "started_at"}};
  const json good = json::parse(ToJson(Sample()));
  for (const Case& c : cases) {
    json document = good;
    c.spoil(document);
    const auto read = MeasurementFromJson(document.dump());
    ASSERT_FALSE(read.ok()) << c.what;
    EXPECT_EQ(read.status().param(), c.param) << c.what << ": " << read.status().message();
  }
  for (const char* text : {"", "[]", "{", "null", "{\"schema_version\":1e400}"})
    EXPECT_FALSE(MeasurementFromJson(text).ok()) << text;
}

TEST(Measurement, KeysOfALaterVersionAreIgnored) {
  json document = json::parse(ToJson(Sample()));
  document["hologram"] = {1, 2, 3};
  document["repeats"][0]["hologram"] = true;
  EXPECT_TRUE(MeasurementFromJson(document.dump()).ok());
}

}  // namespace
}  // namespace redline::lab
