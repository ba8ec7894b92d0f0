// Guard, journal, belief, duel rules.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>

#include <cmath>
#include <fstream>

#include "lab/tune/belief.h"
#include "lab/tune/duel.h"
#include "lab/tune/guard.h"
#include "lab/tune/journal.h"
#include "lab/tune/virtual_lab.h"

namespace redline::lab {
namespace {

GuardAnswer AnswerOfTokens(const std::vector<std::string>& tokens, double logprob = -0.1) {
  GuardAnswer answer;
  for (const std::string& token : tokens) {
    answer.text += token;
    answer.tokens.push_back(
        {.text = token, .logprob = logprob, .likeliest = {{token, logprob}, {"near", -1.0}}});
  }
  return answer;
}

TEST(Guard, Table) {
  const std::vector<GuardAnswer> baseline(8, AnswerOfTokens({"Par", "is", "."}));
  const auto with = [&](const GuardAnswer& answer, size_t count) {
    std::vector<GuardAnswer> answers = baseline;
    for (size_t index = 0; index < count; ++index) answers[index] = answer;
    return answers;
  };
  struct Case {
    std::string name;
    std::vector<GuardAnswer> answers;
    bool agrees;
  };
  const Case cases[] = {
      {"the same", baseline, true},
      {"rounded", with(AnswerOfTokens({"Par", "is", "."}, -0.3), 8), true},
      {"other log-probs", with(AnswerOfTokens({"Par", "is", "."}, -0.6), 8), false},
      {"parts where the baseline was in doubt", with(AnswerOfTokens({"Par", "near"}), 8), true},
      {"parts where it was sure", with(AnswerOfTokens({"Par", "odd"}), 2), false},
      {"one prompt on an edge", with(AnswerOfTokens({"Par", "odd"}), 1), true},
      {"shorter", with(AnswerOfTokens({"Par", "is"}), 8), true},
      {"none", {}, false},
  };
  for (const Case& each : cases) {
    const GuardVerdict verdict = CompareAnswers(baseline, each.answers);
    EXPECT_EQ(verdict.agrees, each.agrees) << each.name << ": " << verdict.reason;
  }
}

TEST(Guard, TextsAloneWhereThereAreNoLogProbs) {
  const std::vector<GuardAnswer> baseline(8, GuardAnswer{.text = "yes"});
  std::vector<GuardAnswer> candidate = baseline;
  candidate[0].text = candidate[1].text = "no";
  EXPECT_TRUE(CompareAnswers(baseline, candidate).agrees);
  candidate[2].text = "no";
  EXPECT_FALSE(CompareAnswers(baseline, candidate).agrees);
}

class JournalTest : public testing::Test {
 protected:
  void SetUp() override { std::filesystem::remove(path_); }
  const std::filesystem::path path_ = testing::TempDir() + "/journal_test.jsonl";
  const nlohmann::json what_ = {{"model", "m"}};
};

TEST_F(JournalTest, KeepsWhatWasWritten) {
  {
    auto journal = Journal::Open(path_, what_, false);
    ASSERT_TRUE(journal.ok());
    ASSERT_TRUE(journal->Append("a", 1).ok());
    ASSERT_TRUE(journal->Append("b", "\xff").ok());
  }
  auto journal = Journal::Open(path_, what_, true);
  ASSERT_TRUE(journal.ok()) << journal.status().ToString();
  EXPECT_EQ(*journal->Find("a"), 1);
  EXPECT_EQ(journal->Find("c"), nullptr);
  EXPECT_EQ(journal->num_entries(), 2U);
}

TEST_F(JournalTest, ALineCutShortIsDropped) {
  ASSERT_TRUE(Journal::Open(path_, what_, false).ok());
  std::ofstream(path_, std::ios::app) << R"({"key": "a", "va)";
  {
    auto journal = Journal::Open(path_, what_, true);
    ASSERT_TRUE(journal.ok());
    EXPECT_EQ(journal->num_entries(), 0U);
    ASSERT_TRUE(journal->Append("b", 2).ok());
  }
  auto journal = Journal::Open(path_, what_, true);
  ASSERT_TRUE(journal.ok()) << journal.status().ToString();
  EXPECT_EQ(*journal->Find("b"), 2);
}

TEST_F(JournalTest, Refusals) {
  EXPECT_EQ(Journal::Open(path_, what_, true).status().code(), Code::kNotFound);
  ASSERT_TRUE(Journal::Open(path_, what_, false).ok());
  EXPECT_EQ(Journal::Open(path_, what_, false).status().code(), Code::kAlreadyExists);
  EXPECT_EQ(Journal::Open(path_, {{"model", "n"}}, true).status().code(),
            Code::kFailedPrecondition);
  std::ofstream(path_, std::ios::app) << "[1]\n";
  EXPECT_EQ(Journal::Open(path_, what_, true).status().code(), Code::kDataLoss);
}

// What a full disk does to a write, with a limit on the file's size in its place.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    handler_ = ::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{.rlim_cur = bytes, .rlim_max = before_.rlim_max};
    EXPECT_EQ(::setrlimit(RLIMIT_FSIZE, &limit), 0);
  }
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    ::signal(SIGXFSZ, handler_);
  }

 private:
  rlimit before_{};
  void (*handler_)(int) = nullptr;
};

