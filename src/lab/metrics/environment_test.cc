#include "lab/metrics/environment.h"

#include <gtest/gtest.h>

#include "base/files.h"

namespace redline::lab {
namespace {

TEST(Environment, SaysWhatThisMachineIs) {
  const Environment environment = CollectEnvironment();
  EXPECT_GE(std::stoi(environment.at("cpus")), 1);
  EXPECT_NE(environment.at("kernel").find("Linux"), std::string::npos);
  for (const auto& [name, value] : environment) EXPECT_FALSE(value.empty()) << name;
}

TEST(Environment, ReadsTheDriversFiles) {
  const std::string root = ::testing::TempDir() + "/environment_test";
  const std::pair<const char*, const char*> files[] = {
      {"/proc/cpuinfo", "processor\t: 0\nmodel name\t: Fast CPU\ncpu MHz\t\t: 2400.000\n"},
      {"/proc/driver/nvidia/version", "NVRM version: 570.1\nGCC version: 12\n"},
      {"/proc/driver/nvidia/gpus/0/information", "Model: \t\t NVIDIA H200\nIRQ: 5\n"},
      {"/proc/driver/nvidia/gpus/1/information", "Model: \t\t NVIDIA H200\n"},
      {"/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "powersave\n"}};
  for (const auto& [path, text] : files) {
    ASSERT_TRUE(MakeDirectories(std::filesystem::path(root + path).parent_path()).ok());
    ASSERT_TRUE(WriteFileAtomic(root + path, text).ok());
  }
  const Environment environment = CollectEnvironment(root);
  EXPECT_EQ(environment.at("cpu"), "Fast CPU");
  EXPECT_EQ(environment.at("cpu_mhz"), "2400.000");
  EXPECT_EQ(environment.at("gpus"), "2 x NVIDIA H200");
  EXPECT_EQ(environment.at("nvidia_driver"), "NVRM version: 570.1");
  EXPECT_EQ(environment.at("governor"), "powersave");
  EXPECT_FALSE(environment.contains("load_average"));
  std::filesystem::remove_all(root);
}

TEST(Environment, NativeEngineAsItWasResolved) {
  Environment environment;
  AddServerInfo(R"({"engine":"native","version":"0.1","steps_done":7,"model_path":"/m.gguf",
                    "requested":{"kv_cache_dtype":"auto"},"limits":{"max_choices":8},
                    "resolved":{"kv_cache_dtype":"bf16","max_running":8,"nested":{"a":1}}})",
                environment);
  EXPECT_EQ(environment, (Environment{{"engine", "native"},
                                      {"engine.version", "0.1"},
                                      {"engine.model_path", "/m.gguf"},
                                      {"engine.kv_cache_dtype", "bf16"},
                                      {"engine.max_running", "8"}}));
}

TEST(Environment, ServersMayTellAnything) {
  Environment environment;
  AddServerInfo(R"({"tp_size":8,"version":"0.5","on":true,"nested":{"a":1},"none":null})",
                environment);
  EXPECT_EQ(
      environment,
      (Environment{{"server.tp_size", "8"}, {"server.version", "0.5"}, {"server.on", "true"}}));
  const Environment before = environment;
  for (const char* text : {"", "[]", "<html>", "{\"a\":"}) AddServerInfo(text, environment);
  EXPECT_EQ(environment, before);
  AddServerInfo("{\"long\":\"" + std::string(100'000, 'x') + "\"}", environment);
  EXPECT_LT(environment.at("server.long").size(), 300u);
}

}  // namespace
}  // namespace redline::lab
