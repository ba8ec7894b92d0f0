#include "lab/mock/mock_options.h"

#include <fmt/format.h>

#include <iterator>

#include "base/strings.h"

namespace redline::lab {
namespace {

constexpr std::string_view kFaultNames[] = {
    "none",    "stall",    "reset",     "close-early", "split-utf8", "bad-utf8", "usage-lie",
    "garbage", "bad-http", "error-500", "error-429",   "long-line",  "no-done"};
static_assert(std::size(kFaultNames) == kNumFaults);

constexpr double kMaxDelayMs = 3600e3;

Status CheckRange(std::string_view name, double value, double low, double high) {
  if (value >= low && value <= high) return OkStatus();
  return InvalidArgument(fmt::format("{} must be {} to {}, got {}", name, low, high, value),
                         std::string(name));
}

}  // namespace

std::string_view NameOf(Fault fault) { return kFaultNames[static_cast<size_t>(fault)]; }

std::vector<std::string> FaultNames() { return {std::begin(kFaultNames), std::end(kFaultNames)}; }

Result<Fault> FaultFromName(std::string_view name) {
  for (int i = 0; i < kNumFaults; ++i)
    if (kFaultNames[i] == name) return static_cast<Fault>(i);
  return InvalidArgument(fmt::format("fault \"{}\" is not known{}", EscapeControl(name),
                                     DidYouMean(name, FaultNames())),
                         "fault");
}

Status Validate(const MockOptions& options) {
  RL_RETURN_IF_ERROR(CheckRange("port", options.port, 0, 65535));
  RL_RETURN_IF_ERROR(CheckRange("threads", options.num_threads, 1, 64));
  RL_RETURN_IF_ERROR(CheckRange("ttft-ms", options.ttft_ms, 0, kMaxDelayMs));
  RL_RETURN_IF_ERROR(CheckRange("itl-ms", options.itl_ms, 0, kMaxDelayMs));
  return CheckRange("fault-share", options.fault_share, 0, 1);
}

}  // namespace redline::lab
