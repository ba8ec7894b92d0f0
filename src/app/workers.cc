#include "app/workers.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "app/output.h"
#include "base/strings.h"

namespace redline::app {
namespace {

using nlohmann::json;

int64_t IntegerIn(const json& object, const char* name) { return object.value(name, int64_t{0}); }

std::string FreeOfTotal(int64_t free_bytes, int64_t total_bytes) {
  return FormatBytes(static_cast<uint64_t>(free_bytes)) + " of " +
         FormatBytes(static_cast<uint64_t>(total_bytes));
}

std::string FreeOfTotal(const json& object) {
  return FreeOfTotal(IntegerIn(object, "memory_available_bytes"),
                     IntegerIn(object, "memory_total_bytes"));
}

// Agents of before GPUs were told of say it of the worker's only device.
json CpuOfWorker(const json& worker) {
  json cpu = worker.value("cpu", json::object());
  if (IntegerIn(cpu, "threads") > 0) return cpu;
  return {{"model", worker.value("device_model", "")},
          {"threads", IntegerIn(worker, "num_devices")}};
}

// "9.0" or "gfx942".
std::string Architecture(const json& gpu) {
  const int64_t capability = IntegerIn(gpu, "compute_capability");
  return capability == 0 ? gpu.value("gfx_target", "")
                         : fmt::format("{}.{}", capability / 10, capability % 10);
}

std::string GpusTable(const json& gpus) {
  std::vector<std::vector<std::string>> rows;
  for (const json& gpu : gpus) {
    const int64_t numa_node = gpu.value("numa_node", int64_t{-1});
    rows.push_back({std::to_string(IntegerIn(gpu, "index")), gpu.value("name", ""),
                    Architecture(gpu), FreeOfTotal(gpu), gpu.value("pci_bus_id", ""),
                    numa_node < 0 ? "-" : std::to_string(numa_node),
                    gpu.value("driver_version", "")});
  }
  return FormatTable({"GPU", "NAME", "ARCHITECTURE", "MEMORY FREE", "PCI", "NUMA", "DRIVER"}, rows);
}

// It has no CPU and no memory of its own.
std::string VirtualWorkerText(const json& worker) {
  return fmt::format(
      "Name:     {}\nId:       {}\nKind:     virtual: devices that are not there, engines that are "
      "simulated\nState:    {}\nVersion:  {}\n\n{}",
      EscapeControl(worker.value("name", "")), worker.value("id", ""), worker.value("state", ""),
      EscapeControl(worker.value("version", "")), GpusTable(worker.value("gpus", json::array())));
}

}  // namespace

std::string GpuNames(const json& gpus) {
  std::vector<std::pair<std::string, int>> counts;  // in the order of the first of each
  for (const json& gpu : gpus) {
    const std::string name = gpu.value("name", "");
    auto found = std::find_if(counts.begin(), counts.end(),
                              [&](const auto& each) { return each.first == name; });
    if (found == counts.end()) found = counts.insert(counts.end(), {name, 0});
    ++found->second;
  }
  std::vector<std::string> parts;
  for (const auto& [name, count] : counts) parts.push_back(fmt::format("{} x {}", count, name));
  return Join(parts, " + ");
}

std::string GpuMemory(const json& gpus) {
  int64_t free_bytes = 0;
  int64_t total_bytes = 0;
  for (const json& gpu : gpus) {
    free_bytes += IntegerIn(gpu, "memory_available_bytes");
    total_bytes += IntegerIn(gpu, "memory_total_bytes");
  }
  return FreeOfTotal(free_bytes, total_bytes);
}

std::string CpuCounts(const json& cpu) {
  std::vector<std::string> parts;
  for (const auto& [field, word] :
       {std::pair("sockets", "socket"), std::pair("cores", "core"), std::pair("threads", "thread"),
        std::pair("numa_nodes", "NUMA node")}) {
    const int64_t count = IntegerIn(cpu, field);
    if (count > 0) parts.push_back(fmt::format("{} {}{}", count, word, count == 1 ? "" : "s"));
  }
  return Join(parts, ", ");
}

std::string WorkersTable(const json& items) {
  std::vector<std::vector<std::string>> rows;
  for (const json& item : items) {
    const json gpus = item.value("gpus", json::array());
    const json cpu = CpuOfWorker(item);
    const bool is_virtual = item.value("virtual", false);
    rows.push_back({item.value("name", ""), KindOf(item), item.value("state", ""),
                    gpus.empty() ? "-" : GpuNames(gpus), gpus.empty() ? "-" : GpuMemory(gpus),
                    is_virtual ? "-" : cpu.value("model", ""),
                    is_virtual ? "-" : std::to_string(IntegerIn(cpu, "threads")),
                    is_virtual ? "-" : FreeOfTotal(item)});
  }
  return FormatTable(
      {"NAME", "KIND", "STATE", "GPUS", "GPU MEMORY FREE", "CPU", "THREADS", "MEMORY FREE"}, rows);
}

std::string KindOf(const json& worker_or_deployment) {
  return worker_or_deployment.value("virtual", false) ? "virtual" : "real";
}

std::string WorkerText(const json& worker) {
  if (worker.value("virtual", false)) return VirtualWorkerText(worker);
  const json cpu = CpuOfWorker(worker);
  std::vector<std::string> isa;
  for (const json& name : worker.value("isa", json::array()))
    isa.push_back(name.get<std::string>());
  std::string text = fmt::format(
      "Name:     {}\nId:       {}\nState:    {}\nVersion:  {}\nCPU:      {}\n          {}\nISA:    "
      "  {}\n"
      "Memory:   {} free\n",
      EscapeControl(worker.value("name", "")), worker.value("id", ""), worker.value("state", ""),
      EscapeControl(worker.value("version", "")), EscapeControl(cpu.value("model", "")),
      CpuCounts(cpu), EscapeControl(Join(isa, ", ")), FreeOfTotal(worker));
  const json gpus = worker.value("gpus", json::array());
  if (gpus.empty()) text += "GPUs:     none\n";
  const json problems = worker.value("device_problems", json::array());
  if (!problems.empty()) text += "Problems:\n";
  for (const json& problem : problems)
    text += "  " + EscapeControl(problem.get<std::string>()) + "\n";
  return gpus.empty() ? text : text + "\n" + GpusTable(gpus);
}

}  // namespace redline::app
