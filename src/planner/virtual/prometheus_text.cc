#include "planner/virtual/prometheus_text.h"

#include <fmt/format.h>

#include <iterator>

namespace redline::planner {

void PrometheusText::Metric(std::string_view name, std::string_view help, std::string_view type) {
  name_ = name;
  fmt::format_to(std::back_inserter(text_), "# HELP {0} {1}\n# TYPE {0} {2}\n", name, help, type);
}

void PrometheusText::Sample(std::string_view labels, double value) {
  fmt::format_to(std::back_inserter(text_), "{}{{{}}} {}\n", name_, labels, value);
}

void PrometheusText::Histogram(std::string_view labels, const TimeHistogram& histogram) {
  const auto bucket = [&](std::string_view bound, int64_t count) {
    fmt::format_to(std::back_inserter(text_), "{}_bucket{{{},le=\"{}\"}} {}\n", name_, labels,
                   bound, count);
  };
  for (size_t index = 0; index < TimeHistogram::kBounds.size(); ++index)
    bucket(fmt::format("{}", TimeHistogram::kBounds[index]), histogram.CountUpTo(index));
  bucket("+Inf", histogram.count());
  fmt::format_to(std::back_inserter(text_), "{0}_sum{{{1}}} {2}\n{0}_count{{{1}}} {3}\n", name_,
                 labels, histogram.sum(), histogram.count());
}

std::string Label(std::string_view name, std::string_view value) {
  std::string label = fmt::format("{}=\"", name);
  for (const char letter : value) {
    if (letter == '\n') {
      label += "\\n";
      continue;
    }
    if (letter == '"' || letter == '\\') label += '\\';
    label += letter;
  }
  return label += '"';
}

}  // namespace redline::planner
