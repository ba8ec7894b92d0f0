#include "platform/agent/node_facts.h"

#include <unistd.h>

#include <array>
#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "base/files.h"
#include "base/ids.h"
#include "base/process.h"
#include "base/version.h"
#include "net/json_body.h"
#include "spec/json.h"

namespace redline::platform {
namespace {

std::string HostName() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "localhost";
}

spec::WorkerCpu CpuOf(const backends::CpuTopology& cpu) {
  return {.model = cpu.model,
          .sockets = cpu.packages,
          .cores = cpu.cores,
          .threads = cpu.hardware_threads,
          .numa_nodes = static_cast<int64_t>(cpu.numa_nodes.size())};
}

spec::WorkerGpu GpuOf(const backends::GpuDevice& gpu) {
  return {.index = gpu.index,
          .vendor = gpu.vendor,
          .name = gpu.name,
          .uuid = gpu.uuid,
          .pci_bus_id = gpu.pci_bus_id,
          .memory_total_bytes = gpu.memory_total_bytes,
          .memory_available_bytes = gpu.memory_total_bytes - gpu.memory_used_bytes,
          .compute_capability = gpu.compute_capability,
          .gfx_target = gpu.gfx_target,
          .numa_node = gpu.numa_node,
          .driver_version = gpu.driver_version};
}

// An engine takes GPUs of one model: those that have the most memory together (the first of equals)
// stand for the node.
void TakeMainGpus(spec::Worker& worker) {
  int64_t most_bytes = -1;
  for (const spec::WorkerGpu& first : worker.gpus) {
    int64_t num_gpus = 0;
    int64_t bytes = 0;
    for (const spec::WorkerGpu& gpu : worker.gpus) {
      if (gpu.vendor != first.vendor || gpu.name != first.name) continue;
      ++num_gpus;
      bytes += gpu.memory_total_bytes;
    }
    if (bytes <= most_bytes) continue;
    most_bytes = bytes;
    worker.device = first.vendor;
    worker.device_model = first.name;
    worker.num_devices = num_gpus;
  }
}

}  // namespace

Result<std::string> LoadOrCreateWorkerId(const std::filesystem::path& path) {
  auto text = ReadFile(path, 1 << 16);
  if (text.ok()) {
    const auto object = net::ParseJsonObject(*text);
    if (object.ok() && object->contains("id") && object->at("id").is_string())
      return object->at("id").get<std::string>();
    return DataLoss(path.string() +
                    " is damaged; delete it to join as a new worker (deployments are rescheduled)");
  }
  if (text.status().code() != Code::kNotFound) return text.status();
  const std::string id = NewId("worker");
  RL_RETURN_IF_ERROR(MakeDirectories(path.parent_path(), 0700));
  RL_RETURN_IF_ERROR(WriteFileAtomic(path, spec::DumpJson({{"id", id}}) + "\n", 0600));
  return id;
}

spec::Worker DescribeWorker(const std::string& worker_id, const backends::NodeDevices& devices) {
  spec::Worker worker;
  worker.id = worker_id;
  worker.name = HostName();
  worker.memory_total_bytes = static_cast<int64_t>(TotalMemoryBytes());
  worker.memory_available_bytes = static_cast<int64_t>(AvailableMemoryBytes());
  worker.cpu = CpuOf(devices.cpu);
  worker.isa = devices.cpu.isa;
  worker.device_model = worker.cpu.model;
  worker.num_devices = worker.cpu.threads;
  for (const backends::GpuDevice& gpu : devices.gpus) worker.gpus.push_back(GpuOf(gpu));
  for (const backends::DeviceProblem& problem : devices.problems)
    worker.device_problems.push_back(problem.what + "; " + problem.remedy);
  if (!worker.gpus.empty()) TakeMainGpus(worker);
  worker.version = kVersion;
  worker.heartbeat_at_ms = UnixMillis();
  return worker;
}

}  // namespace redline::platform
