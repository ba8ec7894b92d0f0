#include "platform/agent/preflight.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/strings.h"

namespace redline::platform {
namespace {

using backends::GpuDevice;

std::string SizeText(int64_t num_bytes) {
  return FormatBytes(static_cast<uint64_t>(std::max<int64_t>(num_bytes, 0)));
}

// {12, 4} of "12.4"; {0, 0}: not known.
std::pair<int64_t, int64_t> CudaVersion(const std::string& text) {
  const auto parts = Split(text, '.');
  const auto major = ParseInt64(parts[0]);
  const auto minor = parts.size() > 1 ? ParseInt64(parts[1]) : std::nullopt;
  return {major.value_or(0), minor.value_or(0)};
}

class Checks {
 public:
  explicit Checks(const PreflightFacts& facts) : facts_(facts) {}

  Status Run() {
    CheckDisk();
    CheckHostMemory();
    if (!facts_.gpus.empty()) {
      CheckBuild();
      CheckCuda();
      if (facts_.devices) CheckGpus(*facts_.devices);
    }
    if (facts_.port == 0) obstacles_.emplace_back("no port of the loopback interface is free");
    if (obstacles_.empty()) return OkStatus();
    return FailedPrecondition("PREFLIGHT: " + Join(obstacles_, "; "));
  }

 private:
  void CheckDisk() {
    if (!facts_.disk_bytes || facts_.download_bytes <= *facts_.disk_bytes) return;
    obstacles_.push_back(fmt::format(
        "{} of the model's files are still to be fetched, {} has {} left: free {}, or set "
        "REDLINE_CACHE_DIR",
        SizeText(facts_.download_bytes), facts_.disk_path, SizeText(*facts_.disk_bytes),
        SizeText(facts_.download_bytes - *facts_.disk_bytes)));
  }

  void CheckHostMemory() {
    if (!facts_.available_memory_bytes || facts_.memory_bytes <= *facts_.available_memory_bytes)
      return;
    obstacles_.push_back(
        fmt::format("the engine takes {} of memory, the node has {} available: {} are missing",
                    SizeText(facts_.memory_bytes), SizeText(*facts_.available_memory_bytes),
                    SizeText(facts_.memory_bytes - *facts_.available_memory_bytes)));
  }

  void CheckBuild() {
    if (facts_.built_for != "cpu") return;
    obstacles_.push_back(fmt::format(
        "what this version of Redline installs as {0} is for CPUs, and the deployment is on GPUs: "
        "install it for CUDA into a virtual environment of its own, and make it known on the "
        "worker with: redline engine install {0} --path DIR",
        facts_.engine));
  }

  void CheckCuda() {
    const std::string driver = facts_.devices ? facts_.devices->cuda_version : "";
    if (driver.empty() || facts_.needed_cuda.empty() ||
        CudaVersion(driver) >= CudaVersion(facts_.needed_cuda))
      return;
    obstacles_.push_back(fmt::format(
        "{} needs a driver for CUDA {}, driver {} is for CUDA {}: install a newer driver",
        facts_.engine, facts_.needed_cuda, facts_.devices->driver_version, driver));
  }

  void CheckGpus(const backends::NodeDevices& devices) {
    for (const int64_t index : facts_.gpus) {
      const auto found = std::find_if(
          devices.gpus.begin(), devices.gpus.end(),
          [&](const GpuDevice& gpu) { return gpu.index == index && gpu.vendor == Vendor(); });
      if (found == devices.gpus.end()) {
        obstacles_.push_back(fmt::format("GPU {} is not there{}", index, Problems(devices)));
      } else {
        CheckGpuMemory(*found);
      }
    }
  }

  // An engine takes GPUs of one vendor; indices are counted within it.
  std::string Vendor() const {
    const auto& gpus = facts_.devices->gpus;
    return gpus.empty() ? "" : gpus.front().vendor;
  }

  void CheckGpuMemory(const GpuDevice& gpu) {
    const int64_t available = gpu.memory_total_bytes - gpu.memory_used_bytes;
    if (facts_.gpu_bytes <= available) return;
    obstacles_.push_back(
        fmt::format("GPU {} ({}) has {} of {} left, {} are in use, and the engine takes {}: see "
                    "nvidia-smi for who uses it",
                    gpu.index, gpu.name, SizeText(available), SizeText(gpu.memory_total_bytes),
                    SizeText(gpu.memory_used_bytes), SizeText(facts_.gpu_bytes)));
  }

  static std::string Problems(const backends::NodeDevices& devices) {
    std::string text;
    for (const auto& problem : devices.problems)
      text += fmt::format(" ({}; {})", problem.what, problem.remedy);
    return text;
  }

  const PreflightFacts& facts_;
  std::vector<std::string> obstacles_;
};

}  // namespace

Status Preflight(const PreflightFacts& facts) { return Checks(facts).Run(); }

}  // namespace redline::platform
