#include "backends/devices/cpu_topology.h"

#include <algorithm>
#include <iterator>
#include <set>

#include "backends/devices/sysfs.h"
#include "base/process.h"
#include "base/strings.h"

namespace redline::backends {
namespace {

// The first CPU is in it, whatever the machine's size: a CPU takes one or two kilobytes.
constexpr size_t kCpuInfoBytes = 1 << 16;
constexpr size_t kMostNumaNodes = 1024;

// An instruction set and the CPU flags that all must be there for it.
struct IsaRule {
  const char* name;
  std::vector<std::string> flags;
};
const std::vector<IsaRule>& IsaRules() {
  static const std::vector<IsaRule> rules = {
      {"avx2", {"avx2", "fma", "f16c"}},
      {"avx512", {"avx512f", "avx512bw", "avx512vl", "avx512dq"}},
      {"avx512_vnni", {"avx512_vnni"}},
      {"avx512_bf16", {"avx512_bf16"}},
      {"amx", {"amx_tile", "amx_bf16", "amx_int8"}},
  };
  return rules;
}

// The value of the first line "KEY : value".
std::string_view CpuInfoValue(std::string_view cpuinfo, std::string_view key) {
  for (size_t begin = 0; begin < cpuinfo.size();) {
    const size_t end = std::min(cpuinfo.find('\n', begin), cpuinfo.size());
    const std::string_view line = cpuinfo.substr(begin, end - begin);
    const size_t colon = line.find(':');
    if (colon != std::string_view::npos && Trim(line.substr(0, colon)) == key)
      return Trim(line.substr(colon + 1));
    begin = end + 1;
  }
  return {};
}

std::vector<int> Intersection(const std::vector<int>& left, const std::vector<int>& right) {
  std::vector<int> both;
  std::set_intersection(left.begin(), left.end(), right.begin(), right.end(),
                        std::back_inserter(both));
  return both;
}

// The CPUs that count, ascending: those asked for, as far as they are online.
std::vector<int> UsableCpus(const DeviceOptions& options) {
  std::vector<int> cpus = options.cpus ? *options.cpus : AvailableCpuIds();
  std::sort(cpus.begin(), cpus.end());
  const auto online =
      ParseCpuList(ReadHead(options.sysfs_root / "devices/system/cpu/online", kCpuInfoBytes));
  return online.empty() ? cpus : Intersection(cpus, online);
}

// Counts the sockets and the cores of `cpus`; both stay 0 when any of them tells nothing.
void CountCores(const std::filesystem::path& sysfs_root, const std::vector<int>& cpus,
                CpuTopology& topology) {
  std::set<int64_t> packages;
  std::set<std::string> cores;  // each by the list of its threads
  for (const int cpu : cpus) {
    const auto folder =
        sysfs_root / "devices/system/cpu" / ("cpu" + std::to_string(cpu)) / "topology";
    const auto package = ReadNumber(folder / "physical_package_id");
    std::string core = ReadHead(folder / "core_cpus_list");
    if (core.empty()) core = ReadHead(folder / "thread_siblings_list");  // before Linux 5.3
    if (!package || core.empty()) return;
    packages.insert(*package);
    cores.insert(std::move(core));
  }
  topology.packages = static_cast<int>(packages.size());
  topology.cores = static_cast<int>(cores.size());
}

int64_t MeminfoBytes(std::string_view meminfo, std::string_view key) {
  constexpr int64_t kMostKib = int64_t{1} << 50;
  const int64_t kib = NumberAfter(meminfo, key).value_or(0);
  return kib > 0 && kib < kMostKib ? kib * 1024 : 0;
}

// Nodes with none of `cpus` are left out: those of other sockets, and memory without CPUs, which
// may belong to a GPU.
std::vector<NumaNode> ReadNumaNodes(const std::filesystem::path& sysfs_root,
                                    const std::vector<int>& cpus) {
  const auto folder = sysfs_root / "devices/system/node";
  std::vector<NumaNode> nodes;
  for (const int id : NumberedEntries(folder, "node")) {
    const auto path = folder / ("node" + std::to_string(id));
    NumaNode node{.id = id,
                  .cpus = Intersection(cpus, ParseCpuList(ReadHead(path / "cpulist", 1 << 16)))};
    if (node.cpus.empty() || nodes.size() == kMostNumaNodes) continue;
    const std::string meminfo = ReadHead(path / "meminfo");
    node.memory_total_bytes = MeminfoBytes(meminfo, "MemTotal");
    node.memory_free_bytes = MeminfoBytes(meminfo, "MemFree");
    nodes.push_back(std::move(node));
  }
  return nodes;
}

}  // namespace

std::string CpuModelIn(std::string_view cpuinfo) {
  const std::string_view model = CpuInfoValue(cpuinfo, "model name");
  return model.empty() ? "unknown CPU" : Excerpt(model);
}

std::vector<std::string> IsaIn(std::string_view cpuinfo) {
  const auto flags = Split(CpuInfoValue(cpuinfo, "flags"), ' ');
  const auto has = [&](const std::string& flag) {
    return std::find(flags.begin(), flags.end(), flag) != flags.end();
  };
  std::vector<std::string> isa;
  for (const IsaRule& rule : IsaRules()) {
    if (std::all_of(rule.flags.begin(), rule.flags.end(), has)) isa.emplace_back(rule.name);
  }
  return isa;
}

CpuTopology ReadCpuTopology(const DeviceOptions& options) {
  const std::string cpuinfo = ReadHead(options.proc_root / "cpuinfo", kCpuInfoBytes);
  const std::vector<int> cpus = UsableCpus(options);
  CpuTopology topology;
  topology.model = CpuModelIn(cpuinfo);
  topology.isa = IsaIn(cpuinfo);
  topology.hardware_threads = std::max(1, static_cast<int>(cpus.size()));
  CountCores(options.sysfs_root, cpus, topology);
  topology.numa_nodes = ReadNumaNodes(options.sysfs_root, cpus);
  return topology;
}

}  // namespace redline::backends
