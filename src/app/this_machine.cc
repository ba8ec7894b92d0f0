#include "app/this_machine.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "app/hardware_choice.h"
#include "app/output.h"
#include "app/progress_line.h"
#include "backends/devices/cpu_topology.h"
#include "base/clock.h"
#include "base/files.h"
#include "base/process.h"
#include "base/strings.h"
#include "engine/bench/machine_limits.h"
#include "engine/kernels/registry.h"

namespace redline::app {
namespace {

using planner::SourcedNumber;

constexpr double kMeasuringSeconds = 10;
constexpr double kMuchSpread = 0.15;
constexpr size_t kLongestName = 100;

std::string Today() { return FormatRfc3339(UnixMillis()).substr(0, 10); }

// More digits would say nothing.
double Rounded(double value) {
  const double unit = std::pow(10, std::floor(std::log10(value)) - 3);
  return std::round(value / unit) * unit;
}

SourcedNumber Measured(const engine::MachineLimit& limit) {
  const std::string what = limit.name == "peak" ? limit.isa + ", " : "";
  return {.value = Rounded(limit.PerSecond()),
          .source = fmt::format("measured {}: {}{} thread{}, best of {}, spread {:.0f}%", Today(),
                                what, limit.num_threads, limit.num_threads == 1 ? "" : "s",
                                limit.timing.num_samples, 100 * limit.timing.Spread())};
}

std::optional<SourcedNumber> BestOf(const engine::MachineLimits& limits,
                                    std::string_view arithmetic) {
  const engine::MachineLimit* peak = limits.BestPeak(arithmetic);
  return peak == nullptr ? std::nullopt : std::optional<SourcedNumber>(Measured(*peak));
}

Result<const engine::MachineLimit*> Need(const engine::MachineLimits& limits, const char* name,
                                         int num_threads, std::string_view isa = {},
                                         std::string_view arithmetic = {}) {
  const engine::MachineLimit* limit = limits.Find(name, num_threads, isa, arithmetic);
  if (limit != nullptr) return limit;
  return Internal(fmt::format("{} {} was not measured", name, isa));
}

Result<planner::HardwareSpec> SpecOf(const engine::MachineLimits& limits,
                                     const engine::KernelSet& kernels,
                                     const backends::CpuTopology& topology) {
  const int threads = limits.num_threads;
  RL_ASSIGN_OR_RETURN(const auto* read, Need(limits, "read", threads));
  RL_ASSIGN_OR_RETURN(const auto* read_one, Need(limits, "read", 1));
  RL_ASSIGN_OR_RETURN(const auto* copy, Need(limits, "copy", threads));
  RL_ASSIGN_OR_RETURN(const auto* fp32, Need(limits, "peak", threads, kernels.vectors, "fp32"));
  planner::HardwareSpec hardware{.name = Excerpt(topology.model, kLongestName),
                                 .driver_name = Excerpt(topology.model, kLongestName),
                                 .vendor = "cpu",
                                 .devices_per_node = 1};
  hardware.memory_bytes = {.value = static_cast<double>(TotalMemoryBytes()),
                           .source = "/proc/meminfo " + Today()};
  hardware.memory_bandwidth_bytes_per_second = Measured(*read);
  hardware.peak_flops.fp32_per_second = Measured(*fp32);
  hardware.peak_flops.bf16_per_second = BestOf(limits, "bf16");
  hardware.peak_flops.int8_per_second = BestOf(limits, "int8");
  if (topology.cores > 0)
    hardware.host_cores = {.value = static_cast<double>(topology.cores),
                           .source = "/sys " + Today()};
  hardware.cpu = planner::CpuFacts{
      .isa = std::string(kernels.name),
      .cores = threads,
      .last_level_cache_bytes = {.value = static_cast<double>(limits.caches.last_level_bytes),
                                 .source = "/sys " + Today()},
      .core_read_bytes_per_second = Measured(*read_one),
      .copy_bytes_per_second = Measured(*copy)};
  return hardware;
}

std::vector<std::string> Row(const std::string& name, const SourcedNumber& number,
                             const std::string& unit) {
  return {name, fmt::format("{:.1f} {}", number.value * 1e-9, unit), number.source};
}

void PrintThisMachine(const planner::HardwareSpec& hardware, const std::string& path) {
  const planner::CpuFacts& cpu = *hardware.cpu;
  const planner::PeakFlops& peaks = hardware.peak_flops;
  std::vector<std::vector<std::string>> rows = {
      Row("memory", hardware.memory_bytes, "GB"),
      Row("memory, read", hardware.memory_bandwidth_bytes_per_second, "GB/s"),
      Row("memory, read by one core", cpu.core_read_bytes_per_second, "GB/s"),
      Row("memory, copied (both ways)", cpu.copy_bytes_per_second, "GB/s"),
      Row("fp32", *peaks.fp32_per_second, "GFLOP/s")};
  if (peaks.bf16_per_second) rows.push_back(Row("bf16", *peaks.bf16_per_second, "GFLOP/s"));
  if (peaks.int8_per_second) rows.push_back(Row("int8", *peaks.int8_per_second, "Gop/s"));
  fmt::print("{}: {} threads, {} kernels\n\n{}\nin {}\n", hardware.name, cpu.cores, cpu.isa,
             FormatTable({"WHAT", "MEASURED", "SOURCE"}, rows), EscapeControl(path));
}

// Limits are the best samples; when these are far from the others, something else ran.
bool IsNoisy(const engine::MachineLimits& limits) {
  const engine::MachineLimit* read = limits.Find("read", limits.num_threads);
  return read != nullptr && read->timing.Spread() > kMuchSpread;
}

struct MeasuredMachine {
  planner::HardwareSpec hardware;
  bool is_noisy = false;
};

Result<MeasuredMachine> Measure(const std::function<void(const std::string& phase)>& progress) {
  RL_ASSIGN_OR_RETURN(const engine::KernelSet* kernels, engine::SelectKernels());
  RL_ASSIGN_OR_RETURN(const engine::MachineLimits limits,
                      engine::MeasureLimits({.num_threads = AvailableCpus(),
                                             .budget_seconds = kMeasuringSeconds,
                                             .progress = progress}));
  MeasuredMachine machine{.is_noisy = IsNoisy(limits)};
  RL_ASSIGN_OR_RETURN(machine.hardware, SpecOf(limits, *kernels, backends::ReadCpuTopology({})));
  return machine;
}

}  // namespace

Status RunCalibration(const Arguments& arguments) {
  const std::filesystem::path path =
      arguments.Has("out") ? std::filesystem::path(arguments.Get("out")) : ThisMachineFile();
  Result<MeasuredMachine> machine = Internal("not run");
  {
    ProgressLine line;
    machine =
        Measure([&line](const std::string& phase) { line.Show(phase, "measuring: " + phase); });
  }
  if (!machine.ok()) return machine.status();
  const std::string text = planner::HardwareToYaml(
      machine->hardware, "Measured by `redline doctor --calibrate` on " + Today() + ".");
  // What a plan would refuse is not written.
  RL_RETURN_IF_ERROR(planner::HardwareFromYaml(text).status());
  if (!arguments.Has("out")) RL_RETURN_IF_ERROR(MakeDirectories(path.parent_path(), 0700));
  RL_RETURN_IF_ERROR(WriteOutputFile(path, text));
  if (machine->is_noisy)
    fmt::print(stderr,
               "something else used this machine meanwhile: measure again when it is quiet\n");
  if (!PrintedForPrograms(arguments, planner::ToJson(machine->hardware)))
    PrintThisMachine(machine->hardware, path.string());
  return OkStatus();
}

}  // namespace redline::app
