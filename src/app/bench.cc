#include "lab/bench/bench.h"

#include <fmt/format.h>

#include <atomic>
#include <nlohmann/json.hpp>

#include "app/bench_flags.h"
#include "app/bench_output.h"
#include "app/commands.h"
#include "app/interrupt.h"
#include "app/output.h"
#include "lab/bench/client_report.h"
#include "lab/bench/interleaved.h"
#include "lab/stats/comparison.h"
#include "workload/plan_summary.h"

namespace redline::app {
namespace {

using nlohmann::json;

std::vector<Flag> AllBenchFlags() {
  std::vector<Flag> flags = BenchFlags();
  const std::vector<Flag> own = {
      {"against", "URL", "measure this server, too, in turns (A/B/A/B), and compare", ""},
      {"against-model", "NAME", "model to ask the other server for [the only one served]", ""},
      {"report-dir", "DIR",
       "write result.json, report.html, report.md, metrics.csv, requests.csv and, while it runs, "
       "status.json here "
       "[redline-bench/WORKLOAD-TIME with --output table]",
       ""},
      {"raw-samples", "FILE", "write every event's time stamp of the last run", ""},
      {"dry-run", "", "show the requests that would be sent, and send none", ""},
      OutputFlag()};
  flags.insert(flags.end(), own.begin(), own.end());
  return flags;
}

Status PrintPlan(const Arguments& arguments) {
  RL_ASSIGN_OR_RETURN(const spec::WorkloadSpec workload, WorkloadOf(arguments));
  RL_ASSIGN_OR_RETURN(const int64_t seed, arguments.GetInt("seed", 0, int64_t{1} << 53));
  RL_ASSIGN_OR_RETURN(const auto plan, workload::MakePlan(workload, static_cast<uint64_t>(seed)));
  const workload::PlanSummary summary = workload::Summarize(*plan);
  json document = {{"workload", json::parse(spec::ToJson(workload))},
                   {"num_requests", summary.num_requests},
                   {"num_sessions", summary.num_sessions},
                   {"dataset_hash", workload::FormatHash(summary.dataset_hash)}};
  if (summary.last_intended_s >= 0) document["last_intended_s"] = summary.last_intended_s;
  std::vector<std::vector<std::string>> rows;
  for (const auto& [name, lengths] :
       {std::pair("input_tokens", &summary.input), std::pair("output_tokens", &summary.output)}) {
    document[name] = {{"total", lengths->total}, {"mean", lengths->mean}, {"min", lengths->min},
                      {"p50", lengths->p50},     {"p90", lengths->p90},   {"p99", lengths->p99},
                      {"max", lengths->max}};
    rows.push_back({name, std::to_string(lengths->total), fmt::format("{:.1f}", lengths->mean),
                    std::to_string(lengths->min), std::to_string(lengths->p50),
                    std::to_string(lengths->p90), std::to_string(lengths->p99),
                    std::to_string(lengths->max)});
  }
  if (PrintedForPrograms(arguments, document)) return OkStatus();
  fmt::print("{}: {} requests, seed {}, hash {}\n", workload.name, summary.num_requests, seed,
             workload::FormatHash(summary.dataset_hash));
  fmt::print("{}", FormatTable({"", "TOTAL", "MEAN", "MIN", "P50", "P90", "P99", "MAX"}, rows));
  return OkStatus();
}

Status RunSelfCheck(const Arguments& arguments) {
  int64_t threads = 0;
  if (arguments.Has("threads")) {
    RL_ASSIGN_OR_RETURN(threads, arguments.GetInt("threads", 1, 256));
  }
  RL_ASSIGN_OR_RETURN(const lab::ClientReport check,
                      lab::MakeClientReport(static_cast<int>(threads)));
  if (PrintedForPrograms(arguments, json::parse(lab::ToJson(check)))) return OkStatus();
  fmt::print("{}", ClientTable(check));
  return OkStatus();
}

Status WasStopped(const std::atomic<bool>& interrupted) {
  return interrupted
             ? Status(Code::kCancelled, "stopped before its end; what was measured is shown")
             : OkStatus();
}

Status Measure(const Arguments& arguments, lab::BenchOptions options, BenchView& view) {
  const std::atomic<bool>& interrupted = StopOnInterrupt();
  options.stop = &interrupted;
  options.on_progress = [&](const lab::BenchProgress& progress) { view.Show(progress); };
  options.raw_samples_path = arguments.Get("raw-samples");
  options.command_line = CommandLineOf("bench", arguments, AllBenchFlags());
  if (arguments.Has("against-model") && !arguments.Has("against"))
    return InvalidArgument("--against-model means nothing without --against", "against-model");
  if (!arguments.Has("against")) {
    RL_ASSIGN_OR_RETURN(const lab::Measurement measurement, lab::RunBench(std::move(options)));
    view.Clear();
    view.SetResult(measurement);
    RL_RETURN_IF_ERROR(Show(arguments, measurement));
    return WasStopped(interrupted);
  }
  lab::BenchOptions other = options;
  other.url = arguments.Get("against");
  other.model = arguments.Get("against-model");
  if (arguments.Get("url").empty() && !arguments.Has("api-key")) other.headers.clear();
  RL_ASSIGN_OR_RETURN(const lab::MeasuredPair pair,
                      lab::RunInterleaved(std::move(options), std::move(other)));
  view.Clear();
  RL_RETURN_IF_ERROR(Show(arguments, pair));
  return WasStopped(interrupted);
}

Status RunMeasurement(const Arguments& arguments) {
  RL_ASSIGN_OR_RETURN(lab::BenchOptions options, BenchOptionsOf(arguments));
  RL_RETURN_IF_ERROR(CheckReportFolder(arguments));
  std::filesystem::path status_file;
  if (arguments.Has("report-dir"))
    status_file = std::filesystem::path(arguments.Get("report-dir")) / "status.json";
  BenchView view(options, status_file);
  const Status status = Measure(arguments, std::move(options), view);
  view.Finish(status);
  return status;
}

Status RunBenchCommand(const Arguments& arguments) {
  const std::string action = arguments.Get("ACTION");
  if (action == "selfcheck") return RunSelfCheck(arguments);
  if (!action.empty()) {
    return InvalidArgument(fmt::format("bench has no action \"{}\"; there is selfcheck", action),
                           "ACTION");
  }
  return arguments.Has("dry-run") ? PrintPlan(arguments) : RunMeasurement(arguments);
}

}  // namespace

Command BenchCommand() {
  return {.name = "bench",
          .summary = "measure a server that speaks OpenAI's API",
          .description =
              "Sends a workload, stamps every event and says what the server did, with intervals, "
              "and whether the run is worth believing: a client that was too slow or late makes it "
              "INVALID. The server is warmed up first. `redline bench selfcheck` measures the "
              "client alone. See docs/benchmarks.md.",
          .example =
              "redline bench --workload sharegpt --scale 0.05\n"
              "redline bench --url http://127.0.0.1:8000 --model M --workload short --repeats 5",
          .flags = AllBenchFlags(),
          .positionals = {{"ACTION", "selfcheck: measure the client itself", false}},
          .run = RunBenchCommand};
}

}  // namespace redline::app
