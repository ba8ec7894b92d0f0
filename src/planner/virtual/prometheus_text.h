// Writes Prometheus' text format (0.0.4), a metric at a time. One thread.
#pragma once

#include <string>
#include <string_view>

#include "planner/virtual/virtual_stats.h"

namespace redline::planner {

class PrometheusText {
 public:
  // `type`: "gauge", "counter", "histogram". What follows belongs to it.
  void Metric(std::string_view name, std::string_view help, std::string_view type);
  // `labels` as they stand between the braces: `a="1",b="2"`.
  void Sample(std::string_view labels, double value);
  void Histogram(std::string_view labels, const TimeHistogram& histogram);
  // The same metric in one.
  void Gauge(std::string_view name, std::string_view help, std::string_view labels, double value) {
    Metric(name, help, "gauge");
    Sample(labels, value);
  }
  void Counter(std::string_view name, std::string_view help, std::string_view labels,
               double value) {
    Metric(name, help, "counter");
    Sample(labels, value);
  }

  const std::string& text() const { return text_; }

 private:
  std::string name_;
  std::string text_;
};

// A label with its value escaped: `model_name="a"`.
std::string Label(std::string_view name, std::string_view value);

}  // namespace redline::planner
