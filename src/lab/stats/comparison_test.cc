#include "lab/stats/comparison.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <numeric>
#include <random>

#include "lab/metrics/records_for_test.h"
#include "lab/stats/figure_series.h"
#include "lab/stats/intervals.h"

namespace redline::lab {
namespace {

// Repeats with these output rates; TTFT is 1000 / rate. Starts are `step` apart, from `first` on.
Measurement WithRates(const std::vector<double>& rates, int64_t first = 1, int64_t step = 2) {
  Measurement measurement;
  measurement.workload_name = "short";
  for (const double rate : rates) {
    RunResult run;
    run.started_at_ms = first + step * static_cast<int64_t>(measurement.repeats.size());
    run.summary.values["output_tps"] = rate;
    run.summary.distributions["ttft_ms"] = {.mean = 1000 / rate, .p50 = 900 / rate, .count = 10};
    measurement.repeats.push_back(run);
  }
  SummariseRepeats(measurement);
  return measurement;
}

const FigureComparison& Find(const Comparison& comparison, const std::string& figure) {
  for (const FigureComparison& found : comparison.figures) {
    if (found.figure == figure) return found;
  }
  ADD_FAILURE() << figure << " was not compared";
  static const FigureComparison none;
  return none;
}

TEST(Comparison, FasterMeansMoreThroughputAndLessLatency) {
  const Measurement a = WithRates({100, 101, 99, 100, 100}, 1);
  const Measurement b = WithRates({120, 121, 119, 121, 119}, 2);
  const Comparison better = Compare(a, b);
  EXPECT_TRUE(better.interleaved);
  EXPECT_EQ(Find(better, "output_tps").verdict, Verdict::kFaster);
  EXPECT_GT(Find(better, "output_tps").low, 1.15);
  EXPECT_EQ(Find(better, "ttft_ms").verdict, Verdict::kFaster);
  EXPECT_LT(Find(better, "ttft_ms").high, 0.9);
  const Comparison worse = Compare(b, a);
  EXPECT_EQ(Find(worse, "output_tps").verdict, Verdict::kSlower);
  EXPECT_EQ(Find(worse, "ttft_ms.p50").verdict, Verdict::kSlower);
}

TEST(Comparison, NoDifferenceAndNotEnoughDataAreToldApart) {
  const Comparison quiet = Compare(WithRates({100, 100.1, 99.9, 100, 100.1}, 1),
                                   WithRates({100, 99.9, 100.1, 100.1, 100}, 2));
  EXPECT_EQ(Find(quiet, "output_tps").verdict, Verdict::kNoDifferenceShown);
  const Comparison noisy =
      Compare(WithRates({100, 140, 80, 120, 90}, 1), WithRates({130, 90, 120, 80, 110}, 2));
  const FigureComparison& figure = Find(noisy, "output_tps");
  EXPECT_EQ(figure.verdict, Verdict::kNotEnoughData);
  EXPECT_GT(figure.repeats_needed, 5);
  EXPECT_NE(figure.reason.find(std::to_string(figure.repeats_needed)), std::string::npos);
}

TEST(Comparison, RunsOneAfterTheOtherAreSaidToBe) {
  const Comparison comparison =
      Compare(WithRates({100, 101, 99, 100}, 1, 1), WithRates({150, 151, 149, 150}, 100, 1));
  EXPECT_FALSE(comparison.interleaved);
  EXPECT_EQ(Find(comparison, "output_tps").verdict, Verdict::kFaster);
  ASSERT_FALSE(comparison.notes.empty());
  EXPECT_NE(comparison.notes[0].find("one after the other"), std::string::npos);
}

TEST(Comparison, OneRunOfEachIsNotEnough) {
  const auto slow = ClosedLoop(4, 50, [](int, int i) { return 100.0 + i % 7; });
  const auto fast = ClosedLoop(4, 50, [](int, int i) { return 50.0 + i % 7; });
  Measurement a, b;
  a.repeats.push_back(MakeRunResult({.records = slow}, {}));
  b.repeats.push_back(MakeRunResult({.records = fast}, {}));
  for (Measurement* measurement : {&a, &b}) {
    measurement->repeats[0].invalid_reasons.clear();
    SummariseRepeats(*measurement);
  }
  const FigureComparison figure = Find(Compare(a, b), "e2e_ms");
  EXPECT_EQ(figure.verdict, Verdict::kNotEnoughData);
  EXPECT_EQ(figure.method, "within_run");
  EXPECT_GT(figure.low, 0.4);
  EXPECT_LT(figure.high, 0.6);
  EXPECT_NE(figure.reason.find("repeats"), std::string::npos);
}

TEST(Comparison, InvalidAndUnlikeRunsAreRefused) {
  const Measurement good = WithRates({100, 101, 99}, 1);
  struct Case {
    const char* says;
    void (*spoil)(Measurement&);
  };
  const Case cases[] = {{"client_busy",
                         [](Measurement& m) {
                           m.valid = false;
                           m.invalid_reasons = {"client_busy: x"};
                         }},
                        {"workloads differ", [](Measurement& m) { m.workload_name = "long"; }},
                        {"datasets differ", [](Measurement& m) { m.dataset_hash = "abc"; }}};
  for (const Case& c : cases) {
    Measurement a = good;
    a.dataset_hash = "def";
    Measurement b = WithRates({200, 201, 199}, 2);
    b.dataset_hash = "def";
    c.spoil(b);
    const FigureComparison figure = Find(Compare(a, b), "output_tps");
    EXPECT_EQ(figure.verdict, Verdict::kNotEnoughData) << c.says;
    EXPECT_NE(figure.reason.find(c.says), std::string::npos) << figure.reason;
    EXPECT_NEAR(figure.ratio, 2, 0.01);
  }
  Measurement other_seed = WithRates({200, 201, 199}, 2);
  other_seed.seed = good.seed + 1;
  other_seed.dataset_hash = "of other requests";
  EXPECT_EQ(Find(Compare(good, other_seed), "output_tps").verdict, Verdict::kFaster);
  Measurement other = WithRates({200, 201, 199}, 2);
  other.workload_name = "long";
  EXPECT_EQ(
      Find(Compare(good, other, {.different_workloads_are_fine = true}), "output_tps").verdict,
      Verdict::kFaster);
}

TEST(Comparison, OnlyWhatBothHaveIsCompared) {
  Measurement a = WithRates({100, 101, 99}, 1);
  Measurement b = WithRates({100, 101, 99}, 2);
  a.summary.values["goodput"] = 3;
  for (const FigureComparison& figure : Compare(a, b).figures) EXPECT_NE(figure.figure, "goodput");
  EXPECT_TRUE(Compare(a, b, {.figures = {"no_such_metric"}}).figures.empty());
  EXPECT_TRUE(Compare({}, {}).figures.empty());
}

TEST(Comparison, OneFigureAloneIsJudgedAtNinetyFivePercent) {
  const Measurement a = WithRates({100, 101, 99}, 1);
  EXPECT_EQ(Compare(a, a, {.figures = {"output_tps"}}).figures.at(0).confidence, 0.95);
  EXPECT_EQ(Compare(a, a).figures.at(0).confidence, 0.995);
}

TEST(Comparison, JsonHasVerdictRatioAndLimits) {
  const auto document = nlohmann::json::parse(
      ToJson(Compare(WithRates({100, 101, 99}, 1), WithRates({130, 131, 129}, 2))));
  const auto& figure = document.at("metrics").at("output_tps");
  EXPECT_EQ(figure.at("verdict"), "faster");
  EXPECT_LT(figure.at("low").get<double>(), figure.at("ratio").get<double>());
  EXPECT_LT(figure.at("ratio").get<double>(), figure.at("high").get<double>());
}

TEST(Intervals, OfRepeatsAndWithinOneRun) {
  Measurement three = WithRates({100, 110, 90});
  FillIntervals(three);
  EXPECT_EQ(three.intervals.at("output_tps").method, "t_of_repeats");
  EXPECT_LT(three.intervals.at("output_tps").low, 90);
  Measurement one;
  const auto records = ClosedLoop(4, 50, [](int place, int i) { return 100.0 + place + i % 7; });
  one.repeats.push_back(MakeRunResult({.records = records}, {}));
  SummariseRepeats(one);
  FillIntervals(one);
  EXPECT_EQ(one.intervals.at("e2e_ms").method, "within_run");
  const double mean = one.summary.distributions.at("e2e_ms").mean;
  EXPECT_LT(one.intervals.at("e2e_ms").low, mean);
  EXPECT_GT(one.intervals.at("e2e_ms").high, mean);
}

TEST(FigureSeries, MoreThanCanBeDrawnAgainAndAgainIsNone) {
  RunResult run;
  run.requests.index.assign(4096, 0);
  run.requests.e2e_ms.assign(4096, 1.5);
  run.requests.outcome.assign(4096, static_cast<int64_t>(Outcome::kOk));
  Measurement measurement;
  measurement.repeats.assign(16, run);
  EXPECT_TRUE(SeriesOf(measurement, "e2e_ms.p50").has_value());
  measurement.repeats.push_back(run);
  EXPECT_FALSE(SeriesOf(measurement, "e2e_ms.p50").has_value());
}

// A steady server, whatever part of the last bin the run filled.
TEST(FigureSeries, ALastBinThatIsNotFullIsNotARateOfItsOwn) {
  for (const double last : {0.01, 0.5, 0.99, 1.0}) {
    RunResult run;
    run.timeline.bin_s = 0.1;
    run.timeline.output_tokens.assign(10, 40);
    run.timeline.output_tokens.back() = 40 * last;
    run.summary.values["duration_s"] = 0.9 + 0.1 * last;
    Measurement measurement;
    measurement.repeats = {run};
    const auto series = SeriesOf(measurement, "output_tps");
    ASSERT_TRUE(series.has_value());
    ASSERT_EQ(series->runs.at(0).size(), last < 1 ? 9U : 10U);
    for (const double rate : series->runs[0]) EXPECT_NEAR(rate, 400, 1e-6) << last;
  }
}

// Whatever the bins hold.
TEST(FigureSeries, TheMeanOfTheRatesIsTheRate) {
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    RunResult run;
    run.timeline.bin_s = 0.1 * (1 + round % 5);
    run.timeline.finished.resize(9 + random() % 50);
    for (double& count : run.timeline.finished) count = static_cast<double>(random() % 9);
    const double duration_s =
        run.timeline.bin_s * (static_cast<double>(run.timeline.finished.size()) -
                              static_cast<double>(random() % 1000) / 1000);
    run.summary.values["duration_s"] = duration_s;
    Measurement measurement;
    measurement.repeats = {run};
    auto series = SeriesOf(measurement, "request_rate");
    ASSERT_TRUE(series.has_value());
    const double all =
        std::accumulate(run.timeline.finished.begin(), run.timeline.finished.end(), 0.0);
    EXPECT_NEAR(series->statistic(series->runs[0]), all / duration_s, 1e-9 * all / duration_s);
  }
}

TEST(FigureSeries, OddBinsAreNone) {
  const double inf = std::numeric_limits<double>::infinity();
  for (const double bin_s : {0.0, -1.0, 1e-300, 1e308, inf, std::nan("")}) {
    for (const double duration_s : {0.0, -1.0, 1e308, inf, std::nan("")}) {
      RunResult run;
      run.timeline.bin_s = bin_s;
      run.timeline.finished.assign(20, 3);
      run.summary.values["duration_s"] = duration_s;
      Measurement measurement;
      measurement.repeats = {run};
      EXPECT_FALSE(SeriesOf(measurement, "request_rate").has_value()) << bin_s;
      measurement.repeats[0].timeline.bin_s = 0.1;
      const auto series = SeriesOf(measurement, "request_rate");
      ASSERT_TRUE(series.has_value()) << duration_s;
      EXPECT_GE(series->runs[0].size(), 19U);
    }
  }
}

TEST(FigureSeries, AFewBinsAreNone) {
  RunResult run;
  run.timeline.bin_s = 0.1;
  run.timeline.finished.assign(5, 3);
  run.timeline.output_tokens.assign(5, 3);
  Measurement measurement;
  measurement.repeats = {run};
  EXPECT_FALSE(SeriesOf(measurement, "request_rate").has_value());
  measurement.repeats = {run, run};
  EXPECT_TRUE(SeriesOf(measurement, "request_rate").has_value());
}

TEST(Comparison, AnIntervalWithoutEndIsNone) {
  Measurement a;
  RunResult& run = a.repeats.emplace_back();
  run.timeline.bin_s = 1;
  run.timeline.output_tokens = {1e-300, 1e300, 1, 1, 1e-300, 1e300, 1, 1e300};
  a.summary.values["output_tps"] = 1e10;
  Measurement b = a;
  b.summary.values["output_tps"] = 1e300;
  const FigureComparison figure = Find(Compare(a, b), "output_tps");
  EXPECT_EQ(figure.low, 0);
  EXPECT_EQ(figure.high, 0);
}

}  // namespace
}  // namespace redline::lab
