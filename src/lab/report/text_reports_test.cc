#include <gtest/gtest.h>

#include "base/strings.h"
#include "lab/metrics/environment.h"
#include "lab/report/configurations.h"
#include "lab/report/csv_report.h"
#include "lab/report/differences.h"
#include "lab/report/figures.h"
#include "lab/report/markdown_report.h"
#include "lab/report/report_tables.h"
#include "lab/report/samples_for_test.h"
#include "lab/report/verdicts.h"
#include "lab/report/well_formed_for_test.h"

namespace redline::lab {
namespace {

TEST(MetricsCsv, OneRowPerMetricAndMeasurement) {
  const std::vector<NamedMeasurement> both = {{"a", SampleMeasurement({})},
                                              {"b,\"c\"", SampleMeasurement({})}};
  const std::vector<std::string> lines = Split(MetricsCsv(both), '\n');
  const Summary& summary = both[0].measurement.summary;
  EXPECT_EQ(lines.size(), 1 + 2 * (summary.distributions.size() + summary.values.size()) + 1);
  const auto num_columns = CountOf(lines[0], ",");
  EXPECT_EQ(CountOf(lines[1], ","), num_columns);
  EXPECT_EQ(lines.back(), "");
  EXPECT_EQ(CountOf(MetricsCsv(both), "\n\"b,\"\"c\"\"\",smollm2"),
            static_cast<int>(lines.size() / 2 - 1));
  for (const std::string& line : lines) {
    if (!line.starts_with("a,")) continue;
    EXPECT_EQ(CountOf(line, ","), num_columns) << line;
  }
}

TEST(MetricsCsv, TextIsNoFormulaAndHasNoControlCharacters) {
  const std::pair<const char*, const char*> cases[] = {
      {"=cmd|' /C calc'!A0", ",'=cmd|' /C calc'!A0,"},
      {"+1", ",'+1,"},
      {"-1", ",'-1,"},
      {"@SUM(1)", ",'@SUM(1),"},
      {"\t=1", ",'=1,"},
      {"\r=1,2", ",\"'=1,2\","},
      {"a=1\x1b[31m\u009b\u202e\xff", ",a=1[31m,"}};
  for (const auto& [model, cell] : cases) {
    Measurement measurement = SampleMeasurement({});
    measurement.model = model;
    measurement.summary.values["output_tps"] = -5;
    const std::string csv = MetricsCsv(std::vector<NamedMeasurement>{{"a", measurement}});
    EXPECT_NE(csv.find(cell), std::string::npos) << csv.substr(0, 400);
    EXPECT_NE(csv.find(",-5,"), std::string::npos) << "numbers stay numbers";
  }
}

TEST(RequestsCsv, OneRowPerRequest) {
  Measurement measurement = SampleMeasurement({.num_repeats = 2, .failing_share = 0.1});
  measurement.repeats[0].requests.ttft_ms[0] = -1;
  measurement.repeats[0].requests.outcome[0] = 99;
  const std::vector<NamedMeasurement> one = {{"a", measurement}};
  const std::vector<std::string> lines = Split(RequestsCsv(one), '\n');
  EXPECT_EQ(lines.size(), 1u + 2 * 320 + 1);
  EXPECT_NE(lines[1].find(",,"), std::string::npos) << "what did not happen is empty";
  EXPECT_TRUE(lines[1].ends_with(",unknown"));
  EXPECT_TRUE(lines[2].ends_with(",ok") || lines[2].ends_with(",timeout"));
}

TEST(MarkdownReport, TablesStayTables) {
  Measurement hostile = SampleMeasurement({});
  hostile.model = "a|b\n<script>`x`";
  hostile.command_line = "echo ```` | sh";
  hostile.valid = false;
  hostile.invalid_reasons = {"client_busy: *91%*"};
  const std::string text = MarkdownReport(
      std::vector<NamedMeasurement>{{"a", hostile}, {"b", SampleMeasurement({.concurrency = 4})}});
  EXPECT_EQ(text.find("<script>"), std::string::npos);
  EXPECT_NE(text.find("a\\|b &lt;script>\\`x\\`"), std::string::npos);
  EXPECT_NE(text.find("\n`````\necho ```` | sh\n`````\n"), std::string::npos);
  EXPECT_NE(text.find("**INVALID:**\n\n- client_busy: \\*91%\\*"), std::string::npos);
  EXPECT_NE(text.find("| workload.concurrency | 8 | 4 |"), std::string::npos);
}

TEST(MarkdownReport, IsValidUtf8WithoutControlCharacters) {
  Measurement hostile = SampleMeasurement({});
  hostile.model = "m\u009b\u202e\x7f";
  hostile.command_line = "redline bench --model \x1b[31m\u009b\xff";
  hostile.repeats[0].outcomes.push_back({"reset", 1, "by \x9b\xff peer"});
  hostile.environment = {{"peer", "by \x9b\xff"}};
  const std::string text = MarkdownReport(std::vector<NamedMeasurement>{{"a", hostile}});
  EXPECT_TRUE(IsValidUtf8(text));
  for (const char* unsafe : {"\x1b", "\x7f", "\u009b", "\u202e"})
    EXPECT_EQ(text.find(unsafe), std::string::npos);
  EXPECT_NE(text.find("m\uFFFD\uFFFD\uFFFD"), std::string::npos);
  EXPECT_NE(text.find("by \uFFFD\uFFFD"), std::string::npos);
  EXPECT_NE(text.find("--model \\x1b[31m\\u009b\\xff\n"), std::string::npos);
}

TEST(MarkdownReport, WhatASimulatedEngineAnsweredIsCalledThat) {
  Measurement simulated;
  simulated.model = "m";
  EXPECT_EQ(MarkdownReport(std::vector<NamedMeasurement>{{"a", simulated}}).find("VIRTUAL"),
            std::string::npos);
  simulated.environment[kVirtual] = "true";
  EXPECT_NE(MarkdownReport(std::vector<NamedMeasurement>{{"a", simulated}}).find("VIRTUAL"),
            std::string::npos);
}

TEST(Differences, OnlyWhatDiffers) {
  std::vector<NamedMeasurement> three = {
      {"a", SampleMeasurement({})}, {"b", SampleMeasurement({})}, {"c", SampleMeasurement({})}};
  EXPECT_TRUE(FindDifferences(three).empty());
  three[1].measurement.environment["engine"] = "vllm";
  three[2].measurement.workload = R"({"name":"sharegpt","concurrency":8,"seed":{"nested":[2]}})";
  const std::vector<Difference> differences = FindDifferences(three);
  ASSERT_EQ(differences.size(), 2u);
  EXPECT_EQ(differences[0].field, "environment.engine");
  EXPECT_EQ(differences[0].values, (std::vector<std::string>{"-", "vllm", "-"}));
  EXPECT_EQ(differences[1].field, "workload.seed.nested");
  EXPECT_EQ(differences[1].values, (std::vector<std::string>{"[1,2]", "[1,2]", "[2]"}));
}

TEST(Configurations, ByServerAndByTurn) {
  const auto at = [](int concurrency, const std::string& flag, const std::string& counter) {
    Measurement measurement;
    measurement.workload = std::to_string(concurrency);
    measurement.environment = {{"server.kv_cache_dtype", flag}, {"server.uptime_s", counter}};
    return NamedMeasurement{"", measurement};
  };
  const std::vector<NamedMeasurement> all = {at(4, "auto", "1"), at(8, "auto", "2"),
                                             at(4, "fp8", "3"),  at(8, "fp8", "4"),
                                             at(4, "auto", "5"), at(8, "auto", "6")};
  EXPECT_EQ(ConfigurationsOf(all), (std::vector<size_t>{0, 0, 1, 1, 2, 2}));
}

TEST(Verdicts, EachAgainstTheFirstOfItsWorkload) {
  const auto named = [](const std::string& name, int concurrency, double speed) {
    return NamedMeasurement{
        name, SampleMeasurement(
                  {.concurrency = concurrency, .per_place = 20, .num_repeats = 8, .speed = speed})};
  };
  const std::vector<NamedMeasurement> all = {named("a4", 4, 1), named("a8", 8, 1),
                                             named("b4", 4, 1.5), named("b8", 8, 1)};
  const std::vector<VerdictSection> sections = MakeVerdicts(all);
  ASSERT_EQ(sections.size(), 2u);
  EXPECT_EQ(sections[0].table.caption, "b4 against a4");
  EXPECT_EQ(sections[1].table.caption, "b8 against a8");
  for (const std::vector<Cell>& row : sections[0].table.rows) {
    if (row[0].text != "output_tps") continue;
    EXPECT_EQ(row[1].text, "faster");
    EXPECT_EQ(row[1].tone, Tone::kGood);
  }
  for (const std::vector<Cell>& row : sections[1].table.rows) EXPECT_EQ(row[1].tone, Tone::kPlain);
}

TEST(Figures, IntervalsByEitherNameOfAMean) {
  Measurement measurement;
  measurement.intervals["ttft_ms"] = {1, 2, 0.95, ""};
  measurement.intervals["e2e_ms.mean"] = {3, 4, 0.95, ""};
  EXPECT_EQ(IntervalText(measurement, "ttft_ms.mean"), "1 \u2013 2");
  EXPECT_EQ(IntervalText(measurement, "e2e_ms"), "3 \u2013 4");
  EXPECT_EQ(IntervalText(measurement, "ttft_ms.p99"), "");
}

TEST(ReportTables, OutcomesAreAddedUpOverRepeats) {
  Measurement measurement;
  measurement.repeats.resize(2);
  measurement.repeats[0].outcomes = {{"ok", 3, ""}, {"reset", 1, ""}};
  measurement.repeats[1].outcomes = {{"reset", 2, "connection reset by peer"}};
  const ReportTable table = OutcomeTable(measurement);
  ASSERT_EQ(table.rows.size(), 2u);
  EXPECT_EQ(table.rows[1][1].text, "3");
  EXPECT_EQ(table.rows[1][2].text, "connection reset by peer");
}

TEST(ReportTables, ManyRepeatsAreCutAndItIsSaid) {
  Measurement measurement;
  measurement.repeats.resize(150);
  const ReportTable table = RepeatTable(measurement);
  EXPECT_EQ(table.rows.size(), 100u);
  EXPECT_EQ(table.caption, "Runs (the first 100 of 150)");
}

}  // namespace
}  // namespace redline::lab
