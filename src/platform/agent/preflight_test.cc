#include "platform/agent/preflight.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "backends/devices/fake_node_for_test.h"

namespace redline::platform {
namespace {

using ::testing::HasSubstr;

constexpr int64_t kGiB = int64_t{1} << 30;

backends::NodeDevices TwoH200s(int64_t used_of_second) {
  backends::NodeDevices devices;
  devices.driver_version = "550.90.07";
  devices.cuda_version = "12.4";
  for (int64_t index = 0; index < 2; ++index)
    devices.gpus.push_back({.index = index,
                            .vendor = "nvidia",
                            .name = "NVIDIA H200",
                            .memory_total_bytes = 140 * kGiB,
                            .memory_used_bytes = index == 1 ? used_of_second : kGiB});
  return devices;
}

TEST(PreflightTest, Table) {
  const struct {
    const char* name;
    PreflightFacts facts;
    std::vector<std::string> messages;  // empty: nothing is in the way
  } cases[] = {
      {"nothing is known", {}, {}},
      {"room on the disk", {.download_bytes = kGiB, .disk_bytes = kGiB, .disk_path = "/c"}, {}},
      {"a full disk",
       {.download_bytes = 642 * kGiB, .disk_bytes = 600 * kGiB, .disk_path = "/c"},
       {"PREFLIGHT: 642.0 GiB of the model's files are still to be fetched, /c has 600.0 GiB left: "
        "free 42.0 GiB"}},
      {"memory that just suffices", {.memory_bytes = kGiB, .available_memory_bytes = kGiB}, {}},
      {"too little memory",
       {.memory_bytes = 3 * kGiB, .available_memory_bytes = kGiB},
       {"takes 3.0 GiB of memory, the node has 1.0 GiB available: 2.0 GiB are missing"}},
      {"free GPUs", {.gpus = {0, 1}, .gpu_bytes = 120 * kGiB, .devices = TwoH200s(kGiB)}, {}},
      {"a GPU that others use",
       {.gpus = {0, 1}, .gpu_bytes = 120 * kGiB, .devices = TwoH200s(100 * kGiB)},
       {"GPU 1 (NVIDIA H200) has 40.0 GiB of 140.0 GiB left, 100.0 GiB are in use, and the engine "
        "takes 120.0 GiB"}},
      {"it is not one of the engine's",
       {.gpus = {0}, .gpu_bytes = 120 * kGiB, .devices = TwoH200s(100 * kGiB)},
       {}},
      {"a GPU that went", {.gpus = {2}, .devices = TwoH200s(0)}, {"GPU 2 is not there"}},
      {"a driver that is gone",
       {.gpus = {0}, .devices = backends::NodeDevices{.problems = {{"no driver", "load it"}}}},
       {"GPU 0 is not there (no driver; load it)"}},
      {"a driver that suffices", {.gpus = {0}, .devices = TwoH200s(0), .needed_cuda = "12.0"}, {}},
      {"an old driver",
       {.engine = "vllm@0.32.0", .gpus = {0}, .devices = TwoH200s(0), .needed_cuda = "13.0"},
       {"vllm@0.32.0 needs a driver for CUDA 13.0, driver 550.90.07 is for CUDA 12.4"}},
      {"two digits", {.gpus = {0}, .devices = TwoH200s(0), .needed_cuda = "12.10"}, {"CUDA 12.10"}},
      {"an engine for CPUs",
       {.engine = "vllm@0.13.0", .gpus = {0}, .built_for = "cpu"},
       {"redline engine install vllm@0.13.0 --path DIR"}},
      {"which is right on a CPU", {.engine = "vllm@0.13.0", .built_for = "cpu"}, {}},
      {"a port", {.port = 4711}, {}},
      {"no port", {.port = 0}, {"no port of the loopback interface is free"}},
      {"everything at once",
       {.download_bytes = 2, .disk_bytes = 1, .memory_bytes = 2, .available_memory_bytes = 1},
       {"still to be fetched", "of memory"}},
  };
  for (const auto& test : cases) {
    const Status status = Preflight(test.facts);
    EXPECT_EQ(status.ok(), test.messages.empty()) << test.name << ": " << status.message();
    for (const std::string& message : test.messages)
      EXPECT_THAT(status.message(), HasSubstr(message)) << test.name;
  }
}

TEST(PreflightTest, WhatADriverShows) {
  backends::FakeNode node;
  node.PretendNvml("cuda 12020\n" + backends::FakeNode::H200s(2));
  PreflightFacts facts{.engine = "vllm@0.32.0",
                       .gpus = {0, 1},
                       .gpu_bytes = 120 * kGiB,
                       .devices = backends::DeviceReader(node.options()).Read()};
  EXPECT_TRUE(Preflight(facts).ok()) << Preflight(facts).message();
  facts.gpu_bytes = 143771 * (int64_t{1} << 20);
  EXPECT_THAT(Preflight(facts).message(), HasSubstr("615.0 MiB are in use"));
  facts.gpus = {2};
  facts.needed_cuda = "13.0";
  EXPECT_THAT(Preflight(facts).message(), HasSubstr("is for CUDA 12.2"));
  EXPECT_THAT(Preflight(facts).message(), HasSubstr("GPU 2 is not there"));
}

}  // namespace
}  // namespace redline::platform
