// The search space as the engines would really run it: refused combinations are counted by reason,
// those that come to the same are one, flags that change nothing are told.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/status.h"
#include "planner/engines/engine_settings.h"
#include "planner/predict/configure.h"
#include "planner/search/search_space.h"

namespace redline::planner {

struct Candidate {
  size_t space = 0;  // index of its engine's space
  Choice choice;     // of the command line with the fewest flags that comes to it
  EngineSettings settings;
  int64_t num_command_lines = 1;
};

struct CountedReason {
  std::string text;
  int64_t count = 0;
};

// A value that changed nothing in any combination that has it.
struct NoOp {
  size_t space = 0;
  size_t axis = 0;
  size_t value = 0;
  // The engine itself would run the same; else only what is modelled here is the same.
  bool is_same_engine = false;
};

struct ResolvedSpace {
  std::vector<Candidate> candidates;
  int64_t num_combinations = 0;
  int64_t num_refused = 0;
  int64_t num_duplicates = 0;
  // Configurations that differ in anything the engine resolves, whether modelled here or not.
  int64_t num_distinct_resolved = 0;
  std::vector<CountedReason> refusals;  // the most frequent first
  std::vector<NoOp> no_ops;
};

// An engine of the search: its axes and who resolves for it.
struct SearchedEngine {
  SearchSpace space;
  Configurer configurer;
};

// Of a cancelled one nothing can be said.
ResolvedSpace ResolveSpaces(const std::vector<SearchedEngine>& engines, size_t num_threads,
                            const std::function<void(size_t done, size_t all)>& progress = nullptr,
                            const std::function<bool()>& is_cancelled = nullptr);

// Adds one to the count of a reason.
void CountReason(const std::string& text, std::vector<CountedReason>& reasons);
void SortReasons(std::vector<CountedReason>& reasons);

}  // namespace redline::planner
