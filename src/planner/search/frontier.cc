#include "planner/search/frontier.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace redline::planner {

std::vector<size_t> ParetoFrontier(const std::vector<FrontierPoint>& points) {
  std::vector<size_t> order(points.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::erase_if(order, [&](size_t index) {
    return !std::isfinite(points[index].cost) || !std::isfinite(points[index].value);
  });
  std::stable_sort(order.begin(), order.end(), [&](size_t left, size_t right) {
    if (points[left].cost != points[right].cost) return points[left].cost < points[right].cost;
    return points[left].value > points[right].value;
  });
  std::vector<size_t> frontier;
  for (const size_t index : order) {
    if (frontier.empty() || points[index].value > points[frontier.back()].value) {
      frontier.push_back(index);
    }
  }
  return frontier;
}

}  // namespace redline::planner
