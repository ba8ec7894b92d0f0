// Deployment (what should run), Instance (what runs), Worker (where).
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "spec/engine_config.h"
#include "spec/model_spec.h"

namespace redline::spec {

enum class InstanceState {
  kPending,       // waiting for the scheduler
  kAnalyzing,     // memory ledger and fit are being computed
  kScheduled,     // a worker has it
  kInitializing,  // the worker prepares directory and launch
  kDownloading,   // model files
  kStarting,      // process started, model loading
  kRunning,       // answers
  kDraining,      // finishes what it has, takes nothing new
  kStopped,
  kError,        // reason says why; restarts follow their back-off
  kUnreachable,  // its worker is silent
};
// "RUNNING" and back; kInvalidArgument for unknown names.
std::string_view NameOf(InstanceState state);
Result<InstanceState> InstanceStateFromName(std::string_view name);

struct Progress {
  std::string phase;       // "downloading", "loading"; empty: none
  double fraction = 0;     // 0..1
  int64_t bytes_done = 0;  // of a download
  int64_t bytes_total = 0;
  double bytes_per_second = 0;
};

// GPUs that one replica takes, whole: no other engine is placed on them.
struct GpuClaim {
  std::string name;        // as the driver names them: "NVIDIA H200"
  int64_t count = 0;       // 0: it runs on the CPU
  int64_t bytes_each = 0;  // that have to be free on each; 0: not known
};

struct Instance {
  std::string id;  // "inst-..."
  std::string deployment;
  std::string worker;         // empty until scheduled
  std::vector<int64_t> gpus;  // of the worker, that are its own; by WorkerGpu::index
  int64_t generation = 0;     // rises with every assignment; older ones are fenced off
  InstanceState state = InstanceState::kPending;
  std::string reason;    // why it is in this state, for people
  int64_t pid = 0;       // of the engine; 0: none
  std::string endpoint;  // "unix:/…/x.sock" or "http://127.0.0.1:PORT"; empty: none
  int64_t restart_count = 0;
  Progress progress;
  int64_t started_at_ms = 0;  // Unix time; 0: never
  int64_t ready_at_ms = 0;
  Parameters effective;  // what the running engine said it runs with; empty: not known
};

struct Deployment {
  std::string name;        // also the model name clients send
  std::string model;       // catalog entry
  std::string profile;     // of the catalog entry; "custom" when parameters were given
  int64_t replicas = 1;    // 0: stopped
  int64_t generation = 1;  // rises with every change of the specification
  EngineConfig engine;
  GpuClaim gpus;
  std::string model_path;        // on the worker; empty: the library's files are fetched
  std::string worker;            // the only one it may run on, by id; empty: any
  bool is_virtual = false;       // runs on virtual workers alone; else on none of them
  std::vector<std::string> why;  // sentences: what was chosen and because of what
  int64_t created_at_ms = 0;
  bool deleting = false;
};

// Of a worker: what its agent may use of them. 0: unknown.
struct WorkerCpu {
  std::string model;
  int64_t sockets = 0;
  int64_t cores = 0;    // physical ones
  int64_t threads = 0;  // hardware threads
  int64_t numa_nodes = 0;
};

struct WorkerGpu {
  int64_t index = 0;   // as nvidia-smi or HIP counts
  std::string vendor;  // "nvidia", "amd"
  std::string name;    // as the driver names it: "NVIDIA H200"
  std::string uuid;
  std::string pci_bus_id;
  int64_t memory_total_bytes = 0;
  // Total less what anybody uses, engines of this worker included, as the driver shows it.
  int64_t memory_available_bytes = 0;
  int64_t compute_capability = 0;  // NVIDIA: 90 for 9.0
  std::string gfx_target;          // AMD: "gfx942"
  int64_t numa_node = -1;          // -1: unknown
  std::string driver_version;
};

struct Worker {
  std::string id;    // "worker-..."
  std::string name;  // host name
  // Its devices are not there: engines on it are simulated.
  bool is_virtual = false;
  // The devices that count most: the GPUs of the model with the most memory together, "nvidia" or
  // "amd"; on a node without any, "cpu". A node with GPUs is a node with a CPU, too: `cpu`.
  std::string device = "cpu";
  std::string device_model;        // "NVIDIA H200"; "cpu": the CPU's model name
  int64_t num_devices = 0;         // GPUs of that model; "cpu": hardware threads
  int64_t memory_total_bytes = 0;  // of the host
  int64_t memory_available_bytes = 0;
  WorkerCpu cpu;  // of an agent that does not tell: empty
  std::vector<WorkerGpu> gpus;
  // Devices that are there and cannot be used, a sentence each, with what to do about it.
  std::vector<std::string> device_problems;
  std::vector<std::string> isa;  // "avx2", "avx512", ...
  std::string state = "READY";   // "READY", "UNREACHABLE"
  std::string version;
  int64_t heartbeat_at_ms = 0;
};

// The server's order to a worker about one instance; everything the worker needs to carry it out.
struct Assignment {
  std::string instance_id;
  std::string deployment;
  int64_t generation = 0;
  bool should_run = true;  // false: drain, stop, forget
  std::string model;
  std::vector<ModelFile> files;
  std::vector<ModelSource> sources;
  std::string model_path;  // used instead of the files; empty: they are fetched
  EngineConfig engine;
  std::vector<int64_t> gpus;  // its own; empty: it runs on the CPU
  int64_t gpu_bytes = 0;      // that have to be free on each of them; 0: not known
  int64_t memory_bytes = 0;   // of the host, that it takes; 0: not known
};

nlohmann::json ToJson(const Progress& progress);
nlohmann::json ToJson(const GpuClaim& claim);
nlohmann::json ToJson(const Instance& instance);
nlohmann::json ToJson(const Deployment& deployment);
nlohmann::json ToJson(const WorkerCpu& cpu);
nlohmann::json ToJson(const WorkerGpu& gpu);
nlohmann::json ToJson(const Worker& worker);
nlohmann::json ToJson(const Assignment& assignment);
Result<Instance> InstanceFromJson(const nlohmann::json& json);
Result<Deployment> DeploymentFromJson(const nlohmann::json& json);
Result<Worker> WorkerFromJson(const nlohmann::json& json);
Result<Assignment> AssignmentFromJson(const nlohmann::json& json);

// What the platform relies on when a worker registers.
Status ValidateWorker(const Worker& worker);
// Ids of instances and workers: 1 to 64 of [a-z0-9.-], starting with a letter or digit. They become
// file names.
Status ValidateId(std::string_view id, const char* param);
// Absolute paths of at most 4096 bytes without control characters.
Status ValidateModelPath(std::string_view path);
// Names of deployments: 1 to 63 of [a-z0-9.-], starting and ending with a letter or digit.
Status ValidateDeploymentName(std::string_view name);

}  // namespace redline::spec
