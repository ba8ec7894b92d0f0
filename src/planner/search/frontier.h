// The points that no other beats in both ways. Pure function.
#pragma once

#include <cstddef>
#include <vector>

namespace redline::planner {

struct FrontierPoint {
  double cost = 0;   // lower is better
  double value = 0;  // higher is better
};

// Indices into `points`, by rising cost and value; of equal points the first. Points that are not
// finite are left out.
std::vector<size_t> ParetoFrontier(const std::vector<FrontierPoint>& points);

}  // namespace redline::planner
