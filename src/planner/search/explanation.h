// Why the winner is the better one: from the engine's defaults to it, one change after the other,
// and the seconds of each operation that a change takes away. Pure function of its inputs.
#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "planner/search/evaluator.h"

namespace redline::planner {

// A run's duration, taken apart: the mean engine's operations, and its waiting for requests (and
// requests' waiting for the front end). The sum is the duration.
struct TimeSplit {
  OperationTimes operations;
  double waiting_s = 0;
  double Total() const { return operations.Total() + waiting_s; }
};
TimeSplit SplitOf(const Outcome& outcome);

struct ExplanationStep {
  std::string change;              // "chunked prefill: default -> 16384"
  std::vector<std::string> words;  // of the command line; empty: a flag left out, or an engine
  Outcome before;
  Outcome after;
  double gain = 1;    // of the goal's value
  TimeSplit removed;  // seconds; negative: it adds them
};

struct Explanation {
  std::string baseline_engine;  // "vllm@0.13.0"
  std::string baseline;         // "tp 8"
  std::vector<std::string> baseline_arguments;
  Outcome start;
  std::vector<ExplanationStep> steps;  // their gains' product is `gain`
  Banded gain;  // of the goal's value; the bands of both ends, taken as independent
};

// From vLLM's defaults where the search knows vLLM, else from the winner's engine's: all GPUs for
// one copy, or the first layout that runs. Changes in the order of what each gains.
Result<Explanation> Explain(const Evaluator& evaluator, size_t workload, const Outcome& winner);

}  // namespace redline::planner
