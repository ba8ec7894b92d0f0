// docs/metrics.md and the table of metrics say the same.
#include <gtest/gtest.h>

#include <regex>
#include <set>

#include "base/files.h"
#include "lab/metrics/metric_table.h"
#include "lab/metrics/validity.h"

namespace redline::lab {
namespace {

std::string Document() {
  const auto text = ReadFile("docs/metrics.md");
  EXPECT_TRUE(text.ok()) << text.status().message();
  return text.ok() ? *text : "";
}

TEST(MetricsDoc, NamesEveryMetricWithItsUnitAndDirection) {
  const std::string document = Document();
  for (const MetricInfo& metric : MetricTable()) {
    const char* better = metric.better == Better::kLower    ? "lower"
                         : metric.better == Better::kHigher ? "higher"
                                                            : "-";
    const std::string row = "| `" + std::string(metric.name) + "` | " + std::string(metric.unit) +
                            " | " + better + " |";
    EXPECT_NE(document.find(row), std::string::npos) << row;
  }
}

TEST(MetricsDoc, NamesNothingElse) {
  const std::string document = Document();
  const std::regex row("\n\\| `([a-z0-9_]+)` \\| [^|]+ \\| (lower|higher|-) \\|");
  size_t rows = 0;
  for (auto it = std::sregex_iterator(document.begin(), document.end(), row);
       it != std::sregex_iterator(); ++it, ++rows)
    EXPECT_NE(FindMetric((*it)[1].str()), nullptr) << (*it)[1];
  EXPECT_EQ(rows, MetricTable().size());
}

TEST(MetricsDoc, NamesEveryRuleOfValidity) {
  const std::string document = Document();
  for (const ValidityRule& rule : ValidityRules())
    EXPECT_NE(document.find("`" + std::string(rule.name) + "`"), std::string::npos) << rule.name;
}

TEST(MetricsDoc, MetricNamesAreUnique) {
  std::set<std::string_view> names;
  for (const MetricInfo& metric : MetricTable()) EXPECT_TRUE(names.insert(metric.name).second);
}

}  // namespace
}  // namespace redline::lab
