// How many trials `race` and `random` need on machines that nobody knows: `tune_bench [SEEDS [MODEL
// [HARDWARE [WORKLOAD]]]]`. For each seed a machine whose operations take up to 30% more or less
// than the planner thinks; its true best is found by asking it of every configuration, without
// noise. Prints the trial that was the first within 5% of that. Not a test.
#include <fmt/core.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <mutex>
#include <string>
#include <thread>

#include "base/process.h"
#include "lab/tune/tune.h"
#include "lab/tune/virtual_lab.h"
#include "planner/search/search.h"
#include "workload/presets.h"

namespace redline::lab {
namespace {

constexpr double kNear = 0.95;  // of the true best

struct Subject {
  planner::KnownModel model;
  planner::HardwareSpec hardware;
  spec::WorkloadSpec workload;
  TuneSpace space;
  std::vector<TuneChoice> proposals;
};

Result<Subject> MakeSubject(const std::string& model, const std::string& hardware,
                            const std::string& workload) {
  Subject subject;
  RL_ASSIGN_OR_RETURN(subject.model, planner::FindModel(model));
  RL_ASSIGN_OR_RETURN(subject.hardware, planner::FindHardwareSpec(hardware));
  RL_ASSIGN_OR_RETURN(subject.workload, workload::FindPreset(workload));
  const planner::SearchOptions options{.num_threads = 2};
  RL_ASSIGN_OR_RETURN(
      planner::SearchResult search,
      planner::Search({subject.model, subject.hardware}, {subject.workload}, options));
  for (const planner::SearchedEngine& engine : search.engines) {
    RL_ASSIGN_OR_RETURN(TuneEngine tuned, MakeTuneEngine(engine.space, {}, 0));
    subject.space.engines.push_back(std::move(tuned));
  }
  for (const planner::Outcome& outcome : search.workloads.front().ranking) {
    TuneChoice choice{outcome.candidate.space, outcome.candidate.choice};
    choice.values.resize(subject.space.engines[choice.engine].space.axes.size(), 0);
    subject.proposals.push_back(std::move(choice));
  }
  return subject;
}

double TrueBest(const Subject& subject, VirtualLab& lab) {
  double best = 0;
  for (const TuneChoice& proposal : subject.proposals) {
    const auto value = lab.TrueValue(subject.space.ConfigurationOf(proposal));
    if (value.ok()) best = std::max(best, *value);
  }
  return best;
}

// The number of the first trial near the best; one more than there were: none was.
int64_t TrialsToReach(const Subject& subject, VirtualLab& lab, const TuneResult& result,
                      double best) {
  for (const Trial& trial : result.trials) {
    if (trial.number == 0) continue;
    const auto value = lab.TrueValue(subject.space.ConfigurationOf(trial.choice));
    if (value.ok() && *value >= kNear * best) return trial.number;
  }
  return result.num_trials + 1;
}

int64_t MedianOf(std::vector<int64_t> values) {
  std::sort(values.begin(), values.end());
  return values.empty() ? 0 : values[values.size() / 2];
}

struct SeedResult {
  Status status;
  std::string line;
  int64_t race_trials = 0;
  int64_t random_trials = 0;
};

SeedResult RunSeed(uint64_t seed, const Subject& subject) {
  VirtualLab lab(subject.model, subject.hardware,
                 {.truth = {.truth_seed = seed, .noise = 0.02}, .workload = subject.workload});
  const double best = TrueBest(subject, lab);
  SeedResult done{.line = fmt::format("seed {:2}: true best {:.0f}", seed, best)};
  for (const Strategy strategy : {Strategy::kRace, Strategy::kRandom}) {
    const TuneOptions options{.strategy = strategy,
                              .most_seconds = 1e12,
                              .most_trials = strategy == Strategy::kRace ? 40 : 400,
                              .seed = seed,
                              .has_short_runs = false,
                              .scales = {.noise = 0.03}};
    const Result<TuneResult> result =
        Tune({.space = subject.space, .proposals = subject.proposals}, lab, options);
    if (!result.ok()) return {.status = result.status()};
    const int64_t trials = TrialsToReach(subject, lab, *result, best);
    (strategy == Strategy::kRace ? done.race_trials : done.random_trials) = trials;
    const auto winner = lab.TrueValue(subject.space.ConfigurationOf(result->winner));
    done.line +=
        fmt::format("; {} near it at trial {}, winner at {:.1f}% after {} trials", NameOf(strategy),
                    trials, winner.ok() ? 100 * *winner / best : 0, result->num_trials);
  }
  return done;
}

// Seeds know nothing of each other: one to a CPU.
Status Run(uint64_t num_seeds, const Subject& subject) {
  std::vector<SeedResult> results(num_seeds);
  std::atomic<uint64_t> next = 0;
  std::mutex printing;
  const auto work = [&] {
    for (uint64_t index = next++; index < num_seeds; index = next++) {
      results[index] = RunSeed(index + 1, subject);
      const std::lock_guard lock(printing);
      fmt::print("{}\n", results[index].line);
      std::fflush(stdout);
    }
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < AvailableCpus(); ++i) threads.emplace_back(work);
  for (std::thread& thread : threads) thread.join();
  std::vector<int64_t> race_trials;
  std::vector<int64_t> random_trials;
  for (const SeedResult& result : results) {
    RL_RETURN_IF_ERROR(result.status);
    race_trials.push_back(result.race_trials);
    random_trials.push_back(result.random_trials);
  }
  fmt::print("median over {} seeds: race {} trials, random {}\n", num_seeds, MedianOf(race_trials),
             MedianOf(random_trials));
  return OkStatus();
}

}  // namespace
}  // namespace redline::lab

int main(int argc, char** argv) {
  const auto word = [&](int index, const char* otherwise) {
    return std::string(argc > index ? argv[index] : otherwise);
  };
  const auto subject = redline::lab::MakeSubject(word(2, "deepseek-ai/DeepSeek-V3.2"),
                                                 word(3, "h200x8"), word(4, "sharegpt"));
  const redline::Status status =
      subject.ok() ? redline::lab::Run(std::strtoull(word(1, "20").c_str(), nullptr, 10), *subject)
                   : subject.status();
  if (status.ok()) return 0;
  fmt::print("{}\n", status.ToString());
  return 1;
}
