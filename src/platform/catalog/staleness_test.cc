#include "platform/catalog/staleness.h"

#include <gtest/gtest.h>

#include "base/strings.h"
#include "embedded/catalog_files.h"
#include "platform/catalog/offers.h"

namespace redline::platform {
namespace {

constexpr int64_t kGiB = int64_t{1} << 30;

spec::Profile Measured(const char* device) {
  spec::Profile profile{.name = "tuned"};
  profile.hardware.device = device;
  profile.engine.engine = "native";
  profile.engine.requested["max_running_requests"] = int64_t{16};
  profile.evidence.kind = spec::Evidence::Kind::kMeasured;
  profile.evidence.engine = "native@1.0";
  profile.evidence.environment = {{"cpu", "Xeon A"},
                                  {"cpus", "4"},
                                  {"gpus", "8 x NVIDIA H200"},
                                  {"nvidia_driver", "NVRM version: 580.82.07  Release"}};
  profile.evidence.fingerprint = spec::FingerprintOf(profile.engine);
  return profile;
}

TEST(StalenessTest, EachChangeIsAReason) {
  const Surroundings same_cpu{"native@1.0", "Xeon A", 4, ""};
  const Surroundings same_gpu{"native@1.0", "NVIDIA H200", 8, "580.82.07"};
  const struct {
    const char* device;
    Surroundings now;
    std::vector<const char*> reasons;
  } cases[] = {
      {"cpu", same_cpu, {}},
      {"cpu", {}, {}},  // nothing is known
      {"cpu", {"native@1.1", "Xeon A", 4, ""}, {"with native@1.0; native@1.1 would run"}},
      {"cpu", {"native@1.0", "Xeon B", 4, ""}, {"on Xeon A; this is Xeon B"}},
      {"cpu", {"native@1.0", "Xeon A", 2, ""}, {"with 4 CPUs; here are 2"}},
      {"cpu", {"native@2", "Xeon B", 8, ""}, {"native@2", "Xeon B", "8"}},
      {"nvidia", same_gpu, {}},
      {"nvidia", {"native@1.0", "NVIDIA H200", 4, "580.82.07"}, {}},
      {"nvidia", {"native@1.0", "NVIDIA B200", 8, "580.82.07"}, {"NVIDIA B200"}},
      {"nvidia", {"native@1.0", "NVIDIA H200", 8, "590.1"}, {"here is 590.1"}},
  };
  for (const auto& test : cases) {
    const auto reasons = StaleReasons(Measured(test.device), test.now);
    ASSERT_EQ(reasons.size(), test.reasons.size()) << Join(reasons, "\n");
    for (size_t index = 0; index < reasons.size(); ++index)
      EXPECT_NE(reasons[index].find(test.reasons[index]), std::string::npos) << reasons[index];
  }
}

TEST(StalenessTest, AnEditedProfileIsStaleAndItsVersionIsNoEdit) {
  spec::Profile profile = Measured("cpu");
  profile.engine.version = "1.0";
  EXPECT_TRUE(StaleReasons(profile, {}).empty());
  profile.engine.requested["max_running_requests"] = int64_t{17};
  const auto reasons = StaleReasons(profile, {});
  ASSERT_EQ(reasons.size(), 1U);
  EXPECT_NE(reasons[0].find("was changed after it was measured"), std::string::npos);
  profile.evidence.kind = spec::Evidence::Kind::kNone;
  EXPECT_TRUE(StaleReasons(profile, {}).empty()) << "nothing to be stale";
}

TEST(StalenessTest, APredictionDependsOnEngineAndProfileAlone) {
  spec::Profile profile = Measured("cpu");
  profile.evidence.kind = spec::Evidence::Kind::kPredicted;
  EXPECT_TRUE(StaleReasons(profile, {"native@1.0", "Xeon B", 2, ""}).empty());
  EXPECT_EQ(StaleReasons(profile, {"native@2", "Xeon B", 2, ""}).size(), 1U);
}

class OffersTest : public testing::Test {
 protected:
  std::string Offers(const char* model, const Node& node, const Wishes& wishes) {
    const CatalogEntry* entry = catalog_.Find(model).value();
    return Join(OffersFor(catalog_, *entry, node, wishes), "\n");
  }
  static Node Gpus(const char* name) { return NodeOf(spec::FindHardwareProfile(name).value()); }

  Catalog catalog_ = Catalog::Parse(embedded::catalog_files()).value();
};

TEST_F(OffersTest, WhatWouldFit) {
  const Node small{.name = "host",
                   .hardware = {.device = "cpu", .num_devices = 2, .memory_bytes = kGiB / 4}};
  const Node large{.name = "host",
                   .hardware = {.device = "cpu", .num_devices = 2, .memory_bytes = 8 * kGiB}};
  const struct {
    const char* model;
    Node node;
    Wishes wishes;
    std::vector<const char*> offers;  // empty: none
  } cases[] = {
      {"smollm2-135m-instruct", small, {}, {}},
      {"smollm2-135m-instruct",
       large,
       {.profile = "", .goal = "", .parameters = {{"max_total_tokens", int64_t{1} << 20}}},
       {"its profile cpu-default", "--profile cpu-default"}},
      {"deepseek-v3.2", Gpus("H200x4"), {}, {"on 8 devices", "a smaller model, "}},
      {"qwen3-8b", large, {}, {"a smaller model, smollm2-135m-instruct"}},
  };
  for (const auto& test : cases) {
    const std::string offers = Offers(test.model, test.node, test.wishes);
    EXPECT_EQ(offers.empty(), test.offers.empty()) << test.model << ": " << offers;
    for (const char* text : test.offers)
      EXPECT_NE(offers.find(text), std::string::npos) << test.model << ": " << offers;
  }
}

}  // namespace
}  // namespace redline::platform
