// What a run may change: engines, and of each the axes of its command line in the order in which
// the scenario walks them. Plain values and pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "lab/tune/configuration.h"
#include "planner/search/search_space.h"

namespace redline::lab {

// In the scenario's order.
enum class Stage {
  kEngine,
  kParallelism,
  kParsers,
  kContext,
  kKvDtype,
  kAttention,
  kScheduling,
  kSpeculation,
};
std::string_view NameOf(Stage stage);  // "parallelism"

struct TuneEngine {
  planner::SearchSpace space;  // its axes; the first value of each is the engine's default
  std::vector<Stage> stages;   // of the axes, one each
};

// A configuration of the space: an engine, and of each of its axes a value.
struct TuneChoice {
  size_t engine = 0;
  planner::Choice values;

  auto operator<=>(const TuneChoice&) const = default;
};

struct TuneSpace {
  std::vector<TuneEngine> engines;

  TuneChoice DefaultOf(size_t engine) const;
  TuneConfiguration ConfigurationOf(const TuneChoice& choice) const;
  // "sglang@0.5.6.post2, tp 8, attention dp 8"; what is at its default is left out.
  std::string Describe(const TuneChoice& choice) const;
  // Combinations of the coarse values of all engines.
  int64_t NumCombinations() const;
};

// What a model was trained to say, in SGLang's names; "": nothing of it.
struct SpokenFormats {
  std::string tool_calls;
  std::string reasoning;
};

// The planner's axes of an engine, and after them those that change no prediction and that the
// scenario tries all the same.
Result<TuneEngine> MakeTuneEngine(planner::SearchSpace space, const SpokenFormats& formats,
                                  int64_t longest_request);

}  // namespace redline::lab
