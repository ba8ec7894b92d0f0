#include "backends/devices/devices.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <thread>

#include "backends/devices/cpu_topology.h"
#include "backends/devices/fake_node_for_test.h"
#include "backends/devices/sysfs.h"
#include "base/clock.h"
#include "base/process.h"

namespace redline::backends {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr int64_t kMiB = int64_t{1} << 20;
constexpr int64_t kGiB = int64_t{1} << 30;

NodeDevices ReadOnce(const DeviceOptions& options) { return DeviceReader(options).Read(); }

TEST(NvidiaTest, EightH200) {
  FakeNode node;
  node.PretendNvml("driver 560.35.03\ncuda 12060\n" + FakeNode::H200s(8));
  node.Write("sys/bus/pci/devices/0000:18:00.0/numa_node", "1\n");
  const NodeDevices devices = ReadOnce(node.options());
  EXPECT_THAT(devices.problems, IsEmpty());
  EXPECT_EQ(devices.driver_version, "560.35.03");
  EXPECT_EQ(devices.cuda_version, "12.6");
  ASSERT_EQ(devices.gpus.size(), 8u);
  const GpuDevice& gpu = devices.gpus[1];
  EXPECT_EQ(gpu.index, 1);
  EXPECT_EQ(gpu.vendor, "nvidia");
  EXPECT_EQ(gpu.name, "NVIDIA H200");
  EXPECT_EQ(gpu.uuid, "GPU-1");
  EXPECT_EQ(gpu.pci_bus_id, "0000:18:00.0");
  EXPECT_EQ(gpu.memory_total_bytes, 143771 * kMiB);
  EXPECT_EQ(gpu.memory_used_bytes, 615 * kMiB) << "what the driver keeps";
  EXPECT_EQ(gpu.compute_capability, 90);
  EXPECT_EQ(gpu.numa_node, 1);
  EXPECT_EQ(gpu.driver_version, "560.35.03");
  EXPECT_EQ(devices.gpus[0].numa_node, -1);
}

TEST(NvidiaTest, MemoryOfOthersIsUsed) {
  FakeNode node;
  node.PretendNvml("gpu 81920 20480 80 0 0 0:1:0.0 GPU-a NVIDIA A100-SXM4-80GB\n");
  EXPECT_EQ(ReadOnce(node.options()).gpus.at(0).memory_used_bytes, 61440 * kMiB);
}

TEST(NvidiaTest, TheLibraryStaysOpen) {
  FakeNode node;
  node.PretendNvml(FakeNode::H200s(1));
  DeviceReader reader(node.options());
  EXPECT_EQ(reader.Read().gpus.size(), 1u);
  node.Write("nvml", "init 9\n");
  EXPECT_EQ(reader.Read().gpus.size(), 1u) << "not initialised again";
  EXPECT_EQ(ReadOnce(node.options()).gpus.size(), 0u);
}

TEST(NvidiaTest, AMachineWithoutTheLibraryHasNoProblem) {
  const FakeNode node;
  const NodeDevices devices = ReadOnce(node.options());
  EXPECT_THAT(devices.gpus, IsEmpty());
  EXPECT_THAT(devices.problems, IsEmpty());
}

TEST(NvidiaTest, ProblemsSayWhatToDo) {
  const struct {
    const char* lines;
    const char* what;
    const char* remedy;
  } cases[] = {
      {"init 9\n", "does not start: Driver Not Loaded", "modprobe nvidia"},
      {"init 18\n", "does not start: Unknown Error", "reboot"},
      {"init 999\n", "does not start: Unknown Error", "nvidia-smi"},
      {"gpu 81920 81920 90 1 0 0:1:0.0 GPU-a NVIDIA H100\n",
       "GPU 0 (NVIDIA H100) is divided by MIG", "nvidia-smi -i 0 -mig 0"},
      {"gpu 81920 81920 90 0 15 0:1:0.0 GPU-a NVIDIA H100\n", "GPU 0 is not used: GPU is lost",
       "dmesg"},
  };
  for (const auto& test : cases) {
    FakeNode node;
    node.PretendNvml(test.lines);
    const NodeDevices devices = ReadOnce(node.options());
    EXPECT_THAT(devices.gpus, IsEmpty()) << test.lines;
    ASSERT_EQ(devices.problems.size(), 1u) << test.lines;
    EXPECT_THAT(devices.problems[0].what, HasSubstr(test.what));
    EXPECT_THAT(devices.problems[0].remedy, HasSubstr(test.remedy));
  }
}

TEST(NvidiaTest, ALostGpuLeavesTheOthers) {
  FakeNode node;
  node.PretendNvml("gpu 1 1 90 0 15 0:1:0.0 GPU-a A\n" + FakeNode::H200s(1));
  const NodeDevices devices = ReadOnce(node.options());
  ASSERT_EQ(devices.gpus.size(), 1u);
  EXPECT_EQ(devices.gpus[0].index, 1);
  EXPECT_EQ(devices.problems.size(), 1u);
}

TEST(NvidiaTest, AContainerWithoutItsGpus) {
  FakeNode node;
  node.Write("proc/driver/nvidia/version", "NVRM version: NVIDIA UNIX x86_64 Kernel Module\n");
  const NodeDevices devices = ReadOnce(node.options());
  ASSERT_EQ(devices.problems.size(), 1u);
  EXPECT_THAT(devices.problems[0].remedy, HasSubstr("--gpus all"));
}

TEST(NvidiaTest, AFileThatIsNoLibrary) {
  FakeNode node;
  node.Write("libnvidia-ml.so.1", "not ELF");
  DeviceOptions options = node.options();
  options.nvml_library = (node.root() / "libnvidia-ml.so.1").string();
  const NodeDevices devices = ReadOnce(options);
  ASSERT_EQ(devices.problems.size(), 1u);
  EXPECT_THAT(devices.problems[0].what, HasSubstr("cannot load"));
}

TEST(NvidiaTest, AnOldLibraryLacksFunctions) {
  FakeNode node;
  node.PretendNvml(FakeNode::H200s(2));
  DeviceOptions options = node.options();
  options.nvml_library = REDLINE_FAKE_NVML_OLD_LIBRARY;
  const NodeDevices devices = ReadOnce(options);
  EXPECT_THAT(devices.problems, IsEmpty());
  EXPECT_EQ(devices.cuda_version, "");
  ASSERT_EQ(devices.gpus.size(), 2u);
  EXPECT_EQ(devices.gpus[0].name, "NVIDIA H200");
  EXPECT_EQ(devices.gpus[0].pci_bus_id, "");
  EXPECT_EQ(devices.gpus[0].compute_capability, 90);
}

TEST(NvidiaTest, ADriverThatHangsIsNotWaitedFor) {
  FakeNode node;
  node.PretendNvml("init_sleep_ms 700\n" + FakeNode::H200s(1));
  DeviceOptions options = node.options();
  options.driver_deadline = std::chrono::milliseconds(50);
  DeviceReader reader(options);
  for (int attempt = 0; attempt < 2; ++attempt) {
    const auto begin = MonotonicNow();
    const NodeDevices devices = reader.Read();
    EXPECT_LT(MonotonicNow() - begin, std::chrono::milliseconds(600));
    EXPECT_THAT(devices.gpus, IsEmpty());
    ASSERT_EQ(devices.problems.size(), 1u);
    EXPECT_THAT(devices.problems[0].what, HasSubstr("has not answered for 50ms"));
  }
  // It was only slow.
  NodeDevices devices;
  for (int attempt = 0; attempt < 100 && devices.gpus.empty(); ++attempt) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    devices = reader.Read();
  }
  EXPECT_EQ(devices.gpus.size(), 1u);
}

