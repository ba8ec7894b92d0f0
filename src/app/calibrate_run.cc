#include "app/calibrate_run.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "app/cpu_calibrations.h"
#include "app/environment.h"
#include "app/output.h"
#include "app/progress_line.h"
#include "base/files.h"
#include "base/process.h"
#include "base/strings.h"
#include "embedded/catalog_files.h"
#include "planner/cpu/cpu_fit.h"
#include "planner/cpu/cpu_policy.h"
#include "planner/predict/prediction.h"
#include "planner/quantile.h"
#include "workload/load_workload.h"
#include "workload/presets.h"
#include "workload/scale.h"

namespace redline::app {
namespace {

using nlohmann::json;

std::string SignedPercent(double share) { return fmt::format("{:+.1f}%", 100 * share); }

// "measured > fitted (error)".
std::string FittedCell(double measured, double fitted) {
  if (measured <= 0) return "";
  return fmt::format("{:.1f} > {:.1f} ({})", measured, fitted,
                     SignedPercent(fitted / measured - 1));
}

Result<std::string> PointsTable(const planner::CpuCalibration& calibration,
                                const spec::ModelSpec& model) {
  RL_ASSIGN_OR_RETURN(const planner::SchedulerPolicy policy,
                      planner::CpuPolicyOf(calibration.engine, calibration.resolved, model));
  std::vector<std::vector<std::string>> rows;
  for (const planner::CpuPoint& point : calibration.points) {
    RL_ASSIGN_OR_RETURN(const planner::CpuPoint fitted,
                        planner::SimulatePoint(point, policy, calibration.costs));
    rows.push_back({point.name, FittedCell(point.ttft_ms, fitted.ttft_ms),
                    FittedCell(point.tpot_ms, fitted.tpot_ms),
                    FittedCell(1e3 * point.duration_s, 1e3 * fitted.duration_s)});
  }
  return FormatTable({"LOAD", "TTFT ms", "TPOT ms", "DURATION ms"}, rows);
}

Status ShowCalibration(const planner::CpuCalibration& calibration, const spec::ModelSpec& model) {
  RL_ASSIGN_OR_RETURN(const std::string points, PointsTable(calibration, model));
  std::vector<std::vector<std::string>> rows;
  for (size_t index = 0; index < planner::kNumCpuCosts; ++index) {
    rows.push_back({std::string(planner::NameOf(static_cast<planner::CpuCost>(index))),
                    fmt::format("{:.4g}", calibration.costs.us[index])});
  }
  fmt::print(
      "{}@{} with {}, measured > fitted:\n{}\n{}\nmedian error of the fit {:.1f}%, 90th "
      "percentile {:.1f}%\n",
      calibration.engine, calibration.version, calibration.model, points,
      FormatTable({"COST", "MICROSECONDS"}, rows), 100 * calibration.median_error,
      100 * calibration.p90_error);
  return OkStatus();
}

// The engines of the command line, resolved before anything starts.
Result<std::vector<CpuEngine>> CalibratedEnginesOf(const Arguments& arguments) {
  const std::vector<std::string> names = arguments.GetAll("engine");
  const std::vector<std::string> words = arguments.GetAll("ARG");
  if (arguments.Get("FILE").empty())
    return InvalidArgument(
        "a model of the library is needed; for example: redline calibrate run "
        "smollm2-135m-instruct --engine native",
        "FILE");
  if (names.empty())
    return InvalidArgument("--engine is needed: native, vllm@0.13.0 or llama_cpp", "engine");
  if (names.size() > 1 && (!words.empty() || arguments.Has("env") || arguments.Has("url")))
    return InvalidArgument(
        "--url, --env and arguments after -- are one engine's: give one --engine", "engine");
  RL_ASSIGN_OR_RETURN(const auto environment, EnvironmentOf(arguments));
  RL_ASSIGN_OR_RETURN(const CpuEngineResolver resolver,
                      CpuEngineResolver::Make(arguments.Get("FILE")));
  std::vector<CpuEngine> engines;
  for (const std::string& name : names) {
    RL_ASSIGN_OR_RETURN(CpuEngine engine, resolver.Resolve(name, words, environment));
    RL_RETURN_IF_ERROR(
        planner::CpuPolicyOf(engine.config.engine, engine.config.resolved, engine.entry.spec)
            .status());
    engines.push_back(std::move(engine));
  }
  return engines;
}

// The engine at --url, or one that is started and ends with the object.
struct TargetOfCalibration {
  std::unique_ptr<RunningCpuEngine> running;
  std::string url;
};

Result<TargetOfCalibration> TargetOf(const Arguments& arguments, const CpuEngine& engine,
                                     ProgressLine& line) {
  TargetOfCalibration target{.running = nullptr, .url = arguments.Get("url")};
  if (!target.url.empty()) return target;
  RL_ASSIGN_OR_RETURN(target.running,
                      RunningCpuEngine::Start(engine, [&](const std::string& phase) {
                        line.Show(engine.Name() + phase, engine.Name() + ": " + phase);
                      }));
  target.url = target.running->url();
  return target;
}

Result<planner::CpuCalibration> CalibrateAndKeep(const Arguments& arguments,
                                                 const CpuEngine& engine, const std::string& url,
                                                 double load_average, ProgressLine& line) {
  RL_ASSIGN_OR_RETURN(const int64_t passes, arguments.GetInt("passes", 1, 100));
  RL_ASSIGN_OR_RETURN(planner::CpuCalibration calibration,
                      MeasureCalibration(engine, url, passes,
                                         [&](const std::string& phase, const std::string& text) {
                                           line.Show(engine.Name() + phase,
                                                     engine.Name() + ": " + text);
                                         }));
  calibration.load_average = load_average;
  const std::filesystem::path path = arguments.Has("out")
                                         ? std::filesystem::path(arguments.Get("out"))
                                         : CpuCalibrationPath(engine);
  std::error_code error;
  if (!arguments.Has("out")) std::filesystem::create_directories(path.parent_path(), error);
  RL_RETURN_IF_ERROR(WriteOutputFile(path, planner::ToYaml(calibration)));
  return calibration;
}

struct CheckedFigure {
  std::string engine;
  std::string workload;
  std::string metric;
  std::vector<double> measured;
  double predicted = 0;

