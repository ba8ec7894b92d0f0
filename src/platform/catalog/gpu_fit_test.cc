#include "platform/catalog/gpu_fit.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/strings.h"
#include "embedded/catalog_files.h"
#include "platform/catalog/choose.h"
#include "spec/hardware_profile.h"

namespace redline::platform {
namespace {

constexpr int64_t kMiB = int64_t{1} << 20;
constexpr int64_t kGiB = int64_t{1} << 30;

// A pretended node: nobody uses its GPUs but the driver.
Node NodeWith(const std::string& gpu, int64_t memory_mib, int64_t capability, int64_t count) {
  const int64_t available = (memory_mib - 600) * kMiB;
  return {
      .name = "gpu-host",
      .hardware = {.device = "nvidia",
                   .device_model = gpu,
                   .num_devices = count,
                   .memory_bytes = available,
                   .compute_capability = capability,
                   .total_bytes = memory_mib * kMiB,
                   .bytes_of_each = std::vector<int64_t>(static_cast<size_t>(count), available)},
      .cpu = backends::HardwareFacts{.num_devices = 128, .memory_bytes = 512 * kGiB}};
}
Node H200s(int64_t count) { return NodeWith("NVIDIA H200", 143771, 90, count); }
Node H100s(int64_t count) { return NodeWith("NVIDIA H100 80GB HBM3", 81559, 90, count); }

std::string Why(const Assessment& assessment) { return Join(assessment.choice->why, "\n"); }

class GpuFitTest : public testing::Test {
 protected:
  Result<Assessment> On(const Node& node, const std::string& model, const Wishes& wishes = {}) {
    return Assess(**catalog_.Find(model), node, wishes);
  }
  // Of wishes that are none of the user's errors.
  Assessment Assessed(const Node& node, const std::string& model, const Wishes& wishes = {}) {
    auto assessment = On(node, model, wishes);
    EXPECT_TRUE(assessment.ok()) << assessment.status().message();
    return assessment.ok() ? *assessment : Assessment();
  }

