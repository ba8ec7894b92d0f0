#include "planner/validate/ranking.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "planner/validate/validation.h"

namespace redline::planner {
namespace {

constexpr size_t kFewest = 5;
constexpr double kTie = 1.2;

struct Point {
  double predicted = 0;
  double measured = 0;
  int count = 0;
};

// Ranks with ties, where values within kTie of their group's smallest are one group.
std::vector<double> RanksOf(const std::vector<double>& values, double tie) {
  std::vector<size_t> order(values.size());
  for (size_t index = 0; index < order.size(); ++index) order[index] = index;
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return values[a] < values[b]; });
  std::vector<double> ranks(values.size());
  for (size_t begin = 0; begin < order.size();) {
    size_t end = begin + 1;
    while (end < order.size() && values[order[end]] <= values[order[begin]] * tie) ++end;
    for (size_t index = begin; index < end; ++index) {
      ranks[order[index]] = static_cast<double>(begin + end - 1) / 2;
    }
    begin = end;
  }
  return ranks;
}

double Correlation(const std::vector<double>& a, const std::vector<double>& b) {
  const auto mean = [](const std::vector<double>& values) {
    double sum = 0;
    for (const double value : values) sum += value;
    return sum / static_cast<double>(values.size());
  };
  const double mean_a = mean(a);
  const double mean_b = mean(b);
  double both = 0;
  double square_a = 0;
  double square_b = 0;
  for (size_t index = 0; index < a.size(); ++index) {
    both += (a[index] - mean_a) * (b[index] - mean_b);
    square_a += (a[index] - mean_a) * (a[index] - mean_a);
    square_b += (b[index] - mean_b) * (b[index] - mean_b);
  }
  return square_a > 0 && square_b > 0 ? both / std::sqrt(square_a * square_b) : 0;
}

}  // namespace

nlohmann::json RankingToJson(const std::vector<ValidatedRow>& rows) {
  // Equal predictions are equal configurations: the resolved ones decide them.
  std::map<std::pair<std::string, std::string>, std::map<int64_t, Point>> pages;
  for (const ValidatedRow& row : rows) {
    if (row.run.page.empty()) continue;
    for (const ValidatedMetric& metric : row.metrics) {
      if (metric.name != "total_tps") continue;
      Point& point =
          pages[{row.run.page, row.run.workload}][std::llround(metric.predicted.value * 1000)];
      point.predicted = metric.predicted.value;
      point.measured += metric.measured;
      ++point.count;
    }
  }
  nlohmann::json list = nlohmann::json::array();
  for (const auto& [key, points] : pages) {
    if (points.size() < kFewest) continue;
    std::vector<double> predicted;
    std::vector<double> measured;
    for (const auto& [id, point] : points) {
      predicted.push_back(point.predicted);
      measured.push_back(point.measured / point.count);
    }
    const auto best = static_cast<size_t>(std::max_element(predicted.begin(), predicted.end()) -
                                          predicted.begin());
    list.push_back(
        {{"page", key.first},
         {"workload", key.second},
         {"configurations", points.size()},
         {"spearman", Correlation(RanksOf(predicted, 1), RanksOf(measured, kTie))},
         {"pick_of_best", measured[best] / *std::max_element(measured.begin(), measured.end())}});
  }
  return list;
}

}  // namespace redline::planner
