#include "planner/search/refine.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "planner/search/parallel_for.h"

namespace redline::planner {
namespace {

constexpr size_t kMaxRounds = 4;
constexpr size_t kMaxClimbs = 2;

class Climber {
 public:
  Climber(const Evaluator& evaluator, size_t workload, const std::vector<Outcome>& ranking)
      : evaluator_(evaluator), workload_(workload) {
    for (const Outcome& outcome : ranking) known_.insert(outcome.candidate.settings);
  }

  void ClimbFrom(Outcome best) {
    const size_t begun = num_climbs_++ * kMaxRounds;
    for (size_t round = 0; round < kMaxRounds; ++round) {
      evaluator_.options().Report("refine", begun + round, kMaxClimbs * kMaxRounds);
      const size_t before = found_.size();
      Try(NeighboursOf(best.candidate));
      bool is_better = false;
      for (size_t index = before; index < found_.size(); ++index) {
        if (!IsBetter(found_[index], best, evaluator_.options().goal)) continue;
        best = found_[index];
        is_better = true;
      }
      if (!is_better) return;
    }
  }
  std::vector<Outcome> TakeFound() { return std::move(found_); }

 private:
  std::vector<Candidate> NeighboursOf(const Candidate& candidate) const {
    std::vector<Candidate> neighbours;
    const SearchSpace& space = evaluator_.engines()[candidate.space].space;
    for (size_t axis = 0; axis < space.axes.size(); ++axis) {
      for (size_t value = 0; value < space.axes[axis].values.size(); ++value) {
        if (value == candidate.choice[axis]) continue;
        Candidate neighbour{.space = candidate.space, .choice = candidate.choice};
        neighbour.choice[axis] = static_cast<uint8_t>(value);
        neighbours.push_back(std::move(neighbour));
      }
    }
    return neighbours;
  }

  // Resolves all, drops those that are known, screens the rest.
  void Try(std::vector<Candidate> neighbours) {
    const SearchOptions& options = evaluator_.options();
    std::vector<std::optional<Candidate>> resolved(neighbours.size());
    ParallelFor(
        neighbours.size(), options.num_threads,
        [&](size_t index) {
          auto candidate =
              evaluator_.CandidateOf(neighbours[index].space, neighbours[index].choice);
          if (candidate.ok()) resolved[index] = std::move(*candidate);
        },
        nullptr, options.is_cancelled);
    std::erase_if(resolved, [&](const std::optional<Candidate>& candidate) {
      return !candidate || !known_.insert(candidate->settings).second;
    });
    std::vector<std::optional<Outcome>> outcomes(resolved.size());
    ParallelFor(
        resolved.size(), options.num_threads,
        [&](size_t index) {
          auto outcome = evaluator_.ScreenOne(*resolved[index], workload_);
          if (outcome.ok()) outcomes[index] = std::move(*outcome);
        },
        nullptr, options.is_cancelled);
    for (std::optional<Outcome>& outcome : outcomes) {
      if (outcome) found_.push_back(std::move(*outcome));
    }
  }

  const Evaluator& evaluator_;
  const size_t workload_;
  size_t num_climbs_ = 0;
  std::set<EngineSettings> known_;
  std::vector<Outcome> found_;
};

}  // namespace

std::vector<Outcome> Refine(const Evaluator& evaluator, size_t workload,
                            const std::vector<Outcome>& ranking) {
  if (ranking.empty()) return {};
  Climber climber(evaluator, workload, ranking);
  climber.ClimbFrom(ranking.front());
  const Candidate& best = ranking.front().candidate;
  const auto other = std::find_if(ranking.begin(), ranking.end(), [&](const Outcome& outcome) {
    return outcome.candidate.space != best.space ||
           outcome.candidate.settings.layout != best.settings.layout;
  });
  if (other != ranking.end()) climber.ClimbFrom(*other);
  return climber.TakeFound();
}

}  // namespace redline::planner
