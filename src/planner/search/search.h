// The search: every configuration of the spaces resolved, fitted, simulated under each workload and
// ranked; the best refined by values between. Deterministic, whatever the number of threads.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "planner/predict/prediction.h"
#include "planner/search/resolve_space.h"
#include "spec/workload_spec.h"

namespace redline::planner {

enum class Goal {
  kThroughput,  // most tokens a second, prompts and answers
  kLatency,     // least mean time of a request
  kCost,        // most tokens a second of each GPU
};
Result<Goal> GoalFromName(std::string_view name);
std::string_view NameOf(Goal goal);

struct SearchOptions {
  std::vector<std::string> engines;  // "vllm@0.13.0", "sglang"; empty: all that have axes
  Goal goal = Goal::kThroughput;
  double slo_share = 0.9;  // of the requests that must keep the workload's objectives
  uint64_t seed = 1;
  size_t num_threads = 1;
  std::optional<double> usd_per_gpu_hour;                        // else the hardware's list price
  const std::vector<EngineCalibration>* calibrations = nullptr;  // null: those of the binary
  // `phase`: "resolve", "simulate", "refine", "finalists", "explain", in this order. By the
  // caller's thread alone.
  std::function<void(std::string_view phase, size_t done, size_t all)> progress;
  // Whether nobody wants the result any more; null: never. Asked often, by any thread.
  std::function<bool()> is_cancelled;

  void Report(std::string_view phase, size_t done, size_t all) const {
    if (progress) progress(phase, done, all);
  }
  bool IsCancelled() const { return is_cancelled && is_cancelled(); }
};

// A configuration under one workload. The simulation's requests are left out of `prediction`.
struct Outcome {
  Candidate candidate;
  int64_t num_gpus = 0;
  int64_t limit = 0;  // on running requests, as it was simulated
  Prediction prediction;
  bool keeps_slo = true;
  std::optional<double> usd_per_million_tokens;
};

// How many requests stand for a workload. All, up to these limits; the rest of a longer one is
// more of the same.
inline constexpr int64_t kMaxScreenedRequests = 2'000;
inline constexpr int64_t kMaxSimulatedRequests = 200'000;
inline constexpr size_t kNumFinalists = 24;

struct WorkloadRanking {
  spec::WorkloadSpec workload;
  int64_t screened_requests = 0;      // every configuration ran these
  int64_t simulated_requests = 0;     // and the finalists these
  bool finalists_only = false;        // whether the two differ: the ranking's first `num_finalists`
  size_t num_finalists = 0;           // were simulated in full, the others on the screen alone
  std::vector<Outcome> ranking;       // the best first
  std::vector<size_t> frontier;       // of `ranking`: most tokens a second at each time per token
  std::vector<size_t> cost_frontier;  // least cost at each time per token; empty: no price is known
};

struct SearchResult {
  std::vector<SearchedEngine> engines;
  ResolvedSpace space;         // without its candidates
  int64_t num_in_layouts = 0;  // combinations of layouts that cannot run, resolved no further
  std::vector<CountedReason> layouts;  // why not
  int64_t num_distinct = 0;
  int64_t num_unfit = 0;  // that do not fit, or that the cost model does not cover
  std::vector<CountedReason> unfit;
  int64_t num_refined = 0;  // simulated beyond the coarse space
  std::vector<WorkloadRanking> workloads;
};

// What outlives a search: the model and the hardware it is about.
struct SearchSubject {
  const KnownModel& model;
  const HardwareSpec& hardware;
};

// kFailedPrecondition, with the commonest reasons, when nothing runs; kCancelled.
Result<SearchResult> Search(const SearchSubject& subject,
                            const std::vector<spec::WorkloadSpec>& workloads,
                            const SearchOptions& options);

// The workload that a simulation of at most `most` requests runs.
spec::WorkloadSpec Shortened(const spec::WorkloadSpec& workload, int64_t most);
// Whether the first is the better one.
bool IsBetter(const Outcome& left, const Outcome& right, Goal goal);
// The first `most` places whose figures no earlier one of the same engine has: a flag that a
// workload never meets changes nothing.
std::vector<size_t> DistinctPlaces(const std::vector<Outcome>& ranking, size_t most);
// Higher is better.
double ValueOf(const Prediction& prediction, int64_t num_gpus, Goal goal);

}  // namespace redline::planner
