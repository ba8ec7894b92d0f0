#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "base/strings.h"
#include "spec/workload_spec.h"

namespace redline::spec {
namespace {

using Distribution = LengthSpec::Distribution;
using Process = ArrivalSpec::Process;
using Format = DatasetSpec::Format;

// In the order of the enumerators.
constexpr std::array<std::string_view, 6> kDistributionNames = {"fixed",     "uniform",  "normal",
                                                                "lognormal", "sharegpt", "dataset"};
constexpr std::array<std::string_view, 8> kProcessNames = {"closed", "burst", "constant", "poisson",
                                                           "gamma",  "ramp",  "steps",    "trace"};
constexpr std::array<std::string_view, 4> kFormatNames = {"none", "azure", "mooncake", "jsonl"};

template <typename Enum>
Result<Enum> EnumFromName(std::string_view what, std::string_view name,
                          std::span<const std::string_view> names) {
  const auto found = std::find(names.begin(), names.end(), name);
  if (found != names.end()) return static_cast<Enum>(found - names.begin());
  const std::vector<std::string> known(names.begin(), names.end());
  return InvalidArgument(std::string(what) + " \"" + Excerpt(name) + "\" is not known" +
                         DidYouMean(name, known) + "; choose one of " + Join(known, ", "));
}

}  // namespace

std::string_view NameOf(Distribution distribution) {
  return kDistributionNames[static_cast<size_t>(distribution)];
}

std::string_view NameOf(Process process) { return kProcessNames[static_cast<size_t>(process)]; }

std::string_view NameOf(Format format) { return kFormatNames[static_cast<size_t>(format)]; }

Result<Distribution> DistributionFromName(std::string_view name) {
  return EnumFromName<Distribution>("distribution", name, kDistributionNames);
}

Result<Process> ProcessFromName(std::string_view name) {
  return EnumFromName<Process>("process", name, kProcessNames);
}

Result<Format> DatasetFormatFromName(std::string_view name) {
  return EnumFromName<Format>("format", name, kFormatNames);
}

}  // namespace redline::spec
