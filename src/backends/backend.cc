#include "backends/backend.h"

#include <algorithm>
#include <charconv>
#include <functional>

#include "base/strings.h"

namespace redline::backends {
namespace {

constexpr char kCpu[] = "cpu";

// The number in front of the first '%' of `text`, 0..1, when only spaces come before it.
std::optional<double> LeadingPercent(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  const size_t sign = text.find('%');
  if (sign == std::string_view::npos) return std::nullopt;
  const auto percent = ParseDouble(text.substr(0, sign));
  if (!percent || !(*percent >= 0 && *percent <= 100)) return std::nullopt;
  return *percent / 100;
}

std::string_view LineAround(std::string_view text, size_t position) {
  const size_t before = text.rfind('\n', position);
  const size_t begin = before == std::string_view::npos ? 0 : before + 1;
  return text.substr(begin, text.find('\n', position) - begin);
}

}  // namespace

Result<spec::Parameters> Backend::ReadArguments(std::string_view,
                                                const std::vector<std::string>&) const {
  return Unimplemented(facts().name + " takes parameters, not arguments");
}

HardwareFacts FactsOf(const spec::Worker& worker) {
  if (worker.device == kCpu) return CpuFactsOf(worker);
  HardwareFacts facts{.device = worker.device,
                      .device_model = worker.device_model,
                      .num_devices = worker.num_devices,
                      .isa = worker.isa};
  bool is_first = true;
  for (const spec::WorkerGpu& gpu : worker.gpus) {
    if (gpu.vendor != worker.device || gpu.name != worker.device_model) continue;
    facts.memory_bytes = is_first ? gpu.memory_available_bytes
                                  : std::min(facts.memory_bytes, gpu.memory_available_bytes);
    facts.total_bytes =
        is_first ? gpu.memory_total_bytes : std::min(facts.total_bytes, gpu.memory_total_bytes);
    facts.compute_capability = gpu.compute_capability;
    facts.bytes_of_each.push_back(gpu.memory_available_bytes);
    is_first = false;
  }
  std::sort(facts.bytes_of_each.begin(), facts.bytes_of_each.end(), std::greater<>());
  return facts;
}

HardwareFacts CpuFactsOf(const spec::Worker& worker) {
  // An agent of before GPUs were told of says it in the fields of the device.
  const bool is_told = worker.cpu.threads > 0 || worker.device != kCpu;
  return {.device = kCpu,
          .device_model = is_told ? worker.cpu.model : worker.device_model,
          .num_devices = is_told ? worker.cpu.threads : worker.num_devices,
          .memory_bytes = worker.memory_available_bytes,
          .isa = worker.isa};
}

std::optional<spec::Progress> MatchProgress(std::span<const LogMarker> markers,
                                            std::string_view line) {
  for (const LogMarker& marker : markers) {
    const size_t at = line.find(marker.text);
    if (at == std::string_view::npos) continue;
    spec::Progress progress;
    progress.phase = marker.phase;
    progress.fraction = marker.constant;
    if (marker.fraction == LogMarker::Fraction::kPercentAfterText) {
      const auto percent = LeadingPercent(line.substr(at + marker.text.size()));
      if (!percent) continue;
      progress.fraction = marker.constant + *percent * (marker.until - marker.constant);
    }
    return progress;
  }
  return std::nullopt;
}

std::optional<FailureCause> ClassifyFailure(std::span<const FailurePattern> patterns,
                                            std::string_view log_tail) {
  constexpr size_t kMaxLineBytes = 500;
  for (const FailurePattern& pattern : patterns) {
    const size_t at = log_tail.rfind(pattern.text);
    if (at == std::string_view::npos) continue;
    const std::string_view whole = Trim(LineAround(log_tail, at));
    const std::string_view line =
        whole.substr(0, CompleteUtf8Prefix(whole.substr(0, kMaxLineBytes)));
    return FailureCause{pattern.kind, pattern.advice, std::string(line)};
  }
  return std::nullopt;
}

}  // namespace redline::backends
