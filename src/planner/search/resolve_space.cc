#include "planner/search/resolve_space.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "planner/search/parallel_for.h"

namespace redline::planner {
namespace {

// What an engine makes of one combination.
struct Resolved {
  std::optional<EngineSettings> settings;
  size_t hash = 0;  // of all it resolves
  std::string refusal;
};

// Seeds are drawn anew for each start.
size_t HashOf(nlohmann::json& resolved) {
  resolved.erase("random_seed");
  return std::hash<nlohmann::json>()(resolved);
}

Resolved ResolveOne(const SearchedEngine& engine, int64_t number) {
  Resolved resolved;
  auto configuration = engine.configurer.ConfigureFlags(
      ArgumentsOf(engine.space, CombinationAt(engine.space, number)));
  if (!configuration.ok()) {
    resolved.refusal = configuration.status().message();
    return resolved;
  }
  resolved.settings = std::move(configuration->settings);
  resolved.hash = HashOf(configuration->resolution.resolved);
  return resolved;
}

enum class Sameness { kUnseen, kSameEngine, kSameSettings, kDifferent };

// A combination beside the one that has the axis at its default.
Sameness Compare(const Resolved& with, const Resolved& without) {
  if (!with.settings || !without.settings) {
    return with.settings.has_value() == without.settings.has_value() ? Sameness::kUnseen
                                                                     : Sameness::kDifferent;
  }
  if (*with.settings != *without.settings) return Sameness::kDifferent;
  return with.hash == without.hash ? Sameness::kSameEngine : Sameness::kSameSettings;
}

void FindNoOps(const SearchSpace& space, size_t space_index, const std::vector<Resolved>& all,
               std::vector<NoOp>& no_ops) {
  for (size_t axis = 1; axis < space.axes.size(); ++axis) {
    const int64_t stride = StrideOf(space, axis);
    std::vector<Sameness> seen(space.axes[axis].num_coarse, Sameness::kUnseen);
    for (size_t number = 0; number < all.size(); ++number) {
      const size_t value = CombinationAt(space, static_cast<int64_t>(number))[axis];
      if (value == 0) continue;
      const size_t sibling = number - value * static_cast<size_t>(stride);
      seen[value] = std::max(seen[value], Compare(all[number], all[sibling]));
    }
    for (size_t value = 1; value < seen.size(); ++value) {
      if (seen[value] == Sameness::kUnseen || seen[value] == Sameness::kDifferent) continue;
      no_ops.push_back({space_index, axis, value, seen[value] == Sameness::kSameEngine});
    }
  }
}

class Gatherer {
 public:
  void Add(const SearchSpace& space, size_t space_index, std::vector<Resolved>& all) {
    FindNoOps(space, space_index, all, result_.no_ops);
    for (size_t number = 0; number < all.size(); ++number) {
      ++result_.num_combinations;
      Resolved& resolved = all[number];
      if (!resolved.settings) {
        ++result_.num_refused;
        CountReason(resolved.refusal, result_.refusals);
        continue;
      }
      hashes_.insert({space_index, resolved.hash});
      AddSettings(space_index, CombinationAt(space, static_cast<int64_t>(number)),
                  std::move(*resolved.settings));
    }
  }
  ResolvedSpace Finish() {
    result_.num_distinct_resolved = static_cast<int64_t>(hashes_.size());
    SortReasons(result_.refusals);
    return std::move(result_);
  }

 private:
  void AddSettings(size_t space_index, Choice choice, EngineSettings settings) {
    const auto [found, is_new] = index_.try_emplace(settings, result_.candidates.size());
    if (is_new) {
      result_.candidates.push_back(
          {.space = space_index, .choice = std::move(choice), .settings = std::move(settings)});
      return;
    }
    ++result_.num_duplicates;
    Candidate& known = result_.candidates[found->second];
    ++known.num_command_lines;
    if (NumChanges(choice) < NumChanges(known.choice)) known.choice = std::move(choice);
  }

  ResolvedSpace result_;
  std::map<EngineSettings, size_t> index_;
  std::set<std::pair<size_t, size_t>> hashes_;
};

}  // namespace

void CountReason(const std::string& text, std::vector<CountedReason>& reasons) {
  for (CountedReason& reason : reasons) {
    if (reason.text == text) {
      ++reason.count;
      return;
    }
  }
  constexpr size_t kMostReasons = 200;
  if (reasons.size() < kMostReasons) reasons.push_back({text, 1});
}

void SortReasons(std::vector<CountedReason>& reasons) {
  std::stable_sort(reasons.begin(), reasons.end(),
                   [](const auto& left, const auto& right) { return left.count > right.count; });
}

ResolvedSpace ResolveSpaces(const std::vector<SearchedEngine>& engines, size_t num_threads,
                            const std::function<void(size_t done, size_t all)>& progress,
                            const std::function<bool()>& is_cancelled) {
  size_t total = 0;
  for (const SearchedEngine& engine : engines) {
    total += static_cast<size_t>(engine.space.NumCombinations());
  }
  Gatherer gatherer;
  size_t before = 0;
  for (size_t index = 0; index < engines.size(); ++index) {
    const SearchedEngine& engine = engines[index];
    std::vector<Resolved> all(static_cast<size_t>(engine.space.NumCombinations()));
    ParallelFor(
        all.size(), num_threads,
        [&](size_t number) { all[number] = ResolveOne(engine, static_cast<int64_t>(number)); },
        [&](size_t done) {
          if (progress) progress(before + done, total);
        },
        is_cancelled);
    gatherer.Add(engine.space, index, all);
    before += all.size();
  }
  return gatherer.Finish();
}

}  // namespace redline::planner
