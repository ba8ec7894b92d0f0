#include "backends/devices/amd_gpus.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "backends/devices/sysfs.h"
#include "base/strings.h"

namespace redline::backends {
namespace {

namespace fs = std::filesystem;

constexpr char kAmdPciVendor[] = "0x1002";

struct AmdName {
  std::string_view pci_device;
  const char* name;
};
constexpr AmdName kAmdNames[] = {
    {"0x738c", "AMD Instinct MI100"},     {"0x7408", "AMD Instinct MI250X"},
    {"0x740c", "AMD Instinct MI250"},     {"0x740f", "AMD Instinct MI210"},
    {"0x74a0", "AMD Instinct MI300A"},    {"0x74a1", "AMD Instinct MI300X"},
    {"0x74a2", "AMD Instinct MI308X"},    {"0x74a5", "AMD Instinct MI325X"},
    {"0x74b5", "AMD Instinct MI300X VF"}, {"0x74b9", "AMD Instinct MI325X VF"},
    {"0x75a0", "AMD Instinct MI350X"},    {"0x75a3", "AMD Instinct MI355X"},
};

// A compute node of KFD. A partitioned GPU has several with the same address.
struct KfdNode {
  int id = 0;
  int64_t gfx_target_version = 0;
  std::string pci_bus_id;
};

// KFD's location_id: bus, device and function in its low 16 bits, a partition's number above.
std::string BusIdOf(int64_t domain, int64_t location) {
  return fmt::format("{:04x}:{:02x}:{:02x}.{:x}", domain & 0xffffffff, location >> 8 & 0xff,
                     location >> 3 & 0x1f, location & 0x7);
}

std::vector<KfdNode> ReadKfdNodes(const fs::path& sysfs_root) {
  const fs::path folder = sysfs_root / "class/kfd/kfd/topology/nodes";
  std::vector<KfdNode> nodes;
  for (const int id : NumberedEntries(folder, "")) {
    const std::string properties = ReadHead(folder / std::to_string(id) / "properties");
    const int64_t version = NumberAfter(properties, "gfx_target_version").value_or(0);
    if (version <= 0) continue;  // a CPU, or not to be read
    nodes.push_back({.id = id,
                     .gfx_target_version = version,
                     .pci_bus_id = BusIdOf(NumberAfter(properties, "domain").value_or(0),
                                           NumberAfter(properties, "location_id").value_or(0))});
  }
  return nodes;
}

// 90402 is 9.4.2: "gfx942"; 90010 is 9.0.10: "gfx90a".
std::string GfxTarget(int64_t version) {
  return fmt::format("gfx{}{:x}{:x}", version / 10000, version / 100 % 100, version % 100);
}

// "PCI_SLOT_NAME=0000:c1:00.0" of the device's uevent.
std::string SlotName(const fs::path& device) {
  constexpr std::string_view kKey = "PCI_SLOT_NAME=";
  const std::string uevent = ReadHead(device / "uevent");
  const size_t at = uevent.find(kKey);
  if (at == std::string::npos) return "";
  const std::string_view rest = std::string_view(uevent).substr(at + kKey.size());
  return Excerpt(ToLower(Trim(rest.substr(0, rest.find('\n')))), 32);
}

std::string AmdNameOf(const fs::path& device) {
  std::string name = ReadLine(device / "product_name");
  if (!name.empty()) return name;
  const std::string pci_device = ReadLine(device / "device");
  for (const AmdName& known : kAmdNames) {
    if (known.pci_device == pci_device) return known.name;
  }
  return pci_device.empty() ? "AMD GPU" : "AMD GPU " + pci_device;
}

GpuDevice IdentifyAmd(const fs::path& device) {
  GpuDevice gpu{.vendor = "amd"};
  gpu.name = AmdNameOf(device);
  if (const std::string id = ReadLine(device / "unique_id"); !id.empty()) gpu.uuid = "GPU-" + id;
  gpu.pci_bus_id = SlotName(device);
  gpu.memory_total_bytes = ReadSize(device / "mem_info_vram_total");
  gpu.memory_used_bytes = std::min(ReadSize(device / "mem_info_vram_used"), gpu.memory_total_bytes);
  gpu.numa_node = static_cast<int>(ReadNumber(device / "numa_node").value_or(-1));
  return gpu;
}

DeviceProblem NotListed(const GpuDevice& gpu) {
  return {fmt::format("{} ({}) is not used: the kernel's compute driver (KFD) does not list it",
                      gpu.name, gpu.pci_bus_id),
          "in a container: start it with --device /dev/kfd --device /dev/dri; else install ROCm's "
          "driver (amdgpu-dkms), if ROCm supports this GPU"};
}

DeviceProblem Partitioned(const GpuDevice& gpu, const std::string& partition) {
  return {fmt::format("{} ({}) is partitioned ({}): engines see its parts as devices of their own, "
                      "and it counts as one here",
                      gpu.name, gpu.pci_bus_id, partition),
          "amd-smi set --compute-partition SPX"};
}

}  // namespace

AmdGpus ReadAmdGpus(const fs::path& sysfs_root) {
  const std::vector<KfdNode> nodes = ReadKfdNodes(sysfs_root);
  const fs::path drm = sysfs_root / "class/drm";
  const std::string driver = ReadLine(sysfs_root / "module/amdgpu/version");
  AmdGpus found;
  std::vector<std::pair<int, GpuDevice>> by_node;
  // The parts of a partitioned GPU are cards, too, but no PCI devices: they have no vendor.
  for (const int card : NumberedEntries(drm, "card")) {
    const fs::path device = drm / ("card" + std::to_string(card)) / "device";
    if (ReadLine(device / "vendor") != kAmdPciVendor) continue;
    GpuDevice gpu = IdentifyAmd(device);
    if (gpu.memory_total_bytes == 0) continue;  // not driven by amdgpu
    const auto node = std::find_if(nodes.begin(), nodes.end(), [&](const KfdNode& each) {
      return each.pci_bus_id == gpu.pci_bus_id;
    });
    if (node == nodes.end()) {
      found.problems.push_back(NotListed(gpu));
      continue;
    }
    const std::string partition = ReadLine(device / "current_compute_partition");
    if (!partition.empty() && partition != "SPX")
      found.problems.push_back(Partitioned(gpu, partition));
    gpu.gfx_target = GfxTarget(node->gfx_target_version);
    gpu.driver_version = driver;
    by_node.emplace_back(node->id, std::move(gpu));
  }
  std::sort(by_node.begin(), by_node.end(),
            [](const auto& left, const auto& right) { return left.first < right.first; });
  for (auto& [node, gpu] : by_node) {
    gpu.index = static_cast<int64_t>(found.gpus.size());
    found.gpus.push_back(std::move(gpu));
  }
  return found;
}

}  // namespace redline::backends
