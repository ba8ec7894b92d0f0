#include "planner/hardware/hardware_spec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

namespace redline::planner {
namespace {

using ::testing::HasSubstr;

// What a calibration of a machine writes: the same form, its sources are measurements.
constexpr char kMeasured[] = R"(
name: AMD EPYC 9654
driver_name: AMD EPYC 9654 96-Core Processor
vendor: cpu
devices_per_node: 2
num_nodes: 1
memory_bytes: {value: 405e9, source: measured}
memory_bandwidth_bytes_per_second: {value: 380e9, source: measured}
peak_flops:
  fp32_per_second: {value: 9.1e12, source: measured}
  bf16_per_second: {value: 12e12, source: measured}
  int8_per_second: {value: 18e12, source: measured}
intra_node_link: {kind: xgmi, bytes_per_second: 60e9, source: measured}
inter_node_link: null
host_cores: {value: 192, source: /proc/cpuinfo}
cpu:
  isa: avx512
  cores: 96
  last_level_cache_bytes: {value: 384e6, source: /sys}
  core_read_bytes_per_second: {value: 30e9, source: measured}
  copy_bytes_per_second: {value: 340e9, source: measured}
)";

std::string Replaced(std::string text, const std::string& from, const std::string& to) {
  const size_t found = text.find(from);
  EXPECT_NE(found, std::string::npos) << from;
  return text.replace(found, from.size(), to);
}

TEST(HardwareSpecTest, AMeasuredMachine) {
  const auto hardware = HardwareFromYaml(kMeasured);
  ASSERT_TRUE(hardware.ok()) << hardware.status().ToString();
  EXPECT_EQ(FullName(*hardware), "AMD EPYC 9654x2");
  EXPECT_EQ(hardware->memory_bandwidth_bytes_per_second.value, 380e9);
  EXPECT_FALSE(hardware->peak_flops.fp8_per_second);
  EXPECT_FALSE(hardware->inter_node_link);
  EXPECT_FALSE(hardware->price);
  EXPECT_EQ(ToJson(*hardware).at("host_cores").at("value"), 192);
  EXPECT_TRUE(ToJson(*hardware).at("price").is_null());
}

TEST(HardwareSpecTest, ACpuHasItsFacts) {
  const std::string text = kMeasured;
  const auto without = HardwareFromYaml(text.substr(0, text.find("cpu:\n")));
  EXPECT_THAT(without.status().message(), HasSubstr("`redline doctor --calibrate`"));
}

TEST(HardwareSpecTest, WrittenAndReadAgain) {
  const HardwareSpec hardware = HardwareFromYaml(kMeasured).value();
  const std::string text = HardwareToYaml(hardware, "what was\nmeasured");
  EXPECT_TRUE(text.starts_with("# what was measured\n")) << text;
  const auto again = HardwareFromYaml(text);
  ASSERT_TRUE(again.ok()) << again.status().ToString() << text;
  EXPECT_EQ(ToJson(*again), ToJson(hardware));
}

TEST(HardwareSpecTest, ErrorsNameFieldValueAndRemedy) {
  const struct {
    std::string from;
    std::string to;
    std::string param;
    std::string says;
  } cases[] = {
      {"vendor: cpu", "vendor: cpus", "vendor", "did you mean \"cpu\"?"},
      {"vendor: cpu", "vendor: nvidia", "compute_capability", "like 90 for 9.0"},
      {"host_cores", "host_core", "host_core", "did you mean \"host_cores\"?"},
      {"num_nodes: 1", "num_nodes: 0", "num_nodes", "from 1 to 4096, not 0"},
      {"num_nodes: 1", "num_nodes: 2", "inter_node_link", "there are several nodes"},
      {"num_nodes: 1", "num_nodes: 1.5", "num_nodes", "an integer"},
      {"devices_per_node: 2", "devices_per_node: -3", "devices_per_node", "not -3"},
      {"memory_bytes: {value: 405e9, source: measured}", "memory_bytes: 405e9", "memory_bytes",
       "an object"},
      {"memory_bytes: {value: 405e9, source: measured}", "", "memory_bytes.value", "missing"},
      {"value: 405e9", "value: 405", "memory_bytes.value", "mind the unit"},
      {"value: 405e9", "value: nan", "memory_bytes.value", "a number"},
      {"405e9, source: measured", "405e9", "memory_bytes.source", "missing"},
      {"405e9, source: measured", "405e9, source: \"\\e[2J\"", "memory_bytes.source", "plain text"},
      {"405e9, source: measured", "405e9, sauce: measured", "memory_bytes.sauce",
       "did you mean \"source\"?"},
      {"value: 9.1e12", "value: 9.1", "peak_flops.fp32_per_second.value", "mind the unit"},
      {"  fp32_per_second: {value: 9.1e12, source: measured}\n", "", "peak_flops.fp32_per_second",
       "missing"},
      {"isa: avx512", "isa: avx5", "cpu.isa",
       "one of ref, avx2, avx2_int8, avx_vnni, avx512, avx512_vnni, avx512_bf16, amx"},
      {"cores: 96", "cores: 0", "cpu.cores", "from 1 to 100000, not 0"},
      {"value: 30e9", "value: 30", "cpu.core_read_bytes_per_second.value", "mind the unit"},
      {"cpu:\n", "other:\n", "other", "unknown field"},
      {"vendor: cpu", "vendor: amd", "cpu", "belongs to vendor cpu alone"},
      {"kind: xgmi", "kind: nvlinks", "intra_node_link.kind", "did you mean \"nvlink\"?"},
      {"bytes_per_second: 60e9", "bytes_per_second: 60", "intra_node_link.bytes_per_second",
       "mind the unit"},
      {"host_cores", "price: {usd_per_device_hour: 2, source: a, date: 2026-13}\nhost_cores",
       "price.date", "not \"2026-13\""},
      {"host_cores", "price: {usd_per_device_hour: 2, source: a}\nhost_cores", "price.date",
       "must be a date"},
      {"name: AMD EPYC 9654\n", "name: A\nname: B\n", "", "the key \"name\" occurs twice"},
  };
  for (const auto& each : cases) {
    const auto hardware = HardwareFromYaml(Replaced(kMeasured, each.from, each.to));
    ASSERT_FALSE(hardware.ok()) << each.to;
    EXPECT_EQ(hardware.status().param(), each.param) << hardware.status().message();
    EXPECT_THAT(hardware.status().message(), HasSubstr(each.says));
  }
  EXPECT_FALSE(HardwareFromYaml("").ok());
  EXPECT_FALSE(HardwareFromYaml("[1, 2]").ok());
  EXPECT_EQ(HardwareFromYaml(std::string(1 << 20, ' ')).status().code(), Code::kTooLarge);
}

}  // namespace
}  // namespace redline::planner
