#include "spec/hardware_profile.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace redline::spec {
namespace {

using ::testing::HasSubstr;

TEST(HardwareProfileTest, KnownNamesInAnyCaseAndCount) {
  const struct {
    std::string name;
    std::string proper_name;
    int compute_capability;
    int64_t gpu_memory_mib;
    int num_gpus;
  } cases[] = {
      {"H200x8", "H200x8", 90, 143771, 8},     {"h100X4", "H100x4", 90, 81559, 4},
      {"b200x16", "B200x16", 100, 183359, 16}, {"A100x8", "A100x8", 80, 81920, 8},
      {"L40x1", "L40x1", 89, 46068, 1},        {"rtx4090", "RTX4090x1", 89, 24564, 1},
  };
  for (const auto& each : cases) {
    const auto profile = FindHardwareProfile(each.name);
    ASSERT_TRUE(profile.ok()) << profile.status().ToString();
    EXPECT_EQ(profile->name, each.proper_name);
    EXPECT_EQ(profile->compute_capability, each.compute_capability);
    EXPECT_EQ(profile->gpu_memory_mib, each.gpu_memory_mib);
    EXPECT_EQ(profile->num_gpus, each.num_gpus);
  }
}

TEST(HardwareProfileTest, UnknownNamesGetTheNearestOne) {
  for (const std::string name :
       {"H20x8", "h201x8", "H200x0", "H200x-1", "H200x9999999999999", ""}) {
    const auto profile = FindHardwareProfile(name);
    ASSERT_FALSE(profile.ok()) << name;
    EXPECT_THAT(profile.status().message(), HasSubstr("such as H200x8"));
  }
  EXPECT_THAT(FindHardwareProfile("h201x8").status().message(),
              HasSubstr("did you mean \"H200x8\"?"));
}

}  // namespace
}  // namespace redline::spec
