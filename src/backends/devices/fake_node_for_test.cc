#include "backends/devices/fake_node_for_test.h"

#include <fmt/format.h>

#include <cstdlib>
#include <fstream>

#include "base/ids.h"

namespace redline::backends {

FakeNode::FakeNode() : root_(std::filesystem::temp_directory_path() / NewId("devices-test")) {
  options_.sysfs_root = root_ / "sys";
  options_.proc_root = root_ / "proc";
  options_.nvml_library = (root_ / "no-such-library.so").string();
  std::filesystem::create_directories(root_);
}

FakeNode::~FakeNode() {
  std::error_code ignored;
  std::filesystem::remove_all(root_, ignored);
}

void FakeNode::Write(const std::filesystem::path& path, std::string_view text) const {
  std::filesystem::create_directories((root_ / path).parent_path());
  std::ofstream(root_ / path) << text;
}

void FakeNode::AddCpus(int packages, int cores_per_package, int threads_per_core,
                       int gib_per_node) {
  const int cores = packages * cores_per_package;
  const std::string cpus = "sys/devices/system/cpu/";
  const auto threads_of = [&](int first, int last) {
    std::string list;
    for (int thread = 0; thread < threads_per_core; ++thread) {
      if (thread > 0) list += ",";
      list += fmt::format("{}-{}", thread * cores + first, thread * cores + last);
    }
    return list;
  };
  options_.cpus.emplace();
  for (int cpu = 0; cpu < cores * threads_per_core; ++cpu) {
    options_.cpus->push_back(cpu);
    const int core = cpu % cores;
    const std::string topology = fmt::format("{}cpu{}/topology/", cpus, cpu);
    Write(topology + "physical_package_id", fmt::format("{}\n", core / cores_per_package));
    Write(topology + "core_cpus_list", threads_of(core, core) + "\n");
  }
  Write(cpus + "online", fmt::format("0-{}\n", cores * threads_per_core - 1));
  for (int node = 0; node < packages; ++node) {
    const std::string folder = fmt::format("sys/devices/system/node/node{}/", node);
    const int first = node * cores_per_package;
    Write(folder + "cpulist", threads_of(first, first + cores_per_package - 1) + "\n");
    Write(folder + "meminfo",
          fmt::format("\nNode {0} MemTotal:       {1} kB\n"
                      "Node {0} MemFree:        {2} kB\n",
                      node, int64_t{gib_per_node} << 20, int64_t{gib_per_node} << 19));
  }
  Write("proc/cpuinfo", "processor\t: 0\nmodel name\t: Fake CPU\nflags\t\t: avx2 fma f16c\n");
}

void FakeNode::AddAmdGpu(int card, int kfd_node, int bus, std::string_view partition) const {
  const std::string device = fmt::format("sys/class/drm/card{}/device/", card);
  Write(device + "vendor", "0x1002\n");
  Write(device + "device", "0x74a1\n");
  Write(device + "uevent", fmt::format("DRIVER=amdgpu\nPCI_SLOT_NAME=0000:{:02x}:00.0\n", bus));
  Write(device + "mem_info_vram_total", "206141652992\n");
  Write(device + "mem_info_vram_used", "297275392\n");
  Write(device + "unique_id", fmt::format("b3c9c3e2d1a4f5{:02x}\n", bus));
  Write(device + "numa_node", fmt::format("{}\n", card % 2));
  Write(device + "current_compute_partition", fmt::format("{}\n", partition));
  Write(fmt::format("sys/class/drm/card{}-DP-1/status", card), "disconnected\n");
  if (kfd_node < 0) return;
  Write(fmt::format("sys/class/kfd/kfd/topology/nodes/{}/properties", kfd_node),
        fmt::format("cpu_cores_count 0\nsimd_count 1216\ngfx_target_version 90402\nvendor_id 4098\n"
                    "device_id 29857\nlocation_id {}\ndomain 0\nunique_id 12954673281045862912\n",
                    bus << 8));
}

void FakeNode::PretendNvml(std::string_view lines) {
  Write("nvml", lines);
  ::setenv("REDLINE_FAKE_NVML", (root_ / "nvml").c_str(), 1);
  options_.nvml_library = REDLINE_FAKE_NVML_LIBRARY;
}

std::string FakeNode::H200s(int count) {
  std::string lines;
  for (int index = 0; index < count; ++index)
    lines += fmt::format("gpu 143771 143156 90 0 0 00000000:{:02X}:00.0 GPU-{} NVIDIA H200\n",
                         0x17 + index, index);
  return lines;
}

}  // namespace redline::backends
