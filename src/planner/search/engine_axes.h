// The axes of each engine; search_space.cc has their table.
#pragma once

#include <initializer_list>
#include <vector>

#include "planner/search/search_space.h"

namespace redline::planner {

struct SpaceQuestion {
  const ModelShape& shape;
  int64_t num_gpus = 1;  // of a node
  bool has_fp8 = false;
};

std::vector<Axis> SglangAxes(const SpaceQuestion& question);
std::vector<Axis> VllmAxes(const SpaceQuestion& question);
std::vector<Axis> TensorrtLlmAxes(const SpaceQuestion& question);

// An axis of one flag: its default, then these values.
Axis FlagAxis(std::string name, std::string flag, std::initializer_list<const char*> coarse,
              std::initializer_list<const char*> fine = {});
// A flag without a value: left out or given.
Axis SwitchAxis(std::string name, std::string flag);
AxisValue DefaultValue();
// The divisors of a number of GPUs, the greatest first.
std::vector<int64_t> DivisorsOf(int64_t number);
bool HasRoutedExperts(const ModelShape& shape);

}  // namespace redline::planner
