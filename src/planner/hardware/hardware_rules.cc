#include "planner/hardware/hardware_rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/strings.h"

namespace redline::planner {
namespace {

// Bounds that catch another unit (GB, TFLOPS, Gbit) and are far from any device.
struct Range {
  double least;
  double most;
};
constexpr Range kMemoryBytes = {1e8, 1e15};
constexpr Range kBandwidth = {1e8, 1e15};
constexpr Range kFlops = {1e8, 1e18};
constexpr Range kCacheBytes = {1e4, 1e12};
constexpr Range kLinkBandwidth = {1e7, 1e14};
constexpr Range kCores = {1, 1e5};
constexpr Range kUsd = {0.001, 1e5};
constexpr size_t kLongestText = 200;

const std::vector<std::string>& Vendors() {
  static const std::vector<std::string> vendors = {"nvidia", "amd", "cpu"};
  return vendors;
}

const std::vector<std::string>& Isas() {
  static const std::vector<std::string> isas = {"ref",    "avx2",        "avx2_int8",   "avx_vnni",
                                                "avx512", "avx512_vnni", "avx512_bf16", "amx"};
  return isas;
}

const std::vector<std::string>& LinkKinds() {
  static const std::vector<std::string> kinds = {"nvlink",     "xgmi", "pcie",
                                                 "infiniband", "roce", "ethernet"};
  return kinds;
}

Status Wrong(const std::string& field, const std::string& what) {
  return InvalidArgument(fmt::format("\"{}\" {}", field, what), field);
}

Status CheckText(const std::string& field, const std::string& text) {
  if (text.empty()) return Wrong(field, "is missing");
  if (text.size() > kLongestText || EscapeControl(text) != text)
    return Wrong(field, fmt::format("must be plain text of at most {} bytes", kLongestText));
  return OkStatus();
}

Status CheckWord(const std::string& field, const std::string& word,
                 const std::vector<std::string>& known) {
  if (std::find(known.begin(), known.end(), word) != known.end()) return OkStatus();
  return Wrong(field, fmt::format("must be one of {}, not \"{}\"{}", Join(known, ", "),
                                  Excerpt(word), DidYouMean(word, known)));
}

Status CheckValue(const std::string& field, double value, Range range) {
  if (value >= range.least && value <= range.most) return OkStatus();
  if (value == 0) return Wrong(field, "is missing or 0");
  return Wrong(field, fmt::format("must be from {:g} to {:g}, not {:g}; mind the unit", range.least,
                                  range.most, value));
}

Status CheckNumber(const std::string& field, const SourcedNumber& number, Range range) {
  RL_RETURN_IF_ERROR(CheckValue(field + ".value", number.value, range));
  return CheckText(field + ".source", number.source);
}

Status CheckNumber(const std::string& field, const std::optional<SourcedNumber>& number,
                   Range range) {
  return number ? CheckNumber(field, *number, range) : OkStatus();
}

// What nearly every engine computes with: a GPU in bf16, a CPU in fp32.
Status CheckPeaks(const PeakFlops& peaks, bool is_cpu) {
  if (is_cpu && !peaks.fp32_per_second) return Wrong("peak_flops.fp32_per_second", "is missing");
  if (!is_cpu && !peaks.bf16_per_second) return Wrong("peak_flops.bf16_per_second", "is missing");
  RL_RETURN_IF_ERROR(CheckNumber("peak_flops.fp32_per_second", peaks.fp32_per_second, kFlops));
  RL_RETURN_IF_ERROR(CheckNumber("peak_flops.bf16_per_second", peaks.bf16_per_second, kFlops));
  RL_RETURN_IF_ERROR(CheckNumber("peak_flops.fp8_per_second", peaks.fp8_per_second, kFlops));
  RL_RETURN_IF_ERROR(CheckNumber("peak_flops.int8_per_second", peaks.int8_per_second, kFlops));
  return CheckNumber("peak_flops.fp4_per_second", peaks.fp4_per_second, kFlops);
}

Status CheckLink(const std::string& field, const std::optional<Link>& link) {
  if (!link) return OkStatus();
  RL_RETURN_IF_ERROR(CheckWord(field + ".kind", link->kind, LinkKinds()));
  RL_RETURN_IF_ERROR(
      CheckValue(field + ".bytes_per_second", link->bytes_per_second, kLinkBandwidth));
  return CheckText(field + ".source", link->source);
}

// "2026-06" or "2026-06-30".
bool IsDate(std::string_view text) {
  constexpr std::string_view kPattern = "0000-00-00";
  if (text.size() != 7 && text.size() != kPattern.size()) return false;
  for (size_t at = 0; at < text.size(); ++at) {
    const bool is_digit = text[at] >= '0' && text[at] <= '9';
    if (kPattern[at] == '0' ? !is_digit : text[at] != '-') return false;
  }
  const auto month = ParseInt64(text.substr(5, 2));
  const auto day = text.size() == 7 ? 1 : ParseInt64(text.substr(8, 2));
  return *month >= 1 && *month <= 12 && *day >= 1 && *day <= 31;
}

Status CheckPrice(const std::optional<Price>& price) {
  if (!price) return OkStatus();
  RL_RETURN_IF_ERROR(CheckValue("price.usd_per_device_hour", price->usd_per_device_hour, kUsd));
  RL_RETURN_IF_ERROR(CheckText("price.source", price->source));
  if (IsDate(price->date)) return OkStatus();
  return Wrong("price.date", fmt::format("must be a date like 2026-06 or 2026-06-30, not \"{}\"",
                                         Excerpt(price->date)));
}

Status CheckCount(const std::string& field, int64_t count, int64_t most) {
  if (count >= 1 && count <= most) return OkStatus();
  return Wrong(field, fmt::format("must be from 1 to {}, not {}", most, count));
}

Status CheckCpu(const HardwareSpec& hardware) {
  if (hardware.vendor != "cpu")
    return hardware.cpu ? Wrong("cpu", "belongs to vendor cpu alone") : OkStatus();
  if (!hardware.cpu)
    return Wrong("cpu", "is missing: `redline doctor --calibrate` measures what belongs there");
  const CpuFacts& cpu = *hardware.cpu;
  RL_RETURN_IF_ERROR(CheckWord("cpu.isa", cpu.isa, Isas()));
  RL_RETURN_IF_ERROR(CheckCount("cpu.cores", cpu.cores, kMostCores));
  RL_RETURN_IF_ERROR(
      CheckNumber("cpu.last_level_cache_bytes", cpu.last_level_cache_bytes, kCacheBytes));
  RL_RETURN_IF_ERROR(
      CheckNumber("cpu.core_read_bytes_per_second", cpu.core_read_bytes_per_second, kBandwidth));
  return CheckNumber("cpu.copy_bytes_per_second", cpu.copy_bytes_per_second, kBandwidth);
}

Status CheckCounts(const HardwareSpec& hardware) {
  RL_RETURN_IF_ERROR(
      CheckCount("devices_per_node", hardware.devices_per_node, kMostDevicesPerNode));
  RL_RETURN_IF_ERROR(CheckCount("num_nodes", hardware.num_nodes, kMostNodes));
  if (hardware.devices_per_node > 1 && !hardware.intra_node_link)
    return Wrong("intra_node_link", "is missing: a node has several devices");
  if (hardware.num_nodes > 1 && !hardware.inter_node_link)
    return Wrong("inter_node_link", "is missing: there are several nodes");
  const bool is_nvidia = hardware.vendor == "nvidia";
  if (is_nvidia ? hardware.compute_capability < 10 || hardware.compute_capability > 1000
                : hardware.compute_capability != 0)
    return Wrong("compute_capability",
                 fmt::format("must be like 90 for 9.0 with NVIDIA's devices and absent with "
                             "others, not {}",
                             hardware.compute_capability));
  return OkStatus();
}

}  // namespace

Status ValidateHardware(const HardwareSpec& hardware) {
  RL_RETURN_IF_ERROR(CheckText("name", hardware.name));
  RL_RETURN_IF_ERROR(CheckText("driver_name", hardware.driver_name));
  RL_RETURN_IF_ERROR(CheckWord("vendor", hardware.vendor, Vendors()));
  RL_RETURN_IF_ERROR(CheckNumber("memory_bytes", hardware.memory_bytes, kMemoryBytes));
  RL_RETURN_IF_ERROR(CheckNumber("memory_bandwidth_bytes_per_second",
                                 hardware.memory_bandwidth_bytes_per_second, kBandwidth));
  RL_RETURN_IF_ERROR(CheckPeaks(hardware.peak_flops, hardware.vendor == "cpu"));
  RL_RETURN_IF_ERROR(CheckLink("intra_node_link", hardware.intra_node_link));
  RL_RETURN_IF_ERROR(CheckLink("inter_node_link", hardware.inter_node_link));
  RL_RETURN_IF_ERROR(CheckNumber("host_cores", hardware.host_cores, kCores));
  RL_RETURN_IF_ERROR(CheckPrice(hardware.price));
  RL_RETURN_IF_ERROR(CheckCounts(hardware));
  return CheckCpu(hardware);
}

}  // namespace redline::planner
