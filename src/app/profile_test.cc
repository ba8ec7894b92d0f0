#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "app/profile_reproduce.h"
#include "app/profile_text.h"
#include "app/profiles_access.h"
#include "embedded/catalog_files.h"

namespace redline::app {
namespace {

using lab::DuelVerdict;

TEST(ReproductionTest, TheIntervalsSayIt) {
  const PublishedRatio published{1.2, 1.4};
  const struct {
    DuelVerdict verdict;
    double low;
    double high;
    bool is_reproduced;
    const char* says;
  } cases[] = {
      {DuelVerdict::kBetter, 1.25, 1.35, true, "better again"},
      {DuelVerdict::kBetter, 1.1, 1.21, true, "overlaps"},
      {DuelVerdict::kBetter, 1.38, 1.6, true, "overlaps"},
      {DuelVerdict::kBetter, 1.41, 1.6, false, "nothing in common"},
      {DuelVerdict::kBetter, 1.05, 1.19, false, "nothing in common"},
      {DuelVerdict::kWorse, 0.8, 0.9, false, "nothing in common"},
      {DuelVerdict::kNoDifferenceShown, 0.9, 1.3, false, "does not show"},
      {DuelVerdict::kNoDifferenceShown, 0, 0, false, "no interval"},
      {DuelVerdict::kFault, 0, 0, false, "gave no figures"},
  };
  for (const auto& test : cases) {
    lab::DuelResult duel{.verdict = test.verdict, .low = test.low, .high = test.high};
    const Reproduction outcome = JudgeReproduction(published, duel);
    EXPECT_EQ(outcome.is_reproduced, test.is_reproduced) << test.low;
    EXPECT_NE(outcome.reason.find(test.says), std::string::npos) << outcome.reason;
  }
}

TEST(ProfileTargetTest, ModelAndName) {
  const auto catalog = platform::Catalog::Parse(embedded::catalog_files()).value();
  const struct {
    const char* text;
    const char* model;  // nullptr: refused
    const char* name;
  } cases[] = {
      {"deepseek-v3.2", "deepseek-v3.2", ""},
      {"deepseek-v3.2/mine", "deepseek-v3.2", "mine"},
      {"deepseek-ai/DeepSeek-V3.2", "deepseek-v3.2", ""},
      {"deepseek-ai/DeepSeek-V3.2/mine", "deepseek-v3.2", "mine"},
      {"nothing", nullptr, ""},
      {"nothing/mine", nullptr, ""},
      {"", nullptr, ""},
  };
  for (const auto& test : cases) {
    const auto target = ProfileTargetOf(catalog, test.text);
    ASSERT_EQ(target.ok(), test.model != nullptr) << test.text;
    if (!target.ok()) continue;
    EXPECT_EQ(target->model, test.model);
    EXPECT_EQ(target->name, test.name);
  }
}

TEST(ProfileTextTest, APageSaysWhatRunsAndWhatIsStale) {
  const nlohmann::json profile = {
      {"model", "m"},
      {"name", "n"},
      {"origin", "user"},
      {"goal", "latency"},
      {"hardware", {{"device", "cpu"}, {"models", {"Some CPU"}}, {"min_devices", 4}}},
      {"engine", {{"engine", "native"}, {"requested", {{"max_running_requests", 8}}}}},
      {"evidence",
       {{"kind", "measured"},
        {"summary", "x1.2"},
        {"figures", {{"ratio", 1.2}, {"ratio_low", 1.1}, {"ratio_high", 1.3}}},
        {"flaws", {"one machine"}},
        {"stale", {"another driver"}},
        {"command", "redline tune m"}}}};
  const std::string page = ProfilePage(profile);
  for (const char* text :
       {"m/n (published here)", "4 x cpu Some CPU", "native max_running_requests=8",
        "Flaw: one machine", "Stale: another driver", "Found by: redline tune m"})
    EXPECT_NE(page.find(text), std::string::npos) << page;
  const std::string table = ProfileTable(nlohmann::json::array({profile}));
  EXPECT_NE(table.find("measured x1.20 (1.10 to 1.30)  yes"), std::string::npos) << table;
}

}  // namespace
}  // namespace redline::app
