#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/strings.h"
#include "embedded/hardware_files.h"
#include "planner/hardware/hardware_spec.h"
#include "spec/hardware_profile.h"

namespace redline::planner {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(HardwareLibraryTest, EveryFileIsADeviceUnderItsName) {
  for (const EmbeddedFile& file : embedded::hardware_files()) {
    if (file.path.find('/') != std::string_view::npos) continue;  // kernels and calibrations
    const auto hardware = HardwareFromYaml(file.data);
    ASSERT_TRUE(hardware.ok()) << file.path << ": " << hardware.status().ToString();
    EXPECT_EQ(ToLower(hardware->name) + ".yaml", file.path);
    EXPECT_EQ(hardware->num_nodes, 1) << file.path;
  }
  EXPECT_THAT(HardwareNames(),
              ElementsAre("A100", "B200", "H100", "H200", "L40", "L40S", "MI300X", "RTX4090"));
}

TEST(HardwareLibraryTest, NamesInAnyCaseWithCounts) {
  const struct {
    std::string name;
    std::string full_name;
    int64_t num_devices;
  } cases[] = {
      {"h200x8", "H200x8", 8},         {"H100X4", "H100x4", 4},
      {" b200 ", "B200x1", 1},         {"l40", "L40x1", 1},
      {"L40x2", "L40x2", 2},           {"l40sx2", "L40Sx2", 2},
      {"rtx4090", "RTX4090x1", 1},     {"rtx4090x2", "RTX4090x2", 2},
      {"mi300x", "MI300Xx1", 1},       {"mi300xx8", "MI300Xx8", 8},
      {"2xh200x8", "2xH200x8", 16},    {"1xA100x8", "A100x8", 8},
      {"16xH100x8", "16xH100x8", 128}, {"4xb200", "4xB200x1", 4},
  };
  for (const auto& each : cases) {
    const auto hardware = FindHardwareSpec(each.name);
    ASSERT_TRUE(hardware.ok()) << each.name << ": " << hardware.status().ToString();
    EXPECT_EQ(FullName(*hardware), each.full_name);
    EXPECT_EQ(hardware->num_devices(), each.num_devices);
  }
}

TEST(HardwareLibraryTest, NamesThatAreNone) {
  const struct {
    std::string name;
    std::string says;
  } cases[] = {
      {"h20x8", "did you mean \"h200\"?"},
      {"2xh201x8", "did you mean \"h200\"?"},
      {"mi300x8", "did you mean \"mi300x\"?"},
      {"", "one of A100, B200, H100"},
      {"x8", "is not known"},
      {"h200x", "is not known"},
      {"h200x8x8", "is not known"},
      {"h200x0", "\"devices_per_node\" must be from 1 to 1024, not 0"},
      {"h200x9999", "must be from 1 to 1024, not 9999"},
      {"0xh200x8", "\"num_nodes\" must be from 1 to 4096, not 0"},
      {"h200x99999999999999999999", "is not known"},
      // Nobody says how these are linked.
      {"2xrtx4090x8", "\"inter_node_link\" is missing: there are several nodes"},
  };
  for (const auto& each : cases) {
    const auto hardware = FindHardwareSpec(each.name);
    ASSERT_FALSE(hardware.ok()) << each.name;
    EXPECT_THAT(hardware.status().message(), HasSubstr(each.says));
  }
}

// The engines' decisions and the plan are of the same device.
TEST(HardwareLibraryTest, AgreesWithTheProfilesByWhichEnginesDecide) {
  for (const std::string name : {"H200", "H100", "B200", "A100", "L40", "RTX4090"}) {
    const auto profile = spec::FindHardwareProfile(name + "x8");
    const auto hardware = FindHardwareSpec(name + "x8");
    ASSERT_TRUE(profile.ok() && hardware.ok()) << name;
    EXPECT_EQ(FullName(*hardware), profile->name);
    EXPECT_EQ(hardware->driver_name, profile->gpu);
    EXPECT_EQ(hardware->compute_capability, profile->compute_capability);
    EXPECT_EQ(static_cast<int64_t>(hardware->memory_bytes.value), profile->gpu_memory_mib << 20);
  }
}

}  // namespace
}  // namespace redline::planner
