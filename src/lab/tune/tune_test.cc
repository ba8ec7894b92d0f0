#include "lab/tune/tune.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <functional>
#include <set>

#include "lab/tune/journaled_lab.h"
#include "workload/random.h"

namespace redline::lab {
namespace {

// Axes "one", "two", ... of an engine, each with its default and `num_values` values.
TuneEngine EngineNamed(const std::string& name, size_t num_axes, size_t num_values) {
  TuneEngine engine{.space = {.engine = name, .axes = {}}, .stages = {}};
  for (size_t axis = 0; axis < num_axes; ++axis) {
    planner::Axis each{.name = fmt::format("axis{}", axis),
                       .values = {{.label = "default", .words = {}}},
                       .num_coarse = 1 + num_values};
    for (size_t value = 1; value <= num_values; ++value) {
      const std::string word = std::to_string(value);
      each.values.push_back({.label = word, .words = {fmt::format("--axis{}", axis), word}});
    }
    engine.space.axes.push_back(std::move(each));
    engine.stages.push_back(axis == 0 ? Stage::kParallelism : Stage::kScheduling);
  }
  return engine;
}

// A machine whose values are a function of the configuration, with noise of its own.
class FakeLab : public TrialLab {
 public:
  using Truth = std::function<double(const TuneConfiguration&)>;
  explicit FakeLab(Truth truth, double noise = 0.02, uint64_t seed = 1)
      : truth_(std::move(truth)), noise_(noise), seed_(seed) {}

  Result<Checked> Check(const TuneConfiguration& configuration) override {
    Checked checked{.resolved = TextOf(configuration)};
    if (resolves_to_default) checked.resolved = configuration.engine;
    if (TextOf(configuration) == does_not_fit) checked.fault = TrialFault::kDoesNotFit;
    return checked;
  }
  Result<std::optional<Forecast>> Predict(const TuneConfiguration&) override {
    return std::optional<Forecast>();
  }
  Result<TrialRun> Measure(const TuneConfiguration& configuration, const RunOrder& order) override {
    ++num_runs;
    if (num_runs == stop_at) return Status(Code::kResourceExhausted, "no space left on device");
    TrialRun run{.seconds = 1};
    if (faults.contains(TextOf(configuration))) {
      run.fault = faults[TextOf(configuration)];
      run.reason = "planted";
      return run;
    }
    const uint64_t text = std::hash<std::string>()(TextOf(configuration));
    const double deviation =
        workload::RandomStream(seed_ ^ text, workload::Stream::kNoise, order.seed).Normal();
    run.figures["total_tps"] = truth_(configuration) * std::exp(noise_ * deviation);
    return run;
  }
  Result<GuardRun> Answer(const TuneConfiguration& configuration) override {
    GuardRun run{.seconds = 1};
    for (int each = 0; each < 8; ++each)
      run.answers.push_back({.text = wrong.contains(TextOf(configuration)) ? "?" : "yes"});
    return run;
  }
  double StartSeconds(const TuneConfiguration&) const override { return 0; }

  int num_runs = 0;
  int stop_at = -1;
  bool resolves_to_default = false;
  std::string does_not_fit;
  std::map<std::string, TrialFault> faults;
  std::set<std::string> wrong;

