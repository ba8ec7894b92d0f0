#include "app/cpu_calibrations.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "app/interrupt.h"
#include "base/clock.h"
#include "base/files.h"
#include "base/process.h"
#include "base/strings.h"
#include "lab/bench/bench.h"
#include "planner/cpu/cpu_fit.h"
#include "planner/cpu/cpu_plan.h"
#include "planner/quantile.h"
#include "platform/layout.h"

namespace redline::app {
namespace {

// The loads of the warm-up, by their place in the design: short, long, many.
constexpr size_t kWarmUps[] = {0, 4, 11, 0};

Status CheckComplete(const lab::RunResult& run, const std::string& name) {
  for (const lab::OutcomeCount& outcome : run.outcomes) {
    if (outcome.outcome == "ok" || outcome.count == 0) continue;
    return FailedPrecondition(fmt::format("{} of the requests of \"{}\" ended as {}: {}",
                                          outcome.count, name, outcome.outcome, outcome.sample));
  }
  return OkStatus();
}

// What is left, by the passes that are over.
std::string RunText(const planner::CpuPoint& point, size_t done, size_t all, double passed_s) {
  std::string text = fmt::format("run {} of {}: {}", done + 1, all, point.name);
  if (done > 0 && passed_s > 2) {
    const double left = passed_s * static_cast<double>(all - done) / static_cast<double>(done);
    text += fmt::format(", about {} left", FormatDuration(left));
  }
  return text;
}

}  // namespace

double LoadAverage() {
  double load = 0;
  return getloadavg(&load, 1) == 1 ? load : 0;
}

uint64_t FreshSeed() { return static_cast<uint64_t>(UnixMillis()) << 10; }

Status WarmUpCpuEngine(const CpuEngine& engine, const std::string& url) {
  const auto design = planner::CalibrationDesign(engine.entry.spec.context_length);
  uint64_t seed = FreshSeed() + (1 << 9);  // the runs after it begin at its own
  for (const size_t place : kWarmUps) {
    const planner::CpuPoint& point = design[std::min(place, design.size() - 1)];
    RL_RETURN_IF_ERROR(MeasureLoad(engine, url, planner::WorkloadOfPoint(point), ++seed).status());
  }
  return OkStatus();
}

Result<SeenLoad> MeasureLoad(const CpuEngine& engine, const std::string& url,
                             const spec::WorkloadSpec& workload, uint64_t seed) {
  lab::BenchOptions options;
  options.url = url;
  options.api = lab::Api::kCompletions;
  options.prompts = lab::PromptForm::kIds;
  options.vocab_size = engine.entry.spec.vocab_size;
  options.workload = workload;
  options.seed = seed;
  options.warm_up = false;
  options.self_check = false;
  options.num_threads = 1;
  options.stop = &StopOnInterrupt();
  RL_ASSIGN_OR_RETURN(const lab::Measurement measurement, lab::RunBench(std::move(options)));
  if (StopOnInterrupt() || measurement.repeats.empty()) return Status(Code::kCancelled, "stopped");
  const lab::RunResult& run = measurement.repeats.front();
  RL_RETURN_IF_ERROR(CheckComplete(run, workload.name));
  const auto figure = [&](const char* name) {
    return lab::FigureOf(run.summary, name).value_or(0);
  };
  return SeenLoad{.ttft_ms = figure("ttft_ms"),
                  .tpot_ms = figure("tpot_ms"),
                  .duration_s = figure("duration_s"),
                  .total_tps = figure("total_tps")};
}

Result<planner::CpuCalibration> MeasureCalibration(const CpuEngine& engine, const std::string& url,
                                                   int64_t num_passes,
                                                   const CalibrationProgress& progress) {
  planner::CpuCalibration calibration{.engine = engine.config.engine,
                                      .version = engine.config.version,
                                      .model = engine.entry.name,
                                      .cpu = engine.worker.cpu.model,
                                      .num_cpus = AvailableCpus(),
                                      .measured_at = FormatRfc3339(UnixMillis()),
                                      .arguments = engine.arguments,
                                      .resolved = engine.config.resolved};
  const std::vector<planner::CpuPoint> design =
      planner::CalibrationDesign(engine.entry.spec.context_length);
  uint64_t seed = FreshSeed();
  progress("warm-up", "warming up");
  RL_RETURN_IF_ERROR(WarmUpCpuEngine(engine, url));
  std::vector<std::vector<SeenLoad>> seen(design.size());
  const MonotonicTime begin = MonotonicNow();
  const size_t num_runs = design.size() * static_cast<size_t>(num_passes);
  for (size_t run = 0; run < num_runs; ++run) {
    // There and back, so that what drifts hits all alike.
    const size_t pass = run / design.size();
    const size_t place =
        pass % 2 == 0 ? run % design.size() : design.size() - 1 - run % design.size();
    progress(fmt::format("pass {}", pass + 1),
             RunText(design[place], run, num_runs, SecondsSince(begin)));
    RL_ASSIGN_OR_RETURN(const SeenLoad load,
                        MeasureLoad(engine, url, planner::WorkloadOfPoint(design[place]), ++seed));
    seen[place].push_back(load);
  }
  for (size_t place = 0; place < design.size(); ++place) {
    const auto median = [&](double SeenLoad::*figure) {
      std::vector<double> values;
      for (const SeenLoad& load : seen[place]) values.push_back(load.*figure);
      return planner::Quantile(values, 0.5);
    };
    planner::CpuPoint point = design[place];
    point.ttft_ms = median(&SeenLoad::ttft_ms);
    point.tpot_ms = median(&SeenLoad::tpot_ms);
    point.duration_s = median(&SeenLoad::duration_s);
    calibration.points.push_back(std::move(point));
  }
  RL_RETURN_IF_ERROR(planner::FitCpuCosts(engine.entry.spec, calibration));
  return calibration;
}

std::filesystem::path CpuCalibrationPath(const CpuEngine& engine) {
  return platform::DefaultDataDir() / "calibration" /
         planner::CpuCalibrationFile(engine.config.engine, engine.config.version,
                                     engine.entry.name);
}

Result<planner::CpuCalibration> LoadCpuCalibration(const CpuEngine& engine) {
  constexpr uint64_t kMostBytes = 1 << 20;
  const std::filesystem::path path = CpuCalibrationPath(engine);
  const std::string remedy =
      fmt::format("redline calibrate run {} --engine {}", engine.entry.name,
                  engine.config.engine == "native" ? "native" : engine.Name());
  const auto text = ReadFile(path, kMostBytes);
  if (text.status().code() == Code::kNotFound)
    return Status(Code::kFailedPrecondition,
                  fmt::format("{} with {} was not measured on this machine; run: {}", engine.Name(),
                              engine.entry.name, remedy),
                  "engine");
  if (!text.ok()) return text.status();
  auto calibration = planner::CpuCalibrationFromYaml(*text);
  if (!calibration.ok()) return calibration.status().WithContext(path.string());
  if (calibration->cpu == engine.worker.cpu.model && calibration->num_cpus == AvailableCpus())
    return calibration;
  return Status(Code::kFailedPrecondition,
                fmt::format("{} was measured on {} with {} CPUs, and this is {} with {}; run: {}",
                            path.string(), calibration->cpu, calibration->num_cpus,
                            engine.worker.cpu.model, AvailableCpus(), remedy),
                "engine");
}

Result<planner::EnginePlan> PlanCpuEngine(const CpuEngine& engine,
                                          const planner::CpuCalibration& calibration) {
  return planner::PlanOnCpu({.engine = engine.config.engine,
                             .version = engine.config.version,
                             .resolved = engine.config.resolved,
                             .model = &engine.entry.spec,
                             .calibration = &calibration});
}

}  // namespace redline::app