TEST(NvidiaTest, TheReaderMayGoBeforeTheDriverAnswers) {
  FakeNode node;
  node.PretendNvml("init_sleep_ms 200\n");
  DeviceOptions options = node.options();
  options.driver_deadline = std::chrono::milliseconds(1);
  EXPECT_EQ(ReadOnce(options).problems.size(), 1u);
  std::this_thread::sleep_for(std::chrono::milliseconds(400));
}

TEST(AmdTest, EightMi300X) {
  FakeNode node;
  // KFD's order is not that of the cards.
  for (int card = 0; card < 8; ++card) node.AddAmdGpu(card, 9 - card, 0x05 + card * 0x20);
  node.Write("sys/class/kfd/kfd/topology/nodes/0/properties", "cpu_cores_count 96\n");
  node.Write("sys/class/drm/renderD128/device/vendor", "0x1002\n");
  node.Write("sys/class/drm/card8/device/vendor",
             "0x1a03\n");  // the screen of the management board
  node.Write("sys/module/amdgpu/version", "6.8.5\n");
  const NodeDevices devices = ReadOnce(node.options());
  EXPECT_THAT(devices.problems, IsEmpty());
  ASSERT_EQ(devices.gpus.size(), 8u);
  const GpuDevice& gpu = devices.gpus[0];
  EXPECT_EQ(gpu.index, 0);
  EXPECT_EQ(gpu.vendor, "amd");
  EXPECT_EQ(gpu.name, "AMD Instinct MI300X");
  EXPECT_EQ(gpu.pci_bus_id, "0000:e5:00.0");
  EXPECT_EQ(gpu.uuid, "GPU-b3c9c3e2d1a4f5e5");
  EXPECT_EQ(gpu.memory_total_bytes, 206141652992);
  EXPECT_EQ(gpu.memory_used_bytes, 297275392);
  EXPECT_EQ(gpu.gfx_target, "gfx942");
  EXPECT_EQ(gpu.compute_capability, 0);
  EXPECT_EQ(gpu.numa_node, 1);
  EXPECT_EQ(gpu.driver_version, "6.8.5");
}

