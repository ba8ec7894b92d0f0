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

TEST(HardwareProfileTest, WhatADriverReports) {
  constexpr int64_t kMiB = 1 << 20;
  const struct {
    ReportedGpus gpus;
    std::string name;  // "": not enough
    int compute_capability;
    int64_t memory_mib;
  } cases[] = {
      {{"NVIDIA H200", 90, 143771 * kMiB, 8}, "H200x8", 90, 143771},
      {{"NVIDIA H200 NVL", 90, 143771 * kMiB, 2}, "H200x2", 90, 143771},
      {{"NVIDIA H100 80GB HBM3", 90, 81559 * kMiB, 8}, "H100x8", 90, 81559},
      {{"NVIDIA H100 PCIe", 90, 81559 * kMiB, 1}, "H100x1", 90, 81559},
      {{"NVIDIA H100 NVL", 90, 95830 * kMiB, 4}, "H100x4", 90, 95830},
      {{"NVIDIA A100-SXM4-80GB", 80, 81920 * kMiB, 8}, "A100x8", 80, 81920},
      {{"NVIDIA A100 80GB PCIe", 80, 81920 * kMiB, 2}, "A100x2", 80, 81920},
      {{"NVIDIA B200", 100, 183359 * kMiB, 8}, "B200x8", 100, 183359},
      {{"NVIDIA GeForce RTX 4090", 89, 24564 * kMiB, 1}, "RTX4090x1", 89, 24564},
      // An old driver that tells neither.
      {{"NVIDIA H200", 0, 0, 8}, "H200x8", 90, 143771},
      // Names that only look like one that is known, and smaller variants.
      {{"NVIDIA A100-SXM4-40GB", 80, 40960 * kMiB, 8}, "A100-SXM4-40GBx8", 80, 40960},
      {{"NVIDIA GH200 480GB", 90, 97871 * kMiB, 1}, "GH200 480GBx1", 90, 97871},
      {{"NVIDIA L40S", 89, 46068 * kMiB, 4}, "L40Sx4", 89, 46068},
      {{"NVIDIA H20", 90, 97871 * kMiB, 8}, "H20x8", 90, 97871},
      {{"Tesla T4", 75, 15360 * kMiB, 1}, "Tesla T4x1", 75, 15360},
      {{"Tesla T4", 0, 15360 * kMiB, 1}, "", 0, 0},
      {{"Tesla T4", 75, 0, 1}, "", 0, 0},
      {{"NVIDIA H200", 90, 143771 * kMiB, 0}, "", 0, 0},
  };
  for (const auto& each : cases) {
    const auto profile = HardwareProfileOf(each.gpus);
    ASSERT_EQ(profile.ok(), !each.name.empty()) << each.gpus.name;
    if (!profile.ok()) continue;
    EXPECT_EQ(profile->name, each.name);
    EXPECT_EQ(profile->gpu, each.gpus.name);
    EXPECT_EQ(profile->compute_capability, each.compute_capability) << each.name;
    EXPECT_EQ(profile->gpu_memory_mib, each.memory_mib) << each.name;
    EXPECT_EQ(profile->num_gpus, each.gpus.count) << each.name;
    EXPECT_EQ(GpuOf(*profile) + "x" + std::to_string(each.gpus.count), each.name);
  }
}

}  // namespace
}  // namespace redline::spec