  double Measured() const { return planner::Quantile(measured, 0.5); }
  double Error() const { return predicted / Measured() - 1; }
};

Result<std::vector<spec::WorkloadSpec>> CheckedWorkloads(const Arguments& arguments) {
  RL_ASSIGN_OR_RETURN(const double scale, arguments.GetDouble("scale", 1e-6, 1000));
  RL_ASSIGN_OR_RETURN(const double lengths, arguments.GetDouble("scale-lengths", 1e-6, 1000));
  std::vector<std::string> names = arguments.GetAll("workload");
  if (names.empty()) names = workload::PresetNames();
  std::vector<spec::WorkloadSpec> workloads;
  for (const std::string& name : names) {
    RL_ASSIGN_OR_RETURN(spec::WorkloadSpec workload, workload::LoadWorkload(name));
    RL_ASSIGN_OR_RETURN(workload, workload::Scale(workload, scale));
    RL_ASSIGN_OR_RETURN(workload, workload::ScaleLengths(workload, lengths));
    workloads.push_back(std::move(workload));
  }
  return workloads;
}

// All workloads in turns, `repeats` times, and beside each figure what the plan says of the same
// requests.
Result<std::vector<CheckedFigure>> CheckEngine(const CpuEngine& engine, const std::string& url,
                                               const planner::EnginePlan& plan,
                                               const std::vector<spec::WorkloadSpec>& workloads,
                                               int64_t repeats, ProgressLine& line) {
  std::vector<CheckedFigure> figures;
  uint64_t seed = FreshSeed();
  for (int64_t repeat = 0; repeat < repeats; ++repeat) {
    for (size_t index = 0; index < workloads.size(); ++index) {
      const spec::WorkloadSpec& workload = workloads[index];
      line.Show(fmt::format("{} check {}", engine.Name(), repeat),
                fmt::format("{}: {}, repeat {} of {}", engine.Name(), workload.name, repeat + 1,
                            repeats));
      RL_ASSIGN_OR_RETURN(const SeenLoad seen, MeasureLoad(engine, url, workload, ++seed));
      RL_ASSIGN_OR_RETURN(const planner::Prediction predicted,
                          planner::Predict(plan, workload, {.seed = seed, .explains = false}));
      const std::tuple<const char*, double, double> all[] = {
          {"total_tps", seen.total_tps, predicted.total_tps.value},
          {"ttft_ms", seen.ttft_ms, predicted.mean_ttft_ms.value},
          {"tpot_ms", seen.tpot_ms, predicted.mean_tpot_ms.value}};
      for (size_t metric = 0; metric < std::size(all); ++metric) {
        const auto& [name, measured, value] = all[metric];
        const size_t place = index * std::size(all) + metric;
        if (repeat == 0) figures.push_back({engine.Name(), workload.name, name, {}, 0});
        figures[place].measured.push_back(measured);
        figures[place].predicted += value / static_cast<double>(repeats);
      }
    }
  }
  std::erase_if(figures, [](const CheckedFigure& figure) { return figure.Measured() <= 0; });
  return figures;
}

json CheckJson(const std::vector<CheckedFigure>& figures) {
  json rows = json::array();
  std::vector<double> errors;
  for (const CheckedFigure& figure : figures) {
    rows.push_back({{"engine", figure.engine},
                    {"workload", figure.workload},
                    {"metric", figure.metric},
                    {"measured", figure.measured},
                    {"measured_median", figure.Measured()},
                    {"predicted", figure.predicted},
                    {"error", figure.Error()}});
    errors.push_back(std::abs(figure.Error()));
  }
  return {{"rows", std::move(rows)}, {"median_absolute_error", planner::Quantile(errors, 0.5)}};
}

// The median error of each engine's metrics, of each engine, and of all.
std::string CheckSummary(const std::vector<CheckedFigure>& figures) {
  std::vector<std::pair<std::string, std::vector<double>>> groups;
  const auto add = [&](const std::string& name, double error) {
    for (auto& [known, errors] : groups) {
      if (known == name) return errors.push_back(error);
    }
    groups.push_back({name, {error}});
  };
  for (const CheckedFigure& figure : figures) {
    const double error = std::abs(figure.Error());
    add(figure.engine + " " + figure.metric, error);
    add(figure.engine, error);
    add("all " + figure.metric, error);
    add("all", error);
  }
  std::vector<std::vector<std::string>> rows;
  for (const auto& [name, errors] : groups) {
    rows.push_back({name, fmt::format("{}", errors.size()),
                    fmt::format("{:.1f}%", 100 * planner::Quantile(errors, 0.5)),
                    fmt::format("{:.1f}%", 100 * planner::Quantile(errors, 1))});
  }
  return FormatTable({"OF", "FIGURES", "MEDIAN ERROR", "LARGEST"}, rows);
}

std::string CheckTable(const std::vector<CheckedFigure>& figures) {
  std::vector<std::vector<std::string>> rows;
  for (const CheckedFigure& figure : figures) {
    rows.push_back({figure.engine, figure.workload, figure.metric,
                    fmt::format("{:.1f}", figure.Measured()),
                    fmt::format("{:.1f} to {:.1f}", planner::Quantile(figure.measured, 0),
                                planner::Quantile(figure.measured, 1)),
                    fmt::format("{:.1f}", figure.predicted), SignedPercent(figure.Error())});
  }
  return FormatTable({"ENGINE", "WORKLOAD", "METRIC", "MEASURED", "RANGE", "PREDICTED", "ERROR"},
                     rows);
}

Status CheckActions(const Arguments& arguments) {
  return RefuseFlags(arguments, {"gpu", "source", "runs-for-model"}, "with run and check");
}

}  // namespace

std::vector<Flag> CalibrateRunFlags() {
  return {{.name = "engine",
           .value_name = "NAME[@VERSION]",
           .help = "run, check: native, vllm@0.13.0 or llama_cpp; may be repeated",
           .default_value = "",
           .repeated = true},
          {.name = "env",
           .value_name = "KEY=VALUE",
           .help = "run, check: a variable of the engine's environment",
           .default_value = "",
           .repeated = true},
          {"url", "URL", "run, check: an engine that runs already [one is started]", ""},
          {"passes", "N", "run: how often each load is measured; medians count", "3"},
          {"repeats", "N", "check: how often each workload is measured; medians count", "3"},
          {.name = "workload",
           .value_name = "NAME|FILE",
           .help = "check: may be repeated [the six presets]",
           .default_value = "",
           .repeated = true},
          {"scale", "S", "check: S times the requests of a workload", "0.02"},
          {"scale-lengths", "S", "check: S times the lengths of prompts and answers", "0.2"},
          {"fresh", "", "check: calibrate first, while the engine is there", ""},
          OutputFlag()};
}

Status RunCpuCalibration(const Arguments& arguments) {
  RL_RETURN_IF_ERROR(CheckActions(arguments));
  RL_RETURN_IF_ERROR(RefuseFlags(
      arguments, {"repeats", "workload", "scale", "scale-lengths", "fresh", "output"}, "with run"));
  RL_ASSIGN_OR_RETURN(const std::vector<CpuEngine> engines, CalibratedEnginesOf(arguments));
  const double load_average = LoadAverage();
  for (const CpuEngine& engine : engines) {
    auto line = std::make_unique<ProgressLine>();
    RL_ASSIGN_OR_RETURN(const TargetOfCalibration target, TargetOf(arguments, engine, *line));
    RL_ASSIGN_OR_RETURN(const planner::CpuCalibration calibration,
                        CalibrateAndKeep(arguments, engine, target.url, load_average, *line));
    line.reset();
    RL_RETURN_IF_ERROR(ShowCalibration(calibration, engine.entry.spec));
    if (!arguments.Has("out")) fmt::print("kept in {}\n", CpuCalibrationPath(engine).string());
  }
  return OkStatus();
}

Status RunCpuCheck(const Arguments& arguments) {
  RL_RETURN_IF_ERROR(CheckActions(arguments));
  RL_RETURN_IF_ERROR(RefuseFlags(arguments, {"out"}, "with check"));
  if (!arguments.Has("fresh"))
    RL_RETURN_IF_ERROR(RefuseFlags(arguments, {"passes"}, "without --fresh"));
  RL_ASSIGN_OR_RETURN(const std::vector<CpuEngine> engines, CalibratedEnginesOf(arguments));
  RL_ASSIGN_OR_RETURN(const auto workloads, CheckedWorkloads(arguments));
  RL_ASSIGN_OR_RETURN(const int64_t repeats, arguments.GetInt("repeats", 1, 1000));
  std::vector<CheckedFigure> figures;
  const double load_average = LoadAverage();  // before any engine of these
  for (const CpuEngine& engine : engines) {
    ProgressLine line;
    planner::CpuCalibration calibration;
    if (!arguments.Has("fresh")) {
      RL_ASSIGN_OR_RETURN(calibration, LoadCpuCalibration(engine));
    }
    RL_ASSIGN_OR_RETURN(const TargetOfCalibration target, TargetOf(arguments, engine, line));
    if (arguments.Has("fresh")) {
      RL_ASSIGN_OR_RETURN(calibration,
                          CalibrateAndKeep(arguments, engine, target.url, load_average, line));
    }
    RL_ASSIGN_OR_RETURN(const planner::EnginePlan plan, PlanCpuEngine(engine, calibration));
    if (!arguments.Has("fresh")) RL_RETURN_IF_ERROR(WarmUpCpuEngine(engine, target.url));
    RL_ASSIGN_OR_RETURN(std::vector<CheckedFigure> own,
                        CheckEngine(engine, target.url, plan, workloads, repeats, line));
    std::move(own.begin(), own.end(), std::back_inserter(figures));
  }
  json document = CheckJson(figures);
  document["load_average_before"] = load_average;
  if (PrintedForPrograms(arguments, document)) return OkStatus();
  fmt::print("{}\n{}load average before: {:.2f} on {} CPUs\n", CheckTable(figures),
             CheckSummary(figures), load_average, AvailableCpus());
  return OkStatus();
}

Status RefitCpuCalibration(const Arguments& arguments) {
  const std::string path = arguments.Get("FILE");
  RL_ASSIGN_OR_RETURN(const std::string text, ReadFile(path, 1 << 20));
  auto calibration = planner::CpuCalibrationFromYaml(text);
  if (!calibration.ok()) return calibration.status().WithContext(path);
  RL_ASSIGN_OR_RETURN(const auto catalog, platform::Catalog::Parse(embedded::catalog_files()));
  RL_ASSIGN_OR_RETURN(const platform::CatalogEntry* entry, catalog.Find(calibration->model));
  RL_RETURN_IF_ERROR(planner::FitCpuCosts(entry->spec, *calibration));
  RL_RETURN_IF_ERROR(WriteOutputFile(arguments.Has("out") ? arguments.Get("out") : path,
                                     planner::ToYaml(*calibration)));
  return ShowCalibration(*calibration, entry->spec);
}

}  // namespace redline::app
