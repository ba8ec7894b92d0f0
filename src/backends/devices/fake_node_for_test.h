// A node for tests: trees like /sys and /proc, written into a folder that goes with it, and what
// the fake NVML pretends.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "backends/devices/devices.h"

namespace redline::backends {

class FakeNode {
 public:
  FakeNode();
  ~FakeNode();
  FakeNode(const FakeNode&) = delete;
  FakeNode& operator=(const FakeNode&) = delete;

  const std::filesystem::path& root() const { return root_; }
  // Reads these trees and no library, until PretendNvml().
  DeviceOptions options() const { return options_; }

  void Write(const std::filesystem::path& path, std::string_view text) const;
  // Each package is a NUMA node of `gib_per_node`; thread t of core c is CPU t * cores + c, as on
  // most servers.
  void AddCpus(int packages, int cores_per_package, int threads_per_core, int gib_per_node);
  // GPU `card` of KFD node `kfd_node` (negative: not listed there), at PCI bus `bus`.
  void AddAmdGpu(int card, int kfd_node, int bus, std::string_view partition = "SPX") const;
  // From now on the library is there and does as these lines of fake_nvml.cc say.
  void PretendNvml(std::string_view lines);
  // Lines for that many GPUs, of 143771 MiB.
  static std::string H200s(int count);

 private:
  std::filesystem::path root_;
  DeviceOptions options_;
};

}  // namespace redline::backends
