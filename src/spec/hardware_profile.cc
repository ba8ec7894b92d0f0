#include "spec/hardware_profile.h"

#include <fmt/format.h>

#include <vector>

#include "base/strings.h"

namespace redline::spec {
namespace {

constexpr int64_t kMostGpus = 1024;

struct Gpu {
  std::string_view name;
  std::string_view driver_name;
  int compute_capability;
  int64_t memory_mib;  // nvidia-smi --query-gpu=memory.total
};

constexpr Gpu kGpus[] = {
    {"H200", "NVIDIA H200", 90, 143771},  {"H100", "NVIDIA H100 80GB HBM3", 90, 81559},
    {"B200", "NVIDIA B200", 100, 183359}, {"A100", "NVIDIA A100-SXM4-80GB", 80, 81920},
    {"L40", "NVIDIA L40", 89, 46068},     {"RTX4090", "NVIDIA GeForce RTX 4090", 89, 24564},
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

}  // namespace redline::spec
