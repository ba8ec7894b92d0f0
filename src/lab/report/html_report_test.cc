#include "lab/report/html_report.h"

#include <gtest/gtest.h>

#include "base/strings.h"
#include "lab/report/frontier_chart.h"
#include "lab/report/markdown_report.h"
#include "lab/report/page_style.h"
#include "lab/report/samples_for_test.h"
#include "lab/report/well_formed_for_test.h"

namespace redline::lab {
namespace {

std::string Page(const std::vector<NamedMeasurement>& measurements) {
  std::string page = HtmlReport(measurements);
  EXPECT_TRUE(IsWellFormed(page));
  // The style sheet aside, no number is other than a number.
  EXPECT_EQ(page.find("\"nan"), std::string::npos);
  EXPECT_EQ(page.find("nan "), std::string::npos);
  EXPECT_EQ(page.find("\"inf"), std::string::npos);
  return page;
}

TEST(HtmlReport, OneMeasurement) {
  const std::string page =
      Page({{"sharegpt", SampleMeasurement({.concurrency = 16, .num_repeats = 3})}});
  for (const char* expected :
       {"smollm2-135m-instruct", "<strong>Valid</strong>", "Time to first token",
        "Output over time", "In flight over time", "ttft_ms", "redline bench --url", "Some CPU",
        ">Copy</button>", "prefers-color-scheme:dark", "block bootstrap"})
    EXPECT_NE(page.find(expected), std::string::npos) << expected;
  // Nothing to compare it with.
  EXPECT_EQ(page.find("By workload"), std::string::npos);
  EXPECT_EQ(page.find("Throughput and latency"), std::string::npos);
}

TEST(HtmlReport, SeveralMeasurements) {
  std::vector<NamedMeasurement> measurements;
  for (const int concurrency : {4, 8, 16})
    measurements.push_back({"c" + std::to_string(concurrency),
                            SampleMeasurement({.concurrency = concurrency, .per_place = 20})});
  const std::string page = Page(measurements);
  for (const char* expected :
       {"3 measurements", "All measurements", "Differences", "workload.concurrency",
        "Throughput and speed per user", "By workload", "sharegpt"})
    EXPECT_NE(page.find(expected), std::string::npos) << expected;
}

TEST(HtmlReport, HeadOfASweep) {
  const std::vector<NamedMeasurement> one = {{"a", SampleMeasurement({})}};
  const std::string page = HtmlReport(one, {"Sweep of <m>", {"saturated at concurrency 16"}});
  EXPECT_TRUE(IsWellFormed(page));
  EXPECT_NE(page.find("<title>Sweep of &lt;m&gt;</title>"), std::string::npos);
  EXPECT_LT(page.find("saturated at concurrency 16"), page.find("<main>"));
  const std::string text = MarkdownReport(one, {"Sweep of m", {"saturated at concurrency 16"}});
  EXPECT_TRUE(text.starts_with("# Sweep of m\n\nsaturated at concurrency 16\n")) << text;
}

TEST(FrontierChart, LadderAndRatesApartInOrderOfLoad) {
  std::vector<NamedMeasurement> points;
  const auto add = [&](const std::string& name, const std::string& load) {
    Measurement measurement = SampleMeasurement({.concurrency = 4, .per_place = 5});
    measurement.workload =
        R"({"name":"w","input_tokens":8,"output_tokens":8,"num_requests":20,)" + load + "}";
    points.push_back({name, measurement});
  };
  for (const char* places : {"1", "2", "4"})
    add("concurrency-" + std::string(places), R"("concurrency":)" + std::string(places));
  for (const char* rate : {"10", "20", "15"})
    add("rate-" + std::string(rate),
        R"("arrivals":{"process":"poisson","rate":)" + std::string(rate) + "}");
  const std::vector<LineChart> charts = MakeFrontierCharts(points);
  ASSERT_EQ(charts.size(), 2u);
  for (const LineChart& chart : charts) {
    ASSERT_EQ(chart.series.size(), 2u);
    EXPECT_EQ(chart.series[0].name, "concurrency-1 to concurrency-4");
    EXPECT_EQ(chart.series[1].name, "rate-10 to rate-20");
    EXPECT_EQ(chart.series[1].points[1].label, "rate-15");
    EXPECT_NE(chart.series[0].style, chart.series[1].style);
  }
}

TEST(HtmlReport, InvalidIsSaidFirstWithItsReasons) {
  Measurement measurement = SampleMeasurement({.num_repeats = 2, .failing_share = 0.1});
  measurement.repeats[1].invalid_reasons = {"client_busy: 91% of a core"};
  SummariseRepeats(measurement);
  const std::string page = Page({{"busy", measurement}});
  const size_t banner = page.find("<strong>INVALID</strong>");
  ASSERT_NE(banner, std::string::npos);
  EXPECT_LT(banner, page.find("<main>"));
  EXPECT_NE(page.find("repeat 2: client_busy: 91% of a core"), std::string::npos);
  EXPECT_NE(page.find("no event for 30 s"), std::string::npos);
  EXPECT_NE(page.find("Failures over time"), std::string::npos);
}

TEST(HtmlReport, IsValidUtf8WithoutControlCharacters) {
  Measurement measurement = SampleMeasurement({.num_repeats = 1});
  measurement.model = "m\x1b\u009b\u202e\u2066";
  measurement.command_line = "redline bench \xff";
  measurement.repeats[0].outcomes = {{"reset", 1, "by \x9b\xff peer"}};
  measurement.environment = {{"peer", "by \x9b\xff"}};
  const std::string page = Page({{"a", measurement}});
  EXPECT_TRUE(IsValidUtf8(page));
  for (const char* unsafe : {"\x1b", "\u009b", "\u202e", "\u2066"})
    EXPECT_EQ(page.find(unsafe), std::string::npos);
  EXPECT_NE(page.find("by \uFFFD\uFFFD"), std::string::npos);
}

TEST(HtmlReport, ATimeBelowAnyPowerOfTenIsDrawn) {
  for (const double least : {5e-324, 1e-323}) {
    Measurement measurement = SampleMeasurement({.num_repeats = 1});
    RunResult& run = measurement.repeats[0];
    for (auto* column : {&run.requests.e2e_ms, &run.requests.ttft_ms, &run.requests.tpot_ms,
                         &run.timeline.failed, &run.timeline.output_tokens, &run.timeline.prefill})
      column->assign(column->size(), least);
    Page({{"a", measurement}});
  }
}

TEST(HtmlReport, EveryTextIsEscaped) {
  const std::string hostile = "<script>alert(1)</script>\"'&\x01<img src=x onerror=alert(2)>";
  Measurement measurement = SampleMeasurement({.num_repeats = 1});
  for (std::string* text : {&measurement.tool, &measurement.tool_version, &measurement.command_line,
                            &measurement.target, &measurement.model, &measurement.api,
                            &measurement.workload_name, &measurement.dataset_hash})
    *text = hostile;
  measurement.workload = R"({"<script>":"<script>"})";
  measurement.environment = {{hostile, hostile}};
  measurement.notes = {hostile};
  measurement.repeats[0].outcomes = {{hostile, 1, hostile}};
  measurement.repeats[0].steady_state = {.found = false, .reason = hostile};
  measurement.repeats[0].invalid_reasons = {hostile};
  measurement.intervals["output_tps"].method = hostile;
  SummariseRepeats(measurement);
  const std::string page =
      Page({{hostile, measurement}, {"other", SampleMeasurement({.num_repeats = 1})}});
  EXPECT_EQ(CountOf(page, "<script>"), 1);  // the page's own
  EXPECT_EQ(page.find("<img"), std::string::npos);
  EXPECT_EQ(page.find('\x01'), std::string::npos);
}

TEST(HtmlReport, NothingComesFromElsewhere) {
  const std::string page = Page({{"a", SampleMeasurement({})}});
  for (const char* reference : {"src=", "href=", "@import", "url("})
    EXPECT_EQ(page.find(reference), std::string::npos) << reference;
  EXPECT_NE(page.find("default-src &#39;none&#39;"), std::string::npos);
}

TEST(HtmlReport, StyleAndScriptNeedNoEscaping) {
  for (const std::string_view text : {kPageStyle, kPageScript})
    EXPECT_EQ(text.find_first_of("<&"), std::string_view::npos);
}

TEST(HtmlReport, OddMeasurements) {
  Measurement no_rows = SampleMeasurement({});
  no_rows.repeats.clear();
  Measurement no_numbers = SampleMeasurement({});
  for (auto& [name, value] : no_numbers.summary.values) value = NAN;
  for (auto& [name, values] : no_numbers.summary.distributions) values = {NAN, NAN, -INFINITY, NAN};
  for (auto& [name, interval] : no_numbers.intervals) interval.high = INFINITY;
  for (double& value : no_numbers.repeats[0].requests.ttft_ms) value = NAN;
  for (double& value : no_numbers.repeats[0].timeline.decode) value = INFINITY;
  no_numbers.repeats[0].steady_state = {.found = true, .window = {NAN, INFINITY}, .reason = ""};
  Measurement no_bins = SampleMeasurement({});
  no_bins.repeats[0].timeline.bin_s = 0;
  Measurement unknown_outcomes = SampleMeasurement({});
  for (int64_t& outcome : unknown_outcomes.repeats[0].requests.outcome) outcome = 99;
  const Measurement cases[] = {Measurement(),
                               SampleMeasurement({.concurrency = 1, .per_place = 1}),
                               SampleMeasurement({.concurrency = 64, .per_place = 64}),
                               no_rows,
                               no_numbers,
                               no_bins,
                               unknown_outcomes};
  std::vector<NamedMeasurement> all;
  for (const Measurement& measurement : cases) {
    Page({{"alone", measurement}});
    all.push_back({"case " + std::to_string(all.size()), measurement});
  }
  Page(all);
}

TEST(HtmlReport, StaysSmall) {
  const std::string page =
      Page({{"a", SampleMeasurement({.concurrency = 64, .per_place = 64, .num_repeats = 20})}});
  EXPECT_LT(page.size(), size_t{400'000});
}

}  // namespace
}  // namespace redline::lab
