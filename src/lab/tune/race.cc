#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "base/strings.h"
#include "lab/tune/belief.h"
#include "lab/tune/strategies.h"
#include "workload/random.h"

namespace redline::lab {
namespace {

constexpr size_t kMostInPool = 150;
constexpr size_t kMostOfEngine = 40;    // of those that are not among the best
constexpr double kLeastPromise = 0.01;  // of expected gain
constexpr int64_t kLeastTries = 3;
constexpr double kMostOfTime = 0.4;  // for single runs; the rest is for comparing
// Trials that are left for building the winner up, flag by flag: at most a third.
constexpr int64_t kMostBuildUp = 10;

class Racer {
 public:
  Racer(TuneRun& run, const TuneInputs& inputs)
      : run_(run), inputs_(inputs), belief_(run.options().scales) {}

  Status Go();

 private:
  Status FillPool();
  Status Add(const TuneChoice& choice);
  Status AddNeighbours(const TuneChoice& choice);
  Status ObserveBaseline();
  std::optional<TuneChoice> Next(double& promise);
  void EndWithin(int64_t tries);
  bool MayBeFirst(const TuneChoice& choice, const Believed& believed) const;
  double BestLog() const;
  std::vector<TuneChoice> BestFirst() const;

  TuneRun& run_;
  const TuneInputs& inputs_;
  Belief belief_;
  std::map<TuneChoice, Believed> pool_;
  std::set<TuneChoice> tried_;
};

Status Racer::Add(const TuneChoice& choice) {
  if (pool_.contains(choice)) return OkStatus();
  RL_ASSIGN_OR_RETURN(const Trial* trial, run_.LookAhead(choice));
  if (trial->fault != TrialFault::kNone || !trial->same_as.empty()) return OkStatus();
  pool_[choice] = {.choice = choice, .forecast = trial->forecast};
  return OkStatus();
}

// The best by forecast, some of each engine, and each engine's default.
Status Racer::FillPool() {
  std::map<size_t, size_t> of_engine;
  size_t place = 0;
  for (size_t engine = 0; engine < inputs_.space.engines.size(); ++engine)
    RL_RETURN_IF_ERROR(Add(inputs_.space.DefaultOf(engine)));
  for (const TuneChoice& proposal : inputs_.proposals) {
    if (run_.IsStopped()) return Status(Code::kCancelled, "stopped");
    if (place++ >= kMostInPool && of_engine[proposal.engine] >= kMostOfEngine) continue;
    ++of_engine[proposal.engine];
    RL_RETURN_IF_ERROR(Add(proposal));
  }
  return OkStatus();
}

// One axis changed, finer values too.
Status Racer::AddNeighbours(const TuneChoice& choice) {
  const planner::SearchSpace& space = inputs_.space.engines[choice.engine].space;
  for (size_t axis = 0; axis < space.axes.size(); ++axis) {
    const Stage stage = inputs_.space.engines[choice.engine].stages[axis];
    // They change no prediction, and are the walk's business.
    if (stage == Stage::kParsers || stage == Stage::kContext) continue;
    for (size_t value = 0; value < space.axes[axis].values.size(); ++value) {
      TuneChoice neighbour = choice;
      neighbour.values[axis] = static_cast<uint8_t>(value);
      RL_RETURN_IF_ERROR(Add(neighbour));
    }
  }
  return OkStatus();
}

Status Racer::ObserveBaseline() {
  RL_ASSIGN_OR_RETURN(const Trial* trial, run_.LookAhead(run_.baseline()));
  belief_.Observe({.choice = trial->choice, .forecast = trial->forecast}, run_.MeanValue(*trial));
  tried_.insert(run_.baseline());
  return OkStatus();
}

double Racer::BestLog() const {
  double best = -INFINITY;
  for (const TuneChoice& choice : tried_) {
    const auto found = pool_.find(choice);
    if (found != pool_.end()) best = std::max(best, belief_.Of(found->second).log_value);
  }
  return best;
}

// Of an engine that nobody forecasts its default comes first: every other value only adds doubt.
bool Racer::MayBeFirst(const TuneChoice& choice, const Believed& believed) const {
  const TuneChoice first = inputs_.space.DefaultOf(choice.engine);
  if (believed.forecast || choice == first || !pool_.contains(first)) return true;
  return std::any_of(tried_.begin(), tried_.end(),
                     [&](const TuneChoice& tried) { return tried.engine == choice.engine; });
}

// What promises most for each second that it takes.
std::optional<TuneChoice> Racer::Next(double& promise) {
  const double best = BestLog();
  const bool is_short = run_.options().has_short_runs;
  std::optional<TuneChoice> next;
  double most = 0;
  promise = 0;
  for (const auto& [choice, believed] : pool_) {
    if (tried_.contains(choice) || !MayBeFirst(choice, believed)) continue;
    if (!run_.HasBudgetFor(choice, 1)) continue;
    const double gain = ExpectedImprovement(belief_.Of(believed), best);
    promise = std::max(promise, gain);
    const double seconds =
        1e-3 + run_.SecondsOfStart(choice) + run_.SecondsOfRun(choice.engine, is_short);
    if (gain / seconds <= most) continue;
    most = gain / seconds;
    next = choice;
  }
  return next;
}

std::vector<TuneChoice> Racer::BestFirst() const {
  std::vector<std::pair<double, TuneChoice>> all;
  for (const TuneChoice& choice : tried_) {
    const auto found = pool_.find(choice);
    if (found != pool_.end()) all.emplace_back(-belief_.Of(found->second).log_value, choice);
  }
  std::sort(all.begin(), all.end());
  std::vector<TuneChoice> choices;
  for (const auto& [value, choice] : all) choices.push_back(choice);
  return choices;
}

// Nothing is left to try within the budget.
void Racer::EndWithin(int64_t tries) {
  double least = INFINITY;
  for (const auto& [choice, believed] : pool_) {
    if (!tried_.contains(choice)) least = std::min(least, run_.SecondsWith(choice, 1));
  }
  if (tries > 0 || least <= run_.options().most_seconds || std::isinf(least))
    return run_.EndedBy("nothing is left to try within the budget");
  run_.EndedBy(
      fmt::format("--max-time leaves none for a second configuration: a run of it and the "
                  "last comparison would end after {}",
                  FormatDuration(least)));
  run_.result().is_complete = false;
}

Status Racer::Go() {
  run_.SetPhase("forecasts");
  RL_RETURN_IF_ERROR(FillPool());
  RL_RETURN_IF_ERROR(ObserveBaseline());
  run_.SetPhase("what promises most, one run each");
  for (int64_t tries = 0;; ++tries) {
    double promise = 0;
    const std::optional<TuneChoice> next = Next(promise);
    const int64_t most = run_.options().most_trials;
    if (run_.result().num_trials >= most - std::min(kMostBuildUp, most / 3)) {
      run_.EndedBy("the trials that were allowed are done (--max-trials)");
      break;
    }
    if (run_.result().seconds > kMostOfTime * run_.options().most_seconds) {
      run_.EndedBy("the time for single runs is spent (--max-time)");
      break;
    }
    if (!next) {
      EndWithin(tries);
      break;
    }
    if (tries >= kLeastTries && promise < kLeastPromise) {
      run_.EndedBy(
          fmt::format("nothing that was not tried promises {:g}% more", kLeastPromise * 100));
      break;
    }
    RL_ASSIGN_OR_RETURN(Trial * trial, run_.LookAhead(*next));
    tried_.insert(*next);
    const double best = BestLog();
    RL_ASSIGN_OR_RETURN(const double value, run_.RunOnce(*trial));
    if (value <= 0) {
      pool_.erase(*next);
      continue;
    }
    belief_.Observe(pool_.at(*next), run_.MeanValue(*trial));
    if (belief_.Of(pool_.at(*next)).log_value > best) RL_RETURN_IF_ERROR(AddNeighbours(*next));
  }
  return FinishWith(run_, BestFirst());
}

}  // namespace

Status Race(TuneRun& run, const TuneInputs& inputs) { return Racer(run, inputs).Go(); }

Status DrawAtRandom(TuneRun& run, const TuneInputs& inputs) {
  run.SetPhase("configurations drawn at random, one run each");
  std::vector<TuneChoice> drawn = inputs.proposals;
  // Fisher and Yates.
  for (size_t left = drawn.size(); left > 1; --left) {
    const uint64_t number = workload::KeyOf(run.options().seed, workload::Stream::kProbe, left);
    std::swap(drawn[left - 1], drawn[number % left]);
  }
  std::vector<std::pair<double, TuneChoice>> tried;
  RL_ASSIGN_OR_RETURN(const Trial* baseline, run.Look(run.baseline()));
  tried.emplace_back(-run.MeanValue(*baseline), run.baseline());
  for (const TuneChoice& choice : drawn) {
    RL_ASSIGN_OR_RETURN(Trial * trial, run.Look(choice));
    if (trial->fault != TrialFault::kNone || !trial->same_as.empty() || trial->number > 0) continue;
    if (!run.HasBudgetFor(choice, 1)) {
      run.EndedBy("the budget is spent");
      break;
    }
    RL_ASSIGN_OR_RETURN(const double value, run.RunOnce(*trial));
    if (value > 0) tried.emplace_back(-run.MeanValue(*trial), choice);
  }
  std::stable_sort(tried.begin(), tried.end());
  std::vector<TuneChoice> best_first;
  for (const auto& [value, choice] : tried) best_first.push_back(choice);
  return FinishWith(run, best_first);
}

}  // namespace redline::lab
