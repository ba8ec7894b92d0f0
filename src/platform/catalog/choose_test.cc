#include "platform/catalog/choose.h"

#include <gtest/gtest.h>

#include <limits>

#include "base/strings.h"
#include "embedded/catalog_files.h"

namespace redline::platform {
namespace {

constexpr int64_t kGiB = int64_t{1} << 30;

class ChooseTest : public testing::Test {
 protected:
  const CatalogEntry& Entry(const char* name) {
    auto found = catalog_.Find(name);
    EXPECT_TRUE(found.ok());
    return **found;
  }
  static Node Cpu(int64_t memory_bytes) {
    return {.name = "host",
            .hardware = {.device = "cpu", .num_devices = 2, .memory_bytes = memory_bytes}};
  }

  Catalog catalog_ = Catalog::Parse(embedded::catalog_files()).value();
};

std::string All(const std::vector<std::string>& sentences) { return Join(sentences, "\n"); }

TEST_F(ChooseTest, TheFirstProfileThatFitsIsTaken) {
  const struct {
    int64_t memory_bytes;
    const char* profile;  // nullptr: none fits
  } cases[] = {
      {22 * kGiB, "cpu-default"},
      {2 * kGiB, "cpu-default"},
      {1 * kGiB, "cpu-small"},
      {kGiB / 4, nullptr},
      {0, nullptr},
  };
  for (const auto& test : cases) {
    const auto assessment =
        Assess(Entry("smollm2-135m-instruct"), Cpu(test.memory_bytes), {}).value();
    EXPECT_EQ(assessment.fit.fits, test.profile != nullptr) << test.memory_bytes;
    ASSERT_EQ(assessment.choice.has_value(), test.profile != nullptr) << test.memory_bytes;
    EXPECT_EQ(assessment.choice ? assessment.choice->profile : "",
              test.profile == nullptr ? "" : test.profile);
  }
}

TEST_F(ChooseTest, TheArithmeticAddsUp) {
  for (const int64_t memory : {22 * kGiB, kGiB / 4}) {
    const Fit fit = Assess(Entry("smollm2-135m-instruct"), Cpu(memory), {}).value().fit;
    int64_t sum = 0;
    for (const auto& term : fit.terms) sum += term.num_bytes;
    EXPECT_EQ(fit.needed_bytes, sum);
    EXPECT_EQ(fit.available_bytes, memory);
    EXPECT_EQ(fit.terms[0].name, "weights");
    EXPECT_EQ(fit.terms[0].num_bytes, 98362432);
    EXPECT_EQ(fit.terms[1].name, "kv_cache");
    EXPECT_NE(fit.message.find(FormatBytes(static_cast<uint64_t>(sum))), std::string::npos);
  }
}

TEST_F(ChooseTest, ResolvedHasWhatTheEngineWillRun) {
  const auto choice = Assess(Entry("smollm2-135m-instruct"), Cpu(22 * kGiB), {}).value().choice;
  ASSERT_TRUE(choice);
  EXPECT_EQ(choice->engine.engine, "native");
  EXPECT_FALSE(choice->engine.version.empty());
  EXPECT_EQ(choice->engine.requested.size(), 1u);
  EXPECT_EQ(choice->engine.resolved.at("max_total_tokens"), spec::ParameterValue(int64_t{32768}));
  EXPECT_EQ(choice->engine.resolved.at("num_threads"), spec::ParameterValue(int64_t{2}));
  const std::string why = All(choice->why);
  for (const char* part : {"Profile cpu-default", "max_total_tokens = 32768: from the profile",
                           "Memory: weights", "Evidence: none"})
    EXPECT_NE(why.find(part), std::string::npos) << why;
}

TEST_F(ChooseTest, ASmallerProfileSaysWhatWasInTheWay) {
  const auto choice = Assess(Entry("smollm2-135m-instruct"), Cpu(kGiB), {}).value().choice;
  ASSERT_TRUE(choice);
  EXPECT_NE(choice->why[0].find("cpu-default needs"), std::string::npos) << choice->why[0];
}

TEST_F(ChooseTest, TheUsersParametersWin) {
  Wishes wishes{.profile = "", .parameters = {{"max_total_tokens", int64_t{4096}}}};
  const auto choice = Assess(Entry("smollm2-135m-instruct"), Cpu(22 * kGiB), wishes).value().choice;
  ASSERT_TRUE(choice);
  EXPECT_EQ(choice->engine.requested.at("max_total_tokens"), spec::ParameterValue(int64_t{4096}));
  EXPECT_NE(All(choice->why).find("max_total_tokens = 4096: asked for."), std::string::npos);
}

TEST_F(ChooseTest, BadWishesAreErrors) {
  const CatalogEntry& entry = Entry("smollm2-135m-instruct");
  const Node node = Cpu(22 * kGiB);
  Wishes wishes{.profile = "cpu-defualt"};
  EXPECT_EQ(Assess(entry, node, wishes).status().code(), Code::kNotFound);
  EXPECT_NE(Assess(entry, node, wishes).status().message().find("did you mean \"cpu-default\""),
            std::string::npos);
  wishes = {.profile = "", .parameters = {{"max_totl_tokens", int64_t{1}}}};
  EXPECT_EQ(Assess(entry, node, wishes).status().param(), "max_totl_tokens");
  wishes = {.profile = "", .parameters = {{"page_size", std::string("big")}}};
  EXPECT_EQ(Assess(entry, node, wishes).status().code(), Code::kInvalidArgument);
}

TEST_F(ChooseTest, AWishThatIsTooBigSaysTheArithmetic) {
  const Wishes wishes{.profile = "", .parameters = {{"max_total_tokens", int64_t{1} << 20}}};
  const auto assessment = Assess(Entry("smollm2-135m-instruct"), Cpu(22 * kGiB), wishes).value();
  EXPECT_FALSE(assessment.fit.fits);
  EXPECT_NE(assessment.fit.message.find("kv_cache 45.0 GiB"), std::string::npos)
      << assessment.fit.message;
}

TEST_F(ChooseTest, WordsThatNoProgramCanBeGivenAreRefused) {
  const struct {
    std::vector<std::string> arguments;
    std::map<std::string, std::string> environment;
    const char* param;
  } cases[] = {
      {{std::string("--seed\0", 7)}, {}, "arguments"},
      {std::vector<std::string>(70'000), {}, "arguments"},
      {{std::string(70'000, 'x')}, {}, "arguments"},
      {{}, {{"A=B", "c"}}, "environment"},
      {{}, {{"", "c"}}, "environment"},
      {{}, {{"1A", "c"}}, "environment"},
      {{}, {{"A\nB", "c"}}, "environment"},
      {{}, {{"A", std::string("c\0d", 3)}}, "environment"},
      {{}, {{"A", std::string(70'000, 'x')}}, "arguments"},
  };
  for (const auto& test : cases) {
    const auto refused = Assess(
        Entry("smollm2-135m-instruct"), Cpu(22 * kGiB),
        {.engine = "vllm@0.13.0", .arguments = test.arguments, .environment = test.environment});
    EXPECT_EQ(refused.status().code(), Code::kInvalidArgument);
    EXPECT_EQ(refused.status().param(), test.param);
    EXPECT_LT(refused.status().message().size(), 400u);
  }
}

TEST_F(ChooseTest, DeepSeekOnACpuSaysEverythingThatIsInTheWay) {
  const auto assessment = Assess(Entry("deepseek-v3.2"), Cpu(22 * kGiB), {}).value();
  EXPECT_FALSE(assessment.fit.fits);
  EXPECT_FALSE(assessment.choice);
  EXPECT_EQ(assessment.fit.needed_bytes, 689468986496 + int64_t{163840} * 78324);
  for (const char* part : {"needs 654.1 GiB", "host has 22.0 GiB", "8 x nvidia H200", "2 x cpu"})
    EXPECT_NE(assessment.fit.message.find(part), std::string::npos) << assessment.fit.message;
}

Node GpuNode() {
  return {.name = "gpu-host",
          .hardware = {.device = "nvidia",
                       .device_model = "NVIDIA H200",
                       .num_devices = 8,
                       .memory_bytes = 140 * kGiB},
          .cpu = backends::HardwareFacts{.num_devices = 128, .memory_bytes = 22 * kGiB}};
}

TEST_F(ChooseTest, AProfileForTheCpuRunsOnANodeWithGpus) {
  const auto assessment = Assess(Entry("smollm2-135m-instruct"), GpuNode(), {}).value();
  ASSERT_TRUE(assessment.choice) << assessment.fit.message;
  EXPECT_EQ(assessment.choice->profile, "cpu-default");
  EXPECT_EQ(assessment.fit.available_bytes, 22 * kGiB);
  EXPECT_EQ(assessment.choice->engine.resolved.at("num_threads"),
            spec::ParameterValue(int64_t{128}))
      << "threads of the CPU, not GPUs";
}

TEST_F(ChooseTest, TheBuiltInEngineCountsThreadsAndNotGpus) {
  const auto assessment =
      Assess(Entry("smollm2-135m-instruct"), GpuNode(), {.engine = "native"}).value();
  ASSERT_TRUE(assessment.choice) << assessment.fit.message;
  EXPECT_EQ(assessment.choice->engine.resolved.at("num_threads"),
            spec::ParameterValue(int64_t{128}));
}

TEST_F(ChooseTest, AnAbsurdLengthForAnUnknownEngineIsOnlyTooBig) {
  for (const int64_t length : {int64_t{1} << 62, std::numeric_limits<int64_t>::min()}) {
    const Wishes wishes{.profile = "", .parameters = {{"context_length", length}}};
    const auto assessment = Assess(Entry("deepseek-v3.2"), Cpu(22 * kGiB), wishes).value();
    EXPECT_FALSE(assessment.fit.fits);
    EXPECT_GE(assessment.fit.needed_bytes, 689468986496);
  }
}

TEST(HardwareMismatch, Table) {
  const spec::HardwareMatch h200 = {.device = "nvidia",
                                    .models = {"H200", "H20"},
                                    .min_devices = 8,
                                    .min_device_memory_bytes = 140 * kGiB};
  const struct {
    spec::HardwareMatch match;
    backends::HardwareFacts hardware;
    bool matches;
  } cases[] = {
      {{}, {.device = "cpu", .num_devices = 2}, true},
      {{}, {.device = "nvidia", .num_devices = 2}, false},
      {{.min_devices = 4}, {.device = "cpu", .num_devices = 2}, false},
      {{.min_device_memory_bytes = 8},
       {.device = "cpu", .num_devices = 2, .memory_bytes = 7},
       false},
      {h200,
       {.device = "nvidia",
        .device_model = "NVIDIA H200",
        .num_devices = 8,
        .memory_bytes = 141 * kGiB},
       true},
      {h200,
       {.device = "nvidia",
        .device_model = "NVIDIA H100",
        .num_devices = 8,
        .memory_bytes = 141 * kGiB},
       false},
  };
  for (size_t index = 0; index < std::size(cases); ++index) {
    const auto& test = cases[index];
    EXPECT_EQ(HardwareMismatch(test.match, test.hardware).empty(), test.matches) << index;
  }
}

TEST_F(ChooseTest, TheNextProfileIsToldOfWithItsReason) {
  const auto large = Assess(Entry("smollm2-135m-instruct"), Cpu(8 * kGiB), {}).value().choice;
  ASSERT_EQ(large->alternatives.size(), 1U);
  EXPECT_EQ(large->alternatives[0].profile, "cpu-small");
  EXPECT_TRUE(large->alternatives[0].fits);
  EXPECT_NE(All(large->why).find("Otherwise: profile cpu-small fits, too; it comes after"),
            std::string::npos);
  const auto small = Assess(Entry("smollm2-135m-instruct"), Cpu(kGiB), {}).value().choice;
  ASSERT_EQ(small->alternatives.size(), 1U);
  EXPECT_EQ(small->alternatives[0].profile, "cpu-default");
  EXPECT_FALSE(small->alternatives[0].fits);
  EXPECT_NE(small->alternatives[0].reason.find("needs "), std::string::npos);
}

TEST_F(ChooseTest, AProfileOfOneProcessorIsForThatAlone) {
  const spec::HardwareMatch match{.device = "cpu", .models = {"Xeon A"}, .min_devices = 2};
  const struct {
    const char* model;
    int64_t num_devices;
    bool is_for_it;
  } cases[] = {
      {"Xeon A", 2, true}, {"Xeon A", 64, true}, {"Xeon A", 1, false}, {"Xeon B", 2, false}};
  for (const auto& test : cases) {
    const std::string mismatch = HardwareMismatch(
        match, {.device = "cpu", .device_model = test.model, .num_devices = test.num_devices});
    EXPECT_EQ(mismatch.empty(), test.is_for_it) << mismatch;
    EXPECT_EQ(mismatch.find(test.model) == std::string::npos, test.is_for_it) << mismatch;
  }
}

}  // namespace
}  // namespace redline::platform
