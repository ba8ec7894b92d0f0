// What an engine can be started on here: the GPUs of this node and its CPUs.
//
// NVIDIA GPUs are asked for through the driver's own library (nvml.h), which is loaded at run time;
// AMD GPUs and CPUs are read from sysfs. Nothing here fails: what cannot be known is 0, -1 or
// empty, and what a person can mend is a DeviceProblem. All sizes are bytes.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace redline::backends {

struct GpuDevice {
  // Among the GPUs of its vendor, as the vendor's tools count: nvidia-smi, and HIP.
  int64_t index = 0;
  std::string vendor;      // "nvidia", "amd"
  std::string name;        // as the driver names it: "NVIDIA H200"
  std::string uuid;        // "GPU-..."; empty: unknown
  std::string pci_bus_id;  // "0000:17:00.0"
  int64_t memory_total_bytes = 0;
  // Not free, whoever has it: other processes, engines started here, what the driver keeps for
  // itself. An engine that starts now can have total - used.
  int64_t memory_used_bytes = 0;
  int compute_capability = 0;  // NVIDIA: 90 for 9.0
  std::string gfx_target;      // AMD: "gfx942"
  int numa_node = -1;          // -1: unknown, or the node has only one
  std::string driver_version;  // "550.90.07"; empty: AMD's driver of the kernel itself
};

struct NumaNode {
  int id = 0;
  std::vector<int> cpus;  // hardware threads this process may run on, ascending
  int64_t memory_total_bytes = 0;
  int64_t memory_free_bytes = 0;  // without page cache that could be dropped
};

// Only what this process may use (its affinity) counts. 0: unknown.
struct CpuTopology {
  std::string model;         // "unknown CPU" when the kernel names none
  int packages = 0;          // sockets
  int cores = 0;             // physical ones
  int hardware_threads = 0;  // at least 1
  std::vector<NumaNode> numa_nodes;
  // Instruction sets that matter to the engine: "avx2", "avx512", "avx512_vnni", "avx512_bf16",
  // "amx".
  std::vector<std::string> isa;
};

// A device that is there and cannot be used as it is.
struct DeviceProblem {
  std::string what;    // a sentence without its period
  std::string remedy;  // what to do about it
};

struct NodeDevices {
  CpuTopology cpu;
  std::vector<GpuDevice> gpus;  // NVIDIA's first, each vendor's by index
  std::string driver_version;   // NVIDIA's; empty: none
  std::string cuda_version;     // the newest that driver supports: "12.4"
  std::vector<DeviceProblem> problems;
};

struct DeviceOptions {
  std::filesystem::path sysfs_root = "/sys";
  std::filesystem::path proc_root = "/proc";
  std::string nvml_library = "libnvidia-ml.so.1";
  // Which CPUs count; none: those this process may run on.
  std::optional<std::vector<int>> cpus;
  // How long NVIDIA's driver may take to answer. A broken one never does.
  std::chrono::milliseconds driver_deadline{3000};
};

class NvidiaGpuReader;

// Reads again and again what may change: memory in use, a driver that comes or goes. NVIDIA's
// library stays open in between, because opening it may wake every GPU. Owner: one thread.
class DeviceReader {
 public:
  explicit DeviceReader(DeviceOptions options = {});
  ~DeviceReader();

  // A few milliseconds; the first time as long as NVIDIA's driver takes to wake its GPUs, never
  // much longer than the deadline.
  NodeDevices Read();

 private:
  DeviceOptions options_;
  std::unique_ptr<NvidiaGpuReader> nvidia_;
};

}  // namespace redline::backends