  const Catalog catalog_ = *Catalog::Parse(embedded::catalog_files());
};

TEST_F(GpuFitTest, DeepSeekOnEightH200) {
  const auto assessment = Assessed(H200s(8), "deepseek-v3.2");
  ASSERT_TRUE(assessment.choice) << assessment.fit.message;
  EXPECT_EQ(assessment.choice->profile, "h200x8-throughput");
  const spec::EngineConfig& engine = assessment.choice->engine;
  EXPECT_EQ(Join(engine.arguments, " "),
            "--tp-size 8 --dp-size 8 --enable-dp-attention --nsa-prefill-backend fa3 "
            "--reasoning-parser deepseek-v3 --tool-call-parser deepseekv32");
  EXPECT_EQ(engine.resolved.at("tp_size"), spec::ParameterValue(int64_t{8}));
  EXPECT_EQ(engine.resolved.at("chunked_prefill_size"), spec::ParameterValue(int64_t{1024}));
  const spec::GpuClaim& claim = assessment.choice->gpus;
  EXPECT_EQ(claim.count, 8);
  EXPECT_EQ(claim.name, "NVIDIA H200");
  const Fit& fit = assessment.fit;
  EXPECT_EQ(fit.needed_bytes, 8 * claim.bytes_each);
  EXPECT_EQ(fit.available_bytes, 8 * (143771 - 600) * kMiB);
  EXPECT_EQ(fit.terms[0].name, "weights");
  EXPECT_GT(fit.terms[0].num_bytes, 640 * kGiB);
  EXPECT_NE(fit.message.find("on 8 GPUs of gpu-host"), std::string::npos) << fit.message;
  for (const char* part :
       {"Profile h200x8-throughput", "Room for", "of 1.1 TiB on 8 GPUs", "Evidence: 8968 tokens/s"})
    EXPECT_NE(Why(assessment).find(part), std::string::npos) << part << Why(assessment);
}

TEST_F(GpuFitTest, TheProfileIsTheHardwares) {
  const struct {
    Node node;
    const char* model;
    const char* goal;
    const char* profile;  // "": none
    int64_t num_gpus;
  } cases[] = {
      {H200s(8), "deepseek-v3.2", "latency", "h200x8-latency", 8},
      {H200s(8), "deepseek-v3.2", "balanced", "h200x8-balanced", 8},
      {H200s(4), "deepseek-v3.2", "", "", 0},
      {H100s(8), "deepseek-v3.2", "", "", 0},
      {H100s(8), "qwen3-8b", "", "h100x8-throughput", 8},
      {H100s(8), "qwen3-8b", "balanced", "h100x1-balanced", 1},
      {H200s(7), "qwen3-8b", "", "h200x1-balanced", 1},
      {NodeWith("NVIDIA A100-SXM4-80GB", 81920, 80, 2), "qwen3-8b", "", "a100x1-balanced", 1},
      {NodeWith("NVIDIA A100-SXM4-40GB", 40960, 80, 2), "qwen3-8b", "", "", 0},
      {NodeWith("NVIDIA L40S", 46068, 89, 2), "qwen3-8b", "", "", 0},
      {H200s(8), "smollm2-135m-instruct", "", "cpu-default", 0},
  };
  for (const auto& test : cases) {
    Wishes wishes;
    wishes.goal = test.goal;
    const auto assessment = Assessed(test.node, test.model, wishes);
    const std::string what = test.model + (" on " + test.node.hardware.device_model);
    EXPECT_EQ(assessment.choice ? assessment.choice->profile : "", test.profile)
        << what << assessment.fit.message;
    EXPECT_EQ(assessment.choice ? assessment.choice->gpus.count : 0, test.num_gpus) << what;
  }
  Wishes wishes;
  wishes.goal = "speed";
  EXPECT_EQ(On(H200s(8), "deepseek-v3.2", wishes).status().param(), "goal");
}

// Every profile of the library for GPUs fits on a node of just those.
TEST_F(GpuFitTest, TheWholeLibraryFitsWhereItIsFor) {
  int num_profiles = 0;
  for (const CatalogEntry& entry : catalog_.entries()) {
    for (const spec::Profile& profile : entry.profiles) {
      if (profile.hardware.device != "nvidia") continue;
      const auto known = *spec::FindHardwareProfile(profile.hardware.models.at(0));
      const auto assessment = On(NodeWith(known.gpu, known.gpu_memory_mib, known.compute_capability,
                                          profile.hardware.min_devices),
                                 entry.name, {.profile = profile.name});
      ASSERT_TRUE(assessment.ok()) << assessment.status().message();
      EXPECT_TRUE(assessment->choice)
          << entry.name << " " << profile.name << ": " << assessment->fit.message;
      ++num_profiles;
    }
  }
  EXPECT_GE(num_profiles, 120);
}

TEST_F(GpuFitTest, WhatTheEngineRefusesIsAnErrorOfTheUser) {
  const struct {
    std::vector<std::string> arguments;
    const char* param;
    const char* message;
  } cases[] = {
      {{"--tp-size", "8", "--tool-call-parser", "deepseek_v32"},
       "--tool-call-parser",
       "deepseekv32"},
      {{"--tp-sise", "8"}, "--tp-sise", "--tp-size"},
      {{"--tp-size", "8", "--host", "::"}, "--host", "set by Redline"},
  };
  for (const auto& test : cases) {
    const auto assessment = On(H200s(8), "deepseek-v3.2",
                               {.engine = "sglang@0.5.6.post2", .arguments = test.arguments});
    ASSERT_EQ(assessment.status().code(), Code::kInvalidArgument) << test.param;
    EXPECT_EQ(assessment.status().param(), test.param) << assessment.status().message();
    EXPECT_NE(assessment.status().message().find(test.message), std::string::npos)
        << assessment.status().message();
  }
  Wishes wishes{.engine = "sglang", .environment = {{"CUDA_VISIBLE_DEVICES", "0"}}};
  EXPECT_EQ(On(H200s(8), "qwen3-8b", wishes).status().param(), "environment");
  // Of a profile the same is an obstacle, and the user has done nothing wrong.
  CatalogEntry entry = **catalog_.Find("deepseek-v3.2");
  entry.profiles.resize(1);
  entry.profiles[0].engine.arguments = cases[0].arguments;
  const auto assessment = Assess(entry, H200s(8), {}).value();
  EXPECT_FALSE(assessment.fit.fits);
  EXPECT_NE(assessment.fit.message.find("cannot be run"), std::string::npos);
}

TEST_F(GpuFitTest, AUsersEngineTakesTheGpusItSays) {
  const auto assessment =
      Assessed(H200s(8), "qwen3-32b",
               {.engine = "vllm@0.13.0", .arguments = {"--tensor-parallel-size", "4"}});
  ASSERT_TRUE(assessment.choice) << assessment.fit.message;
  EXPECT_EQ(assessment.choice->gpus.count, 4);
  const spec::EngineConfig& engine = assessment.choice->engine;
  EXPECT_EQ(engine.resolved.at("parallel.tensor_parallel_size"), spec::ParameterValue(int64_t{4}));
  EXPECT_EQ(Join(engine.arguments, " "), "--tensor-parallel-size 4 --disable-uvicorn-access-log");
  EXPECT_NE(Why(assessment).find("It uses 4 of 8 GPUs"), std::string::npos) << Why(assessment);
  // With fewer vLLM itself refuses, and SGLang is known not to start.
  const Wishes four{.engine = "vllm", .arguments = {"-tp", "4"}};
  EXPECT_EQ(On(H200s(2), "qwen3-32b", four).status().param(), "--tensor-parallel-size");
  Node busy = H200s(2);
  busy.num_claimed_gpus = 6;
  EXPECT_NE(On(busy, "qwen3-32b", four).status().message().find("6 GPUs of gpu-host taken"),
            std::string::npos);
  const auto too_many =
      Assessed(H200s(2), "qwen3-32b", {.engine = "sglang", .arguments = {"--tp-size", "4"}});
  EXPECT_FALSE(too_many.fit.fits);
  EXPECT_NE(too_many.fit.message.find("takes 4 GPUs"), std::string::npos) << too_many.fit.message;
}

TEST_F(GpuFitTest, ReplacedValuesSayByWhichRule) {
  const auto assessment =
      Assessed(H200s(8), "deepseek-v3.2",
               {.engine = "sglang", .arguments = {"--tp-size", "8", "--page-size", "16"}});
  ASSERT_TRUE(assessment.choice) << assessment.fit.message;
  EXPECT_NE(Why(assessment).find("page_size: 16 is asked for, 64 runs"), std::string::npos)
      << Why(assessment);
}

TEST_F(GpuFitTest, AVersionWithoutResolverIsCheckedByItsTable) {
  const Wishes wishes{.engine = "vllm@0.32.0", .arguments = {"--tensor-parallel-size", "2"}};
  const auto assessment = Assessed(H200s(8), "qwen3-8b", wishes);
  ASSERT_TRUE(assessment.choice) << assessment.fit.message;
  EXPECT_EQ(assessment.choice->gpus.count, 2);
  EXPECT_EQ(assessment.choice->gpus.bytes_each, 0);
  EXPECT_NE(Why(assessment).find("how much memory it takes is unknown"), std::string::npos);
  EXPECT_EQ(
      On(H200s(8), "qwen3-8b", {.engine = "vllm@0.32.0", .arguments = {"--tensor-parallel", "x"}})
          .status()
          .code(),
      Code::kInvalidArgument);
  EXPECT_FALSE(On(H200s(1), "qwen3-8b", wishes)->fit.fits);
}

TEST_F(GpuFitTest, AnUnknownGpuIsWhatItReports) {
  const Wishes wishes{.engine = "vllm@0.13.0"};
  const auto assessment = Assessed(NodeWith("NVIDIA L40S", 46068, 89, 2), "qwen3-8b", wishes);
  ASSERT_TRUE(assessment.choice) << assessment.fit.message;
  EXPECT_EQ(assessment.choice->gpus.count, 1);
  EXPECT_GT(assessment.choice->gpus.bytes_each, 30 * kGiB);
  // Too small for the weights.
  const auto small = Assessed(NodeWith("Tesla T4", 15360, 75, 1), "qwen3-14b", wishes);
  EXPECT_FALSE(small.fit.fits);
  EXPECT_NE(small.fit.message.find("weights take"), std::string::npos) << small.fit.message;
  // A driver that does not tell enough.
  const auto mute = Assessed(NodeWith("Some GPU", 0, 0, 2), "qwen3-8b", wishes);
  ASSERT_TRUE(mute.choice) << mute.fit.message;
  EXPECT_TRUE(mute.fit.terms.empty());
}

TEST_F(GpuFitTest, MemoryThatOthersUseIsNotThere) {
  Node node = H200s(2);
  node.hardware.bytes_of_each = {143000 * kMiB, 20 * kGiB};
  node.hardware.memory_bytes = 20 * kGiB;
  EXPECT_TRUE(On(node, "qwen3-8b")->fit.fits) << "one GPU is enough, and it is the free one";
  const auto both =
      Assessed(node, "qwen3-8b", {.engine = "sglang", .arguments = {"--tp-size", "2"}});
  EXPECT_FALSE(both.fit.fits);
  EXPECT_EQ(both.fit.available_bytes, 2 * 20 * kGiB);
  EXPECT_NE(both.fit.message.find("2 GPUs of gpu-host has 40.0 GiB"), std::string::npos)
      << both.fit.message;
}

TEST_F(GpuFitTest, GpusOfOtherDeploymentsAreSaidToBeTaken) {
  Node node = H200s(0);
  node.num_claimed_gpus = 8;
  const auto assessment = Assessed(node, "deepseek-v3.2");
  EXPECT_FALSE(assessment.fit.fits);
  EXPECT_NE(assessment.fit.message.find("8 GPUs of gpu-host taken by other deployments"),
            std::string::npos)
      << assessment.fit.message;
}

TEST_F(GpuFitTest, EnginesForTheCpuRunOnItsCpu) {
  const auto assessment = Assessed(H200s(8), "smollm2-135m-instruct", {.engine = "llama_cpp"});
  ASSERT_TRUE(assessment.choice) << assessment.fit.message;
  EXPECT_EQ(assessment.choice->gpus.count, 0);
  EXPECT_EQ(assessment.choice->engine.resolved.at("threads"), spec::ParameterValue(int64_t{128}));
}

TEST(FlattenResolved, ScalarsByGroup) {
  const auto flat = FlattenResolved(nlohmann::json::parse(
      R"({"a": 1, "b": null, "c": [1], "d": true, "group": {"x": "y", "z": 0.5, "deep": {"no": 1}}})"));
  const spec::Parameters expected = {
      {"a", int64_t{1}}, {"d", true}, {"group.x", std::string("y")}, {"group.z", 0.5}};
  EXPECT_EQ(flat, expected);
  EXPECT_TRUE(FlattenResolved(nullptr).empty());
}

}  // namespace
}  // namespace redline::platform
