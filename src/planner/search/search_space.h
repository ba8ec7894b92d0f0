// What may be asked of an engine: axes, each a choice among flags, in one table per engine. Plain
// values and pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "planner/hardware/hardware_spec.h"
#include "planner/model/model_shape.h"

namespace redline::planner {

struct AxisValue {
  std::string label;               // "16384"; of the first value "default"
  std::vector<std::string> words;  // that ask for it; none: the engine's default
};

struct Axis {
  std::string name;               // "chunked prefill"
  std::vector<AxisValue> values;  // the first is the default, or the layout that needs no thought
  size_t num_coarse = 0;          // of `values`, those of the full product; the rest are tried
                                  // around the best alone
};

struct SearchSpace {
  std::string engine;  // "sglang@0.5.6.post2"
  std::vector<Axis> axes;

  int64_t NumCombinations() const;  // of the coarse values
};

// For each axis an index into its values.
using Choice = std::vector<uint8_t>;

inline constexpr int64_t kMaxCombinations = 100'000;

// `engine`: with its version. kUnimplemented for an engine that has no axes here.
Result<SearchSpace> SpaceOf(std::string_view engine_at_version, const ModelShape& shape,
                            const HardwareSpec& hardware);
// The engines that have axes: "sglang", "tensorrt_llm", "vllm".
std::vector<std::string_view> SearchedEngines();

// The coarse combination of this number, in [0, NumCombinations); 0 is all defaults.
Choice CombinationAt(const SearchSpace& space, int64_t number);
// How far two combinations are apart in number that differ in one step of this axis.
int64_t StrideOf(const SearchSpace& space, size_t axis);
// The arguments of a choice.
std::vector<std::string> ArgumentsOf(const SearchSpace& space, const Choice& choice);
// "tensor parallel 8, experts 8; chunked prefill 16384": what is not the default; "defaults".
std::string Describe(const SearchSpace& space, const Choice& choice);
// How many axes are not at their default.
size_t NumChanges(const Choice& choice);

}  // namespace redline::planner