TEST(AmdTest, TheBoardsOwnNameWins) {
  FakeNode node;
  node.AddAmdGpu(0, 1, 1);
  node.Write("sys/class/drm/card0/device/product_name", "AMD Instinct MI300X OAM\n");
  EXPECT_EQ(ReadOnce(node.options()).gpus.at(0).name, "AMD Instinct MI300X OAM");
}

TEST(AmdTest, APartitionedGpuIsOneDeviceAndAProblem) {
  FakeNode node;
  node.AddAmdGpu(0, 1, 1, "CPX");
  node.Write("sys/class/kfd/kfd/topology/nodes/2/properties",
             "gfx_target_version 90402\ndomain 0\nlocation_id 268435712\n");  // part 1 of the same
  node.Write("sys/class/drm/card1/device/uevent", "DRIVER=amdgpu_xcp\n");
  const NodeDevices devices = ReadOnce(node.options());
  EXPECT_EQ(devices.gpus.size(), 1u);
  ASSERT_EQ(devices.problems.size(), 1u);
  EXPECT_THAT(devices.problems[0].what, HasSubstr("partitioned (CPX)"));
}

TEST(AmdTest, WithoutKfdAGpuCannotCompute) {
  FakeNode node;
  node.AddAmdGpu(0, -1, 1);
  const NodeDevices devices = ReadOnce(node.options());
  EXPECT_THAT(devices.gpus, IsEmpty());
  ASSERT_EQ(devices.problems.size(), 1u);
  EXPECT_THAT(devices.problems[0].remedy, HasSubstr("/dev/kfd"));
}

TEST(CpuTest, TwoSocketsWithSmtAndNuma) {
  FakeNode node;
  node.AddCpus(/*packages=*/2, /*cores_per_package=*/32, /*threads_per_core=*/2,
               /*gib_per_node=*/512);
  const CpuTopology cpu = ReadOnce(node.options()).cpu;
  EXPECT_EQ(cpu.model, "Fake CPU");
  EXPECT_EQ(cpu.packages, 2);
  EXPECT_EQ(cpu.cores, 64);
  EXPECT_EQ(cpu.hardware_threads, 128);
  EXPECT_THAT(cpu.isa, ElementsAre("avx2"));
  ASSERT_EQ(cpu.numa_nodes.size(), 2u);
  EXPECT_EQ(cpu.numa_nodes[1].id, 1);
  EXPECT_EQ(cpu.numa_nodes[1].cpus.size(), 64u);
  EXPECT_EQ(cpu.numa_nodes[1].cpus.front(), 32);
  EXPECT_EQ(cpu.numa_nodes[1].cpus.back(), 127);
  EXPECT_EQ(cpu.numa_nodes[1].memory_total_bytes, 512 * kGiB);
  EXPECT_EQ(cpu.numa_nodes[1].memory_free_bytes, 256 * kGiB);
}

TEST(CpuTest, OnlyWhatTheProcessMayUseCounts) {
  FakeNode node;
  node.AddCpus(2, 32, 2, 512);
  node.Write("sys/devices/system/node/node7/cpulist", "\n");  // memory of a GPU
  DeviceOptions options = node.options();
  options.cpus = {65, 64, 1, 500};  // both threads of core 1, one of core 0, one that is offline
  const CpuTopology cpu = ReadOnce(options).cpu;
  EXPECT_EQ(cpu.packages, 1);
  EXPECT_EQ(cpu.cores, 2);
  EXPECT_EQ(cpu.hardware_threads, 3);
  ASSERT_EQ(cpu.numa_nodes.size(), 1u);
  EXPECT_THAT(cpu.numa_nodes[0].cpus, ElementsAre(1, 64, 65));
}

TEST(CpuTest, CpuInfo) {
  constexpr char kCpuInfo[] =
      "processor\t: 0\nmodel name\t: Some CPU @ 2.0GHz\n"
      "flags\t\t: fpu avx2 fma f16c avx512f avx512bw avx512vl avx512dq avx512_vnni amx_tile\n"
      "\nprocessor\t: 1\nmodel name\t: Other\nflags\t\t: fpu\n";
  EXPECT_EQ(CpuModelIn(kCpuInfo), "Some CPU @ 2.0GHz");
  EXPECT_THAT(IsaIn(kCpuInfo), ElementsAre("avx2", "avx512", "avx512_vnni"));
  EXPECT_EQ(CpuModelIn(""), "unknown CPU");
  EXPECT_THAT(IsaIn("flags : avx2x notavx2"), IsEmpty());
}