TEST_F(JournalTest, ALineThatDoesNotFitOnTheDiskLeavesNothing) {
  auto journal = Journal::Open(path_, what_, false);
  ASSERT_TRUE(journal.ok());
  ASSERT_TRUE(journal->Append("a", 1).ok());
  const auto size = std::filesystem::file_size(path_);
  {
    const FileSizeLimit limit(size + 10);
    const Status status = journal->Append("b", std::string(100, 'x'));
    EXPECT_FALSE(status.ok());
    EXPECT_NE(status.message().find("cannot write"), std::string::npos) << status.message();
  }
  EXPECT_EQ(journal->Find("b"), nullptr);
  EXPECT_EQ(std::filesystem::file_size(path_), size);
  ASSERT_TRUE(journal->Append("b", 2).ok());
  const auto again = Journal::Open(path_, what_, true);
  ASSERT_TRUE(again.ok()) << again.status().ToString();
  EXPECT_EQ(*again->Find("b"), 2);
}

Believed At(size_t engine, double forecast, std::vector<double> shares) {
  return {.choice = {engine, {0}},
          .forecast = Forecast{.value = forecast, .low = 0, .high = 0, .shares = shares}};
}

TEST(BeliefTest, LearnsWhatAnOperationIsWorth) {
  Belief belief(BeliefScales{});
  const Believed first = At(0, 100, {1, 0});
  const Believed second = At(0, 100, {0, 1});
  EXPECT_NEAR(std::exp(belief.Of(first).log_value), 100, 1e-6);
  belief.Observe(first, 130);
  belief.Observe(At(0, 100, {0.9, 0.1}), 127);
  // The whole engine, and the operation more.
  EXPECT_GT(std::exp(belief.Of(first).log_value), 120);
  EXPECT_GT(std::exp(belief.Of(second).log_value), 105);
  EXPECT_LT(belief.Of(second).log_value, belief.Of(first).log_value);
  EXPECT_GT(belief.OperationFactor(0), belief.OperationFactor(1));
  EXPECT_GT(belief.EngineFactor(0), 1);
  // Another engine with the same operation is thought better of, too.
  EXPECT_GT(std::exp(belief.Of(At(1, 100, {1, 0})).log_value), 101);
  EXPECT_LT(belief.Of(first).deviation, belief.Of(At(1, 100, {0, 1})).deviation);
}

// An engine that nobody forecasts is not one that promises nothing.
TEST(BeliefTest, WhatIsNotForecastIsAsWhatWasMeasuredAtFirst) {
  Belief belief(BeliefScales{});
  const Believed known = {.choice = {0, {0}}, .forecast = Forecast{.value = 800}};
  belief.Observe(known, 1000);
  const Posterior unknown = belief.Of({.choice = {1, {0}}});
  EXPECT_NEAR(unknown.log_value, std::log(1000), 1e-6);
  EXPECT_GT(ExpectedImprovement(unknown, belief.Of(known).log_value), 0.3);
}

TEST(BeliefTest, ExpectedImprovementGrowsWithValueAndDoubt) {
  const double low = ExpectedImprovement({.log_value = 1, .deviation = 0.1}, 1.1);
  EXPECT_GT(ExpectedImprovement({.log_value = 1.2, .deviation = 0.1}, 1.1), low);
  EXPECT_GT(ExpectedImprovement({.log_value = 1, .deviation = 0.3}, 1.1), low);
  EXPECT_NEAR(ExpectedImprovement({.log_value = 2, .deviation = 1e-6}, 1), 1, 1e-6);
}

TEST(DuelRulesTest, StopsWhenItIsDecided) {
  const DuelRules rules;
  DuelResult duel{.incumbent = {100, 101, 100}, .challenger = {150, 151, 151}};
  Judge(rules, duel);
  EXPECT_EQ(duel.verdict, DuelVerdict::kBetter);
  EXPECT_FALSE(WantsAnotherRound(rules, duel));
  duel = {.incumbent = {100, 120, 100}, .challenger = {105, 101, 111}};
  Judge(rules, duel);
  EXPECT_EQ(duel.verdict, DuelVerdict::kNoDifferenceShown);
  EXPECT_TRUE(WantsAnotherRound(rules, duel));
  duel = {.incumbent = {100, 100.1, 100}, .challenger = {100.1, 100, 100}};
  Judge(rules, duel);
  EXPECT_FALSE(WantsAnotherRound(rules, duel)) << duel.reason;
}

TEST(PlantedFaultTest, Table) {
  EXPECT_TRUE(PlantedFaultFromText("wrong_answers:--kv-cache-dtype fp8_e4m3").ok());
  for (const char* bad : {"", "wrong_answers", "wrong_answers:", "refused:--x", "nothing:--x"})
    EXPECT_EQ(PlantedFaultFromText(bad).status().code(), Code::kInvalidArgument) << bad;
}

}  // namespace
}  // namespace redline::lab