 private:
  const Truth truth_;
  const double noise_;
  const uint64_t seed_;
};

bool Has(const TuneConfiguration& configuration, const std::string& words) {
  return TextOf(configuration).find(words) != std::string::npos;
}

std::vector<TuneChoice> AllOf(const TuneSpace& space) {
  std::vector<TuneChoice> proposals;
  for (size_t engine = 0; engine < space.engines.size(); ++engine) {
    for (int64_t number = 0; number < space.engines[engine].space.NumCombinations(); ++number) {
      proposals.push_back({engine, planner::CombinationAt(space.engines[engine].space, number)});
    }
  }
  return proposals;
}

TuneSpace TwoEngines() { return {{EngineNamed("slow@1", 2, 2), EngineNamed("fast@1", 2, 2)}}; }

double TwoEngineTruth(const TuneConfiguration& configuration) {
  double value = configuration.engine == "fast@1" ? 120 : 100;
  if (configuration.engine == "fast@1" && Has(configuration, "--axis0 2")) value *= 1.5;
  if (Has(configuration, "--axis1 1")) value *= 0.8;
  return value;
}

class StrategyTest : public testing::TestWithParam<Strategy> {
 protected:
  Result<TuneResult> Run(const TuneSpace& space, TrialLab& lab, TuneOptions options = {}) {
    options.strategy = GetParam();
    const std::vector<TuneChoice> proposals = AllOf(space);
    return Tune({.space = space, .proposals = proposals}, lab, options);
  }
};

TEST_P(StrategyTest, FindsThePlantedBestAndDropsWhatBringsNothing) {
  const TuneSpace space = TwoEngines();
  FakeLab lab(TwoEngineTruth);
  const auto result = Run(space, lab);
  ASSERT_TRUE(result.ok()) << result.status().ToString();
  EXPECT_TRUE(result->has_winner);
  EXPECT_EQ(TextOf(space.ConfigurationOf(result->winner)), "fast@1 -- --axis0 2");
  EXPECT_GT(result->last.low, 1.6);
  EXPECT_LT(result->last.high, 2.0);
  for (const TuneStep& step : result->steps) {
    EXPECT_FALSE(step.accepted() && Has(space.ConfigurationOf(step.after), "--axis1"));
  }
}

// Alone the one harms and the other does nothing; the third never does anything.
TEST(RaceTest, FlagsThatNeedEachOtherAreFoundAndNothingElseIsKept) {
  const TuneSpace space{{EngineNamed("only@1", 3, 1)}};
  FakeLab lab([](const TuneConfiguration& configuration) {
    const bool harms_alone = Has(configuration, "--axis1 1");
    if (!harms_alone) return 100;
    return Has(configuration, "--axis0 1") ? 200 : 50;
  });
  const std::vector<TuneChoice> proposals = AllOf(space);
  const auto result = Tune({.space = space, .proposals = proposals}, lab, {});
  ASSERT_TRUE(result.ok()) << result.status().ToString();
  EXPECT_EQ(TextOf(space.ConfigurationOf(result->winner)), "only@1 -- --axis0 1 --axis1 1");
  ASSERT_FALSE(result->steps.empty());
  const TuneStep& last = result->steps.back();
  EXPECT_TRUE(last.accepted());
  EXPECT_NE(last.change.find("together"), std::string::npos) << last.change;
  EXPECT_EQ(last.change.find("axis2"), std::string::npos) << last.change;
}

TEST(RaceTest, AnEngineWithoutForecastsBeginsWithItsDefault) {
  const TuneSpace space = TwoEngines();
  FakeLab lab(TwoEngineTruth);
  const std::vector<TuneChoice> proposals = AllOf(space);
  const auto result = Tune({.space = space, .proposals = proposals}, lab, {});
  ASSERT_TRUE(result.ok()) << result.status().ToString();
  const auto first = std::find_if(result->trials.begin(), result->trials.end(),
                                  [](const Trial& trial) { return trial.choice.engine == 1; });
  ASSERT_NE(first, result->trials.end());
  EXPECT_EQ(TextOf(space.ConfigurationOf(first->choice)), "fast@1");
}

TEST(RaceTest, AnEngineWhoseDefaultDoesNotFitIsTriedAllTheSame) {
  const TuneSpace space = TwoEngines();
  FakeLab lab(TwoEngineTruth);
  lab.does_not_fit = "fast@1";
  const std::vector<TuneChoice> proposals = AllOf(space);
  const auto result = Tune({.space = space, .proposals = proposals}, lab, {});
  ASSERT_TRUE(result.ok()) << result.status().ToString();
  EXPECT_EQ(space.ConfigurationOf(result->winner).engine, "fast@1");
}

TEST_P(StrategyTest, ASpaceOfNoOpsHasNoWinner) {
  const TuneSpace space{{EngineNamed("only@1", 3, 2)}};
  int winners = 0;
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    FakeLab lab([](const TuneConfiguration&) { return 100; }, 0.05, seed);
    const auto result = Run(space, lab);
    ASSERT_TRUE(result.ok());
    winners += result->has_winner;
  }
  EXPECT_LE(winners, 2);
}

TEST_P(StrategyTest, WhatResolvesToTheSameIsNotRun) {
  const TuneSpace space{{EngineNamed("only@1", 3, 2)}};
  FakeLab lab([](const TuneConfiguration&) { return 100; });
  lab.resolves_to_default = true;
  const auto result = Run(space, lab);
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->num_trials, 1);
  EXPECT_FALSE(result->has_winner);
  for (const TuneStep& step : result->steps) EXPECT_EQ(step.outcome, StepOutcome::kNoEffect);
}

