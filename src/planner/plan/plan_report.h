// What a plan found, for tables, the JSON document and pages alike.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "backends/flag_effects.h"
#include "base/status.h"
#include "planner/engines/engine_plan.h"
#include "planner/plan/plan_request.h"
#include "planner/search/explanation.h"
#include "planner/search/search.h"

namespace redline::planner {

// A configuration with all that is known of it.
struct PlannedConfiguration {
  std::string engine;  // "sglang@0.5.6.post2"
  std::vector<std::string> arguments;
  std::vector<std::string> command;  // the whole launch line, without the environment
  Outcome outcome;
  TimeSplit split;
  MemoryLedger ledger;
  std::vector<std::string> notes;  // what was not measured; the calibration's runs
  bool is_calibrated = false;      // for this engine's version
  std::vector<backends::Rewrite> rewritten;
  std::vector<backends::FlagEffect> flags;
};

struct PlanReport {
  const PlanRequest* request = nullptr;
  PlannedConfiguration winner;  // or the configuration that was given
  // Of a search alone:
  std::optional<SearchResult> search;
  std::optional<Explanation> explanation;
  std::string no_explanation;  // why there is none
  double seconds = 0;          // of the search

  const WorkloadRanking& ranking() const { return search->workloads.front(); }
};

// The configuration that was given, or the whole search. `request` outlives the report. kCancelled
// when its options say so.
Result<PlanReport> MakePlanReport(const PlanRequest& request);

// The launch line of one of the search's.
std::vector<std::string> LaunchCommand(const PlanRequest& request, const SearchedEngine& engine,
                                       const std::vector<std::string>& arguments);
// What a person has to know before believing it; sentences.
std::vector<std::string> Caveats(const PlanReport& report);
// "sglang@0.5.6.post2: tp 8, ep 8".
std::string NameOfOutcome(const PlanReport& report, const Outcome& outcome);
std::vector<std::string> ArgumentsOfOutcome(const PlanReport& report, const Outcome& outcome);

}  // namespace redline::planner
