#include "app/comparison_table.h"

#include <fmt/format.h>

#include <cmath>
#include <vector>

#include "app/output.h"
#include "base/strings.h"

namespace redline::app {
namespace {

std::string IntervalText(const lab::FigureComparison& figure) {
  if (!(figure.low > 0) || !std::isfinite(figure.high)) return "-";
  return ChangeText(figure.low) + " .. " + ChangeText(figure.high);
}

}  // namespace

std::string ChangeText(double ratio) {
  const double percent = (ratio - 1) * 100;
  if (!std::isfinite(percent)) return "-";
  return std::fabs(percent) < 1e6 ? fmt::format("{:+.1f}%", percent)
                                  : fmt::format("{:+.1e}%", percent);
}

std::string ComparisonTable(const lab::Comparison& comparison) {
  std::vector<std::vector<std::string>> rows;
  for (const lab::FigureComparison& figure : comparison.figures) {
    rows.push_back({figure.figure, fmt::format("{:.4g}", figure.a), fmt::format("{:.4g}", figure.b),
                    figure.unit, ChangeText(figure.ratio), IntervalText(figure),
                    std::string(lab::NameOf(figure.verdict)), figure.reason});
  }
  std::string text =
      FormatTable({"METRIC", "A", "B", "UNIT", "CHANGE", "INTERVAL", "B IS", "WHY"}, rows);
  for (const std::string& note : comparison.notes) text += "note: " + EscapeControl(note) + "\n";
  return text;
}

}  // namespace redline::app
