#include "app/serve_bench.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "app/cpu_calibrations.h"
#include "app/output.h"
#include "app/progress_line.h"
#include "backends/devices/cpu_topology.h"
#include "base/files.h"
#include "base/process.h"
#include "base/strings.h"
#include "engine/bench/bench_json.h"
#include "spec/json.h"

namespace redline::app {
namespace {

using nlohmann::json;

constexpr int64_t kMostThreads = 1024;
constexpr double kLeastSeconds = 5;
constexpr double kMostSeconds = 3600;
// A share that is no rounding: the limit itself was measured too low.
constexpr double kShareNotPossible = 1.1;

std::string Rate(double per_second, const char* unit) {
  return fmt::format("{:.1f} {}", per_second * 1e-9, unit);
}

std::string SpreadOf(const engine::Timing& timing) {
  return fmt::format("+-{:.0f}%", 100 * timing.Spread());
}

std::string TimeOf(double seconds) {
  return seconds < 1e-3 ? fmt::format("{:.1f} us", seconds * 1e6)
                        : fmt::format("{:.2f} ms", seconds * 1e3);
}

std::string LimitName(const engine::MachineLimit& limit) {
  if (limit.name == "read") return "memory, read";
  if (limit.name == "copy") return "memory, copied (both ways)";
  if (limit.name == "cache_read") return "L2 cache, read";
  return limit.arithmetic + " arithmetic, " + limit.isa;
}

std::string LimitTable(const engine::MachineLimits& limits) {
  std::vector<std::vector<std::string>> rows;
  for (const engine::MachineLimit& limit : limits.all) {
    const char* unit =
        limit.name == "peak" ? limit.arithmetic == "int8" ? "Gop/s" : "GFLOP/s" : "GB/s";
    rows.push_back({LimitName(limit), std::to_string(limit.num_threads),
                    Rate(limit.PerSecond(), unit), Rate(limit.MedianPerSecond(), unit),
                    SpreadOf(limit.timing)});
  }
  return FormatTable({"LIMIT", "THREADS", "BEST", "MEDIAN", "SPREAD"}, rows);
}

std::vector<std::string> KernelRow(const engine::KernelSpeed& speed) {
  const auto dash = [](const std::string& text) { return text.empty() ? "-" : text; };
  const double seconds = speed.timing.median;
  return {speed.kernel,
          dash(speed.operand),
          dash(speed.format),
          std::to_string(speed.rows),
          speed.count > 0 ? std::to_string(speed.count) : "-",
          TimeOf(seconds),
          speed.bytes > 0 ? fmt::format("{:.1f}", speed.bytes / seconds * 1e-9) : "-",
          speed.operations > 0 ? fmt::format("{:.1f}", speed.operations / seconds * 1e-9) : "-",
          dash(speed.bound),
          speed.bound.empty() ? "-" : fmt::format("{:.0f}%", 100 * speed.share_of_limit),
          SpreadOf(speed.timing)};
}

std::string KernelTable(const std::vector<engine::KernelSpeed>& kernels) {
  std::vector<std::vector<std::string>> rows;
  rows.reserve(kernels.size());
  for (const engine::KernelSpeed& speed : kernels) rows.push_back(KernelRow(speed));
  return FormatTable({"KERNEL", "OPERAND", "FORMAT", "ROWS", "TIMES", "TIME", "GB/S", "GFLOP/S",
                      "BOUND", "OF LIMIT", "SPREAD"},
                     rows);
}

// "" where every kernel is below its limits.
std::string NoteOnLimits(const std::vector<engine::KernelSpeed>& kernels) {
  const auto above = std::count_if(kernels.begin(), kernels.end(), [](const auto& speed) {
    return !speed.bound.empty() && speed.share_of_limit > kShareNotPossible;
  });
  if (above == 0) return "";
  return fmt::format(
      "{} of {} kernels are faster than the limit beside them: other programs were busy while the "
      "limits were measured; measure again when the machine is idle, or longer (--bench-seconds)",
      above, kernels.size());
}

void PrintTables(const std::string& cpu, double load, const engine::KernelBenchResult& result) {
  fmt::print("{}, {} threads, {} kernels, {}; {:.1f} s; load before: {:.1f}\n\n",
             EscapeControl(cpu), result.limits.num_threads, result.isa, EscapeControl(result.model),
             result.seconds, load);
  fmt::print("{}\n{}", LimitTable(result.limits), KernelTable(result.kernels));
  fmt::print(
      "\nTIMES: how often one forward pass runs it. OF LIMIT: the time that the nearer limit asks "
      "for, of the median time. GB/S: weights, keys and values, inputs and outputs, once each.\n");
  const std::string note = NoteOnLimits(result.kernels);
  if (!note.empty()) fmt::print("\nnote: {}\n", note);
}

// Empty: what serving would choose.
std::string KernelsOf(const Arguments& arguments) {
  const std::string kernels = arguments.Get("kernels");
  return kernels == "auto" ? "" : kernels;
}

Result<engine::KernelBenchOptions> KernelBenchOptionsOf(const Arguments& arguments) {
  engine::KernelBenchOptions options{.model_path = arguments.Get("model-path"),
                                     .kernels = KernelsOf(arguments),
                                     .num_threads = AvailableCpus()};
  RL_ASSIGN_OR_RETURN(options.budget_seconds,
                      arguments.GetDouble("bench-seconds", kLeastSeconds, kMostSeconds));
  RL_ASSIGN_OR_RETURN(const int64_t threads, arguments.GetInt("num-threads", 0, kMostThreads));
  if (threads > 0) options.num_threads = static_cast<int>(threads);
  return options;
}

// Those of serving that mean the same here.
constexpr std::string_view kServeFlags[] = {"model-path", "num-threads", "kernels"};

Status RefuseOtherFlags(const Arguments& arguments, const std::vector<Flag>& serve_flags) {
  std::vector<std::string> refused;
  for (const Flag& flag : serve_flags)
    if (std::find(std::begin(kServeFlags), std::end(kServeFlags), flag.name) ==
        std::end(kServeFlags))
      refused.push_back(flag.name);
  return RefuseFlags(arguments, refused, "with --bench-kernels, which serves nothing");
}

}  // namespace

std::vector<Flag> BenchKernelsFlags() {
  return {{"bench-kernels", "",
           "measure this machine and the kernels at the sizes of --model-path (without one: "
           "SmolLM2-135M's), and serve nothing",
           ""},
          {"bench-seconds", "S",
           "--bench-kernels: how long measuring may take (5 to 3600); making weights and a busy "
           "machine add to it",
           "20"},
          {"bench-out", "FILE", "--bench-kernels: write all of it as JSON, too", ""},
          OutputFlag()};
}

Status RunBenchKernels(const Arguments& arguments, const std::vector<Flag>& serve_flags) {
  RL_RETURN_IF_ERROR(RefuseOtherFlags(arguments, serve_flags));
  if (arguments.Has("bench-out"))
    RL_RETURN_IF_ERROR(CheckOutputFile(arguments.Get("bench-out")).WithContext("--bench-out"));
  RL_ASSIGN_OR_RETURN(engine::KernelBenchOptions options, KernelBenchOptionsOf(arguments));
  const double load = LoadAverage();
  Result<engine::KernelBenchResult> result = Internal("not run");
  {
    ProgressLine line;
    options.progress = [&line](const std::string& phase) {
      line.Show(phase, "measuring: " + phase);
    };
    result = engine::BenchKernels(options);
  }
  if (!result.ok()) return result.status();
  const std::string cpu = backends::ReadCpuTopology({}).model;
  json document = engine::ToJson(*result);
  document["cpu"] = cpu;
  document["load_average"] = load;
  const std::string note = NoteOnLimits(result->kernels);
  document["notes"] = note.empty() ? json::array() : json::array({note});
  if (!PrintedForPrograms(arguments, document)) PrintTables(cpu, load, *result);
  if (!arguments.Has("bench-out")) return OkStatus();
  return WriteOutputFile(arguments.Get("bench-out"), spec::DumpJson(document) + "\n")
      .WithContext("--bench-out");
}

}  // namespace redline::app
