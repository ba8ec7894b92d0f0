#include "lab/bench/energy_meter.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

namespace redline::lab {
namespace {

namespace fs = std::filesystem;

void Write(const fs::path& path, const std::string& text) {
  fs::create_directories(path.parent_path());
  std::ofstream(path) << text;
}

TEST(EnergyMeter, SumsPackagesAndSurvivesAWrap) {
  const fs::path root = fs::path(testing::TempDir()) / ("rapl" + std::to_string(getpid()));
  for (const char* name : {"intel-rapl:0", "intel-rapl:1", "intel-rapl:0:0"}) {
    Write(root / name / "energy_uj", "9000000");
    Write(root / name / "max_energy_range_uj", "10000000");
  }
  EnergyMeter meter(root);
  ASSERT_TRUE(meter.available());
  meter.Start();
  Write(root / "intel-rapl:0" / "energy_uj", "9500000");
  Write(root / "intel-rapl:1" / "energy_uj", "1000000");  // wrapped
  EXPECT_DOUBLE_EQ(meter.Joules(), 0.5 + 2.0);
  fs::remove_all(root);
}

TEST(EnergyMeter, NoSensor) {
  EnergyMeter meter("/nonexistent");
  EXPECT_FALSE(meter.available());
  meter.Start();
  EXPECT_EQ(meter.Joules(), 0);
}

}  // namespace
}  // namespace redline::lab
