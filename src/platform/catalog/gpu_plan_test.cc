#include "platform/catalog/gpu_plan.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/strings.h"
#include "embedded/catalog_files.h"

namespace redline::platform {
namespace {

class GpuPlanTest : public testing::Test {
 protected:
  Result<GpuPlan> Plan(const std::string& model, const std::string& hardware, GpuWishes wishes) {
    wishes.hardware = *spec::FindHardwareProfile(hardware);
    return PlanOnGpus(**catalog_.Find(model), wishes);
  }
  GpuPlan Sglang(const std::string& arguments) {
    auto plan = Plan("deepseek-v3.2", "H200x8",
                     {.hardware = {}, .engine = "sglang", .arguments = Split(arguments, ' ')});
    EXPECT_TRUE(plan.ok()) << plan.status().message();
    EXPECT_FALSE(plan->resolution.error) << plan->resolution.error->message;
    return *std::move(plan);
  }
  static const backends::FlagEffect& EffectOf(const GpuPlan& plan, const std::string& field) {
    return *std::find_if(plan.flags.begin(), plan.flags.end(),
                         [&](const auto& flag) { return flag.field == field; });
  }

  const Catalog catalog_ = *Catalog::Parse(embedded::catalog_files());
};

TEST_F(GpuPlanTest, TheGoalChoosesTheProfile) {
  const struct {
    const char* hardware;
    const char* goal;
    const char* profile;
  } cases[] = {{"H200x8", "throughput", "h200x8-throughput"},
               {"H200x8", "", "h200x8-throughput"},
               {"h200x8", "latency", "h200x8-latency"},
               {"H200x8", "long_context", "h200x8-long-context"},
               {"B200x8", "throughput", "b200x8-throughput"}};
  for (const auto& test : cases) {
    const auto plan = Plan("deepseek-v3.2", test.hardware, {.hardware = {}, .goal = test.goal});
    ASSERT_TRUE(plan.ok()) << plan.status().message();
    EXPECT_EQ(plan->profile, test.profile);
    EXPECT_FALSE(plan->resolution.error);
    EXPECT_GT(plan->memory.kv_tokens, 0);
  }
  const auto none = Plan("deepseek-v3.2", "RTX4090x1", {});
  EXPECT_EQ(none.status().code(), Code::kNotFound);
  EXPECT_NE(none.status().message().find("h200x8-throughput"), std::string::npos);
  const auto misspelt =
      Plan("deepseek-v3.2", "H200x8", {.hardware = {}, .profile = "h200x8-latenc"});
  EXPECT_NE(misspelt.status().message().find("\"h200x8-latency\""), std::string::npos);
}

TEST_F(GpuPlanTest, APublishedProfileComesFirstAndTheNextIsToldOf) {
  Catalog catalog = *Catalog::Parse(embedded::catalog_files());
  const CatalogEntry& entry = **catalog.Find("deepseek-v3.2");
  const auto plan_for = [&](const char* goal) {
    const GpuWishes wishes{.hardware = *spec::FindHardwareProfile("H200x8"), .goal = goal};
    return PlanOnGpus(entry, wishes).value();
  };
  const GpuPlan library = plan_for("latency");
  EXPECT_NE(Join(library.why, "\n").find("no other profile for H200x8 with the goal latency"),
            std::string::npos);
  spec::Profile mine = *entry.FindProfile("h200x8-latency");
  mine.name = "mine";
  mine.hardware.min_devices = 1;  // fewer than the library's
  catalog.SetUserProfiles(entry, {mine});
  const GpuPlan published = plan_for("latency");
  EXPECT_EQ(published.profile, "mine");
  EXPECT_NE(Join(published.why, "\n")
                .find("Otherwise: profile h200x8-latency (latency, 8 x H200); "
                      "profiles that were published here come before"),
            std::string::npos)
      << Join(published.why, "\n");
  catalog.SetUserProfiles(entry, {});
  EXPECT_EQ(plan_for("latency").profile, "h200x8-latency");
}

TEST_F(GpuPlanTest, EachFlagSaysWhatItChanges) {
  const GpuPlan plan = Sglang("--tp-size 8 --dp-size 8 --enable-dp-attention --page-size 64");
  ASSERT_EQ(plan.flags.size(), 4u);
  EXPECT_EQ(plan.flags[0].words, (std::vector<std::string>{"--tp-size", "8"}));
  EXPECT_TRUE(EffectOf(plan, "tp_size").needed);
  const auto& ranks = EffectOf(plan, "dp_size").changes;
  EXPECT_TRUE(std::any_of(ranks.begin(), ranks.end(), [](const auto& change) {
    return change.field == "chunked_prefill_size" && change.with == 1024;
  }));
  EXPECT_TRUE(EffectOf(plan, "page_size").HasNoEffect());
}

// ../shared/reference/engines.md 1.2: KV tokens of DeepSeek-V3.2 on eight H200, computed from the
// engine's formulas.
TEST_F(GpuPlanTest, KvTokensAreTheReferences) {
  const struct {
    const char* arguments;
    double tokens;
  } cases[] = {
      {"--tp-size 8", 620e3},
      {"--tp-size 8 --enable-dp-attention", 589e3},
      {"--tp-size 8 --dp-size 8 --enable-dp-attention", 1.89e6},
      {"--tp-size 8 --dp-size 8 --enable-dp-attention --cuda-graph-max-bs 256", 3.25e6},
      {"--tp-size 8 --speculative-algorithm EAGLE", 570e3},
  };
  for (const auto& test : cases) {
    const GpuPlan plan = Sglang(test.arguments);
    EXPECT_NEAR(static_cast<double>(plan.memory.kv_tokens) / test.tokens, 1, 0.06)
        << test.arguments;
    EXPECT_EQ(plan.placement.num_gpus, 8);
  }
}

TEST_F(GpuPlanTest, ARefusalIsPartOfThePlan) {
  const auto plan = Plan("deepseek-v3.2", "H200x8",
                         {.hardware = {},
                          .engine = "sglang",
                          .arguments = {"--tp-size", "8", "--tool-call-parser", "deepseek_v32"}});
  ASSERT_TRUE(plan.ok());
  ASSERT_TRUE(plan->resolution.error);
  EXPECT_NE(plan->resolution.error->message.find("deepseekv32"), std::string::npos);
}

// Every profile of the library for an engine with a command line can be planned on its hardware.
TEST_F(GpuPlanTest, TheLibrarysProfilesStart) {
  int planned = 0;
  for (const CatalogEntry& entry : catalog_.entries()) {
    for (const spec::Profile& profile : entry.profiles) {
      if (profile.hardware.device != "nvidia") continue;
      const auto plan =
          Plan(entry.name,
               profile.hardware.models.at(0) + "x" + std::to_string(profile.hardware.min_devices),
               {.hardware = {}, .profile = profile.name});
      ASSERT_TRUE(plan.ok()) << plan.status().message();
      EXPECT_FALSE(plan->resolution.error) << entry.name << " " << profile.name;
      EXPECT_GT(plan->memory.kv_tokens, 0) << entry.name << " " << profile.name;
      ++planned;
    }
  }
  EXPECT_GE(planned, 120);
}

// Rope scaling under a name that vLLM no longer reads would leave the length as it was.
TEST_F(GpuPlanTest, LongContextsAreLong) {
  constexpr int64_t kLong = 131072;
  for (const CatalogEntry& entry : catalog_.entries()) {
    for (const spec::Profile& profile : entry.profiles) {
      if (profile.goal != "long_context") continue;
      const auto plan =
          Plan(entry.name,
               profile.hardware.models.at(0) + "x" + std::to_string(profile.hardware.min_devices),
               {.hardware = {}, .profile = profile.name});
      ASSERT_TRUE(plan.ok()) << plan.status().message();
      const int64_t longest = plan->placement.longest_request;  // 0: the model's own
      EXPECT_GE(longest == 0 ? entry.spec.context_length : longest, kLong)
          << entry.name << " " << profile.name;
      EXPECT_GE(plan->memory.kv_tokens_of_rank, 2 * kLong) << entry.name << " " << profile.name;
    }
  }
}

}  // namespace
}  // namespace redline::platform