TEST(DevicesTest, ThisMachine) {
  const NodeDevices devices = ReadOnce({});
  EXPECT_EQ(devices.cpu.hardware_threads, AvailableCpus());
  EXPECT_LE(devices.cpu.cores, devices.cpu.hardware_threads);
  EXPECT_LE(devices.cpu.packages, devices.cpu.cores);
  for (const NumaNode& node : devices.cpu.numa_nodes) {
    EXPECT_FALSE(node.cpus.empty());
    EXPECT_LE(node.memory_free_bytes, node.memory_total_bytes);
  }
  for (const GpuDevice& gpu : devices.gpus)
    EXPECT_LE(gpu.memory_used_bytes, gpu.memory_total_bytes) << gpu.name;
}

TEST(DevicesTest, AnEmptyTree) {
  const FakeNode node;
  const NodeDevices devices = ReadOnce(node.options());
  EXPECT_THAT(devices.gpus, IsEmpty());
  EXPECT_THAT(devices.problems, IsEmpty());
  EXPECT_EQ(devices.cpu.model, "unknown CPU");
  EXPECT_EQ(devices.cpu.hardware_threads, AvailableCpus());
  EXPECT_EQ(devices.cpu.cores, 0);
  EXPECT_THAT(devices.cpu.numa_nodes, IsEmpty());
}

// Every file of a full node in turn holds what it should not.
TEST(DevicesTest, NonsenseInAnyFile) {
  const std::string nonsense[] = {"",
                                  "\n",
                                  "-1\n",
                                  "99999999999999999999\n",
                                  "0-99999999\n",
                                  "9223372036854775807\n",
                                  "-9223372036854775808\n",
                                  "not a number \x01\xff\n",
                                  std::string("\0\0\0", 3),
                                  std::string(1 << 20, '7'),
                                  "gfx_target_version 9223372036854775807\ndomain -1\n",
                                  "MemTotal: 9223372036854775807 kB\n"};
  FakeNode node;
  node.AddCpus(2, 2, 2, 1);
  node.AddAmdGpu(0, 1, 1);
  node.Write("sys/class/drm/card0/device/product_name", "x\n");
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(node.root())) {
    if (entry.is_regular_file()) files.push_back(std::filesystem::relative(entry, node.root()));
  }
  ASSERT_GT(files.size(), 20u);
  for (const auto& file : files) {
    const std::string before = ReadHead(node.root() / file);
    for (const std::string& text : nonsense) {
      node.Write(file, text);
      const NodeDevices devices = ReadOnce(node.options());
      EXPECT_GE(devices.cpu.hardware_threads, 1);
      for (const GpuDevice& gpu : devices.gpus) {
        EXPECT_GE(gpu.memory_total_bytes, gpu.memory_used_bytes) << file;
        EXPECT_LE(gpu.name.size(), 200u);
      }
      for (const NumaNode& numa : devices.cpu.numa_nodes) EXPECT_GE(numa.memory_total_bytes, 0);
    }
    node.Write(file, before);
  }
}

TEST(SysfsTest, WhatIsNoFileIsAbsent) {
  const FakeNode node;
  EXPECT_EQ(ReadHead(node.root()), "");
  EXPECT_EQ(ReadHead(node.root() / "none"), "");
  const auto pipe = node.root() / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_EQ(ReadHead(pipe), "");
  node.Write("long", std::string(10000, 'a'));
  EXPECT_EQ(ReadHead(node.root() / "long").size(), 4096u);
}

TEST(SysfsTest, CpuLists) {
  EXPECT_THAT(ParseCpuList("0-2,7\n"), ElementsAre(0, 1, 2, 7));
  EXPECT_THAT(ParseCpuList("5,0-1"), ElementsAre(0, 1, 5));
  for (const char* bad : {"", "\n", "a", "3-1", "-1", "0-9999999", "1,,2", "0-1-2"})
    EXPECT_THAT(ParseCpuList(bad), IsEmpty()) << bad;
}

TEST(SysfsTest, NumbersAfterWords) {
  EXPECT_EQ(NumberAfter("Node 0 MemTotal:  12 kB\nNode 0 MemFree: 5 kB\n", "MemFree"), 5);
  EXPECT_EQ(NumberAfter("a_domain 1\ndomain 2\n", "domain"), 2);
  EXPECT_EQ(NumberAfter("domains 1\n", "domain"), std::nullopt);
  EXPECT_EQ(NumberAfter("domain\n", "domain"), std::nullopt);
}

}  // namespace
}  // namespace redline::backends
