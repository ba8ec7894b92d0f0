#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <limits>

#include "app/commands.h"
#include "app/comparison_table.h"
#include "app/measurement_table.h"
#include "base/files.h"

namespace redline::app {
namespace {

class ReportTest : public testing::Test {
 protected:
  ReportTest() : folder_(testing::TempDir() + "redline_report_test") {
    std::filesystem::create_directories(folder_);
  }
  ~ReportTest() override { std::filesystem::remove_all(folder_); }

  std::string Path(const std::string& name) const { return folder_ + "/" + name; }

  std::string Write(const std::string& name, const std::string& text) const {
    std::filesystem::create_directories(std::filesystem::path(Path(name)).parent_path());
    EXPECT_TRUE(WriteFileAtomic(Path(name), text).ok());
    return Path(name);
  }

  std::string WriteResult(const std::string& name) const {
    lab::Measurement measurement;
    measurement.model = "tiny";
    measurement.summary.values["output_tps"] = 123.5;
    return Write(name, lab::ToJson(measurement));
  }

  // What was said, or the error.
  static std::string Report(const std::vector<std::string>& files,
                            const std::map<std::string, std::string>& flags) {
    Arguments arguments;
    arguments.Set("RESULT", files);
    for (const auto& [name, value] : flags) arguments.Set(name, {value});
    testing::internal::CaptureStdout();
    const Status status = ReportCommand().run(arguments);
    const std::string printed = testing::internal::GetCapturedStdout();
    return status.ok() ? printed : status.message();
  }

  std::string folder_;
};

TEST_F(ReportTest, FormatsGoToStandardOutput) {
  const std::string file = WriteResult("a.json");
  EXPECT_NE(Report({file}, {}).find("output_tps (tokens/s)  123.5"), std::string::npos);
  EXPECT_TRUE(Report({file}, {{"format", "markdown"}}).starts_with("# Benchmark report"));
  EXPECT_NE(Report({file}, {{"format", "csv"}}).find("\na,tiny,,true,output_tps,tokens/s,123.5,"),
            std::string::npos);
  EXPECT_TRUE(Report({file}, {{"format", "requests-csv"}}).starts_with("measurement,run,index"));
}

TEST_F(ReportTest, AFilesEndingChoosesTheFormat) {
  const std::string file = WriteResult("a.json");
  EXPECT_EQ(Report({file}, {{"output-file", Path("page.html")}}), "");
  EXPECT_TRUE(ReadFile(Path("page.html"))->starts_with("<!DOCTYPE html>"));
  EXPECT_EQ(Report({file}, {{"output-file", Path("page.html")}, {"format", "markdown"}}), "");
  EXPECT_TRUE(ReadFile(Path("page.html"))->starts_with("# Benchmark report"));
}

TEST_F(ReportTest, FilesOfOneNameAreToldApart) {
  const std::string first = WriteResult("one/a.json");
  const std::string second = WriteResult("two/a.json");
  const std::string csv = Report({first, second, second}, {{"format", "csv"}});
  for (const char* name : {"\none/a,", "\ntwo/a,", "\ntwo/a (2),"})
    EXPECT_NE(csv.find(name), std::string::npos) << name;
}

TEST_F(ReportTest, MistakesSayWhatToDo) {
  const std::string file = WriteResult("a.json");
  EXPECT_NE(Report({file}, {{"format", "html"}}).find("add --output-file"), std::string::npos);
  EXPECT_NE(Report({Path("none.json")}, {}).find("none.json"), std::string::npos);
  const std::string other = Write("other.json", R"({"hello":1})");
  EXPECT_NE(Report({file, other}, {}).find("other.json: no result of redline bench"),
            std::string::npos);
  EXPECT_NE(Report(std::vector<std::string>(65, file), {}).find("give fewer files"),
            std::string::npos);
}

TEST(ComparisonTable, WhatIsNoNumberIsADash) {
  const double infinity = std::numeric_limits<double>::infinity();
  const std::pair<double, const char*> cases[] = {
      {1.032, "+3.2%"}, {infinity, "-"}, {std::nan(""), "-"}, {1e300, "+1.0e+302%"}, {1e307, "-"}};
  for (const auto& [ratio, text] : cases) EXPECT_EQ(ChangeText(ratio), text);
  lab::Comparison comparison;
  for (const auto& [low, high] :
       {std::pair(std::nan(""), std::nan("")), std::pair(0.9, infinity), std::pair(0.0, 0.0)})
    comparison.figures.push_back(
        {.figure = "output_tps", .ratio = infinity, .low = low, .high = high});
  const std::string table = ComparisonTable(comparison);
  EXPECT_EQ(table.find("nan"), std::string::npos) << table;
  EXPECT_EQ(table.find("inf"), std::string::npos) << table;
}

TEST(MeasurementTable, InvalidIsSaidWithItsReasonsAndFailures) {
  lab::Measurement measurement;
  measurement.valid = false;
  measurement.invalid_reasons = {"client_busy: 91%\x1b[2J"};
  measurement.summary.distributions["ttft_ms"] = {.mean = 10, .p50 = 9.5, .count = 3};
  measurement.intervals["ttft_ms.p50"] = {9, 10, 0.95, "bootstrap"};
  measurement.repeats.resize(1);
  measurement.repeats[0].outcomes = {{"ok", 3, ""}, {"reset", 1, "by peer"}};
  const std::string text = MeasurementTable(measurement);
  for (const char* expected : {"INVALID\n  client_busy: 91%\\x1b[2J\n", "ttft_ms (ms)",
                               "9.500 (9 \u2013 10)", "reset", "by peer", "95% intervals"})
    EXPECT_NE(text.find(expected), std::string::npos) << expected << "\n" << text;
}

}  // namespace
}  // namespace redline::app