TEST_P(StrategyTest, CrashesAndWrongAnswersAreResults) {
  const TuneSpace space = TwoEngines();
  FakeLab lab([](const TuneConfiguration& configuration) {
    return Has(configuration, "--axis1 2") ? 1000 : TwoEngineTruth(configuration);
  });
  for (const TuneChoice& proposal : AllOf(space)) {
    const std::string text = TextOf(space.ConfigurationOf(proposal));
    if (text.find("--axis1 2") != std::string::npos) lab.wrong.insert(text);
  }
  lab.faults["slow@1 -- --axis0 1"] = TrialFault::kCrashedAtLoad;
  lab.faults["slow@1 -- --axis0 2"] = TrialFault::kHungAtLoad;
  const auto result = Run(space, lab, {.most_trials = 100});
  ASSERT_TRUE(result.ok());
  EXPECT_FALSE(Has(space.ConfigurationOf(result->winner), "--axis1 2"));
  const Trial* crashed = nullptr;
  bool is_wrong_seen = false;
  for (const Trial& trial : result->trials) {
    if (trial.fault == TrialFault::kCrashedAtLoad) crashed = &trial;
    is_wrong_seen |= trial.fault == TrialFault::kWrongAnswers;
  }
  EXPECT_TRUE(is_wrong_seen);
  EXPECT_TRUE(crashed != nullptr || GetParam() != Strategy::kWalk);
}

TEST_P(StrategyTest, ABaselineThatDoesNotRunEndsIt) {
  const TuneSpace space = TwoEngines();
  FakeLab lab(TwoEngineTruth);
  lab.faults["slow@1"] = TrialFault::kCrashedAtLoad;
  const auto result = Run(space, lab);
  EXPECT_EQ(result.status().code(), Code::kFailedPrecondition);
  EXPECT_NE(result.status().message().find("crashed_at_load"), std::string::npos);
}

TEST_P(StrategyTest, KeepsWithinTrialsAndTime) {
  const TuneSpace space = TwoEngines();
  FakeLab lab(TwoEngineTruth);
  const auto few = Run(space, lab, {.most_trials = 3});
  ASSERT_TRUE(few.ok());
  EXPECT_LE(few->num_trials, 3);
  FakeLab again(TwoEngineTruth);
  const auto brief = Run(space, again, {.most_seconds = 40});
  ASSERT_TRUE(brief.ok());
  EXPECT_LE(brief->seconds, 42);
  if (GetParam() != Strategy::kRace) return;
  FakeLab once_more(TwoEngineTruth);
  const auto too_short = Run(space, once_more, {.most_seconds = 8});
  ASSERT_TRUE(too_short.ok());
  EXPECT_NE(too_short->ended_by.find("--max-time leaves none"), std::string::npos)
      << too_short->ended_by;
  EXPECT_FALSE(too_short->is_complete);
}

// A run that is killed again and again comes to what one that was not comes to.
TEST_P(StrategyTest, GoesOnWhereItWas) {
  const TuneSpace space = TwoEngines();
  FakeLab whole(TwoEngineTruth);
  const auto expected = Run(space, whole);
  ASSERT_TRUE(expected.ok());
  const std::string path = testing::TempDir() + "/tune_" + std::string(NameOf(GetParam()));
  std::filesystem::remove(path);
  FakeLab lab(TwoEngineTruth);
  int sittings = 0;
  Result<TuneResult> result = Internal("not run");
  while (!result.ok() && ++sittings < 100) {
    auto journal = Journal::Open(path, {{"of", "test"}}, sittings > 1);
    ASSERT_TRUE(journal.ok()) << journal.status().ToString();
    lab.stop_at = lab.num_runs + 7;
    JournaledLab journaled(lab, *journal);
    result = Run(space, journaled);
  }
  ASSERT_TRUE(result.ok());
  EXPECT_GT(sittings, 2);
  EXPECT_EQ(result->winner, expected->winner);
  EXPECT_EQ(result->last.challenger, expected->last.challenger);
  EXPECT_EQ(lab.num_runs - (sittings - 1), whole.num_runs);  // the failed ones are no runs
}

INSTANTIATE_TEST_SUITE_P(All, StrategyTest,
                         testing::Values(Strategy::kRace, Strategy::kWalk, Strategy::kRandom),
                         [](const auto& param) { return std::string(NameOf(param.param)); });

}  // namespace
}  // namespace redline::lab
