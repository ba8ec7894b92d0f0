#include "spec/hardware_profile.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "base/strings.h"

namespace redline::spec {
namespace {

constexpr int64_t kMostGpus = 1024;

struct Gpu {
  std::string_view name;
  std::string_view driver_name;
  std::string_view words;  // of every variant's driver name
  int compute_capability;
  int64_t memory_mib;  // nvidia-smi --query-gpu=memory.total
};

constexpr Gpu kGpus[] = {
    {"H200", "NVIDIA H200", "h200", 90, 143771},
    {"H100", "NVIDIA H100 80GB HBM3", "h100", 90, 81559},
    {"B200", "NVIDIA B200", "b200", 100, 183359},
    {"A100", "NVIDIA A100-SXM4-80GB", "a100", 80, 81920},
    {"L40", "NVIDIA L40", "l40", 89, 46068},
    {"RTX4090", "NVIDIA GeForce RTX 4090", "rtx 4090", 89, 24564},
};

Status Unknown(std::string_view name) {
  std::vector<std::string> names;
  for (const Gpu& gpu : kGpus) names.push_back(fmt::format("{}x8", gpu.name));
  std::string upper(name);
  for (char& c : upper) c = c >= 'a' && c <= 'z' && c != 'x' ? static_cast<char>(c - 32) : c;
  return InvalidArgument(fmt::format("hardware \"{}\" is not known; it is a GPU and a count, such "
                                     "as {}{}",
                                     Excerpt(name), Join(names, ", "), DidYouMean(upper, names)),
                         "hardware");
}

// Whether the driver's name has these words as whole ones: "GH200" and "L40S" are other GPUs.
bool HasWords(std::string_view driver_name, std::string_view words) {
  std::string name = " " + ToLower(driver_name) + " ";
  std::replace(name.begin(), name.end(), '-', ' ');
  return name.find(fmt::format(" {} ", words)) != std::string::npos;
}

// What ECC or the firmware keeps for itself differs; a variant with half the memory is another GPU.
bool HasMemoryOf(const Gpu& gpu, int64_t memory_mib) {
  return memory_mib == 0 || memory_mib * 20 >= gpu.memory_mib * 19;
}

const Gpu* KnownGpu(std::string_view driver_name, int64_t memory_mib) {
  for (const Gpu& gpu : kGpus) {
    if (HasWords(driver_name, gpu.words) && HasMemoryOf(gpu, memory_mib)) return &gpu;
  }
  return nullptr;
}

}  // namespace

Result<HardwareProfile> FindHardwareProfile(std::string_view name) {
  const std::string wanted = ToLower(Trim(name));
  for (const Gpu& gpu : kGpus) {
    const std::string prefix = ToLower(gpu.name);
    if (!wanted.starts_with(prefix)) continue;
    const std::string rest = wanted.substr(prefix.size());
    const auto count = rest.empty() ? 1 : ParseInt64(rest[0] == 'x' ? rest.substr(1) : "");
    if (!count || *count < 1 || *count > kMostGpus) break;
    return HardwareProfile{.name = fmt::format("{}x{}", gpu.name, *count),
                           .gpu = std::string(gpu.driver_name),
                           .compute_capability = gpu.compute_capability,
                           .gpu_memory_mib = gpu.memory_mib,
                           .num_gpus = static_cast<int>(*count)};
  }
  return Unknown(name);
}

Result<HardwareProfile> HardwareProfileOf(const ReportedGpus& gpus) {
  const int64_t memory_mib = gpus.memory_bytes >> 20;
  const Gpu* known = KnownGpu(gpus.name, memory_mib);
  HardwareProfile profile{.gpu = std::string(gpus.name),
                          .compute_capability = static_cast<int>(gpus.compute_capability),
                          .gpu_memory_mib = memory_mib,
                          .num_gpus = static_cast<int>(std::min(gpus.count, kMostGpus))};
  if (known != nullptr && profile.compute_capability == 0)
    profile.compute_capability = known->compute_capability;
  if (known != nullptr && memory_mib == 0) profile.gpu_memory_mib = known->memory_mib;
  if (profile.compute_capability <= 0 || profile.gpu_memory_mib <= 0 || profile.num_gpus <= 0)
    return FailedPrecondition(
        fmt::format("the driver tells of {} x \"{}\" neither memory nor compute capability as far "
                    "as an engine's decisions depend on them",
                    gpus.count, Excerpt(gpus.name)));
  constexpr std::string_view kMaker = "NVIDIA ";
  std::string_view name = known != nullptr ? known->name : gpus.name;
  if (name.starts_with(kMaker)) name.remove_prefix(kMaker.size());
  profile.name = fmt::format("{}x{}", Excerpt(name), profile.num_gpus);
  return profile;
}

std::string GpuOf(const HardwareProfile& hardware) {
  return hardware.name.substr(0, hardware.name.rfind('x'));
}

}  // namespace redline::spec
