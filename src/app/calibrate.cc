// redline calibrate: kernel measurements as curves, engine calibrations from measured runs.
#include <fmt/format.h>

#include "app/calibrate_run.h"
#include "app/commands.h"
#include "base/files.h"
#include "base/strings.h"
#include "planner/cost/kernel_import.h"
#include "planner/engines/engine_plan.h"
#include "planner/validate/calibration_fit.h"

namespace redline::app {
namespace {

// What was said, or the file itself: whose measurements these are, nobody else knows.
std::string SourceOf(const Arguments& arguments) {
  return arguments.Has("source") ? arguments.Get("source") : arguments.Get("FILE");
}

std::string OutOf(const Arguments& arguments) {
  return arguments.Has("out") ? arguments.Get("out") : "kernels.json";
}

Status ImportTables(const Arguments& arguments) {
  RL_RETURN_IF_ERROR(RefuseFlags(arguments, {"runs-for-model"}, "with import"));
  const std::string directory = arguments.Get("FILE");
  if (directory.empty()) {
    return InvalidArgument(
        "a directory of tables is needed; for example: redline calibrate import h200-kernels "
        "--gpu H200 --out kernels.json",
        "FILE");
  }
  RL_ASSIGN_OR_RETURN(const planner::HardwareSpec hardware,
                      planner::FindHardwareSpec(arguments.Get("gpu")));
  const planner::KernelImport request{
      .directory = directory,
      .gpu = hardware.name,
      .peaks = planner::PeaksOf(hardware),
      .source = SourceOf(arguments),
      .progress = [](const std::string& line) { fmt::print(stderr, "{}\n", line); }};
  RL_ASSIGN_OR_RETURN(const planner::KernelSet kernels, planner::ImportKernels(request));
  const std::string text = planner::ToJson(kernels);
  const std::string out = OutOf(arguments);
  RL_RETURN_IF_ERROR(WriteOutputFile(out, text));
  fmt::print("{} curves of {} in {} ({} KB)\n", kernels.curves.size(), kernels.gpu, out,
             text.size() / 1024);
  return OkStatus();
}

Status FitRuns(const Arguments& arguments) {
  RL_RETURN_IF_ERROR(RefuseFlags(arguments, {"gpu"}, "with fit"));
  const std::string path = arguments.Get("FILE");
  if (path.empty()) {
    return InvalidArgument(
        "a file of measured runs is needed; for example: redline calibrate fit runs.csv --out "
        "calibration.yaml",
        "FILE");
  }
  RL_ASSIGN_OR_RETURN(const std::string text, ReadFile(path));
  const auto runs = planner::MeasuredRunsFromCsv(text);
  if (!runs.ok()) return runs.status().WithContext(path);
  planner::FitOptions options{.source = SourceOf(arguments)};
  RL_ASSIGN_OR_RETURN(options.runs_for_model, arguments.GetInt("runs-for-model", 0, 1'000'000));
  options.progress = [](const std::string& line) { fmt::print(stderr, "{}\n", line); };
  const auto calibrations = planner::FitCalibrations(*runs, options);
  if (!calibrations.ok()) return calibrations.status().WithContext(path);
  RL_RETURN_IF_ERROR(WriteOutputFile(OutOf(arguments), planner::ToYaml(*calibrations)));
  fmt::print("{} calibrations in {}\n", calibrations->size(), OutOf(arguments));
  return OkStatus();
}

Status RunCalibrate(const Arguments& arguments) {
  const std::string action = arguments.Get("ACTION");
  if (action == "run") return RunCpuCalibration(arguments);
  if (action == "check") return RunCpuCheck(arguments);
  const bool is_cpu = action == "fit" && arguments.Get("FILE").ends_with(".yaml");
  std::vector<std::string> others = {"ARG"};
  for (const Flag& flag : CalibrateRunFlags()) others.push_back(flag.name);
  RL_RETURN_IF_ERROR(RefuseFlags(arguments, others, "with " + action));
  if (action == "import") return ImportTables(arguments);
  if (is_cpu) return RefitCpuCalibration(arguments);
  if (action == "fit") return FitRuns(arguments);
  return InvalidArgument(
      fmt::format("\"{}\" is no action; it is import, fit, run or check", Excerpt(action)),
      "ACTION");
}

}  // namespace

Command CalibrateCommand() {
  std::vector<Flag> flags = {
      {"gpu", "GPU", "import: the GPU that was measured", "H200"},
      {"out", "FILE",
       "where the curves or calibrations go [kernels.json; run: the state folder; fit of a "
       "calibration: the file itself]",
       ""},
      {"source", "TEXT", "where the measurements are from, with their licence [FILE]", ""},
      {"runs-for-model", "N", "fit: an entry of its own for a model with so many runs; 0: none",
       "5"}};
  const std::vector<Flag> own = CalibrateRunFlags();
  flags.insert(flags.end(), own.begin(), own.end());
  return {
      .name = "calibrate",
      .summary = "teach the planner from measurements",
      .description =
          "`redline calibrate run MODEL --engine NAME` starts an engine on this machine's CPU as "
          "the platform would, drives a few minutes of designed load and fits what its steps take; "
          "`redline plan --hardware this-machine` uses it. `redline calibrate check MODEL --engine "
          "NAME` holds predictions against the six workloads, scaled. `redline calibrate import "
          "DIR` fits tables of kernel measurements (GEMM, experts, all-reduce, as aiconfigurator "
          "collects them: FAMILY__FRAMEWORK__VERSION__TABLE.csv or .csv.zst) into the curves that "
          "plans are made with: each kernel's share of the GPU's peaks. `redline calibrate fit "
          "FILE.csv` fits what engines add to their kernels to measured runs (the files that "
          "`redline plan validate` reads); of a calibration that `run` wrote (FILE.yaml), the "
          "costs "
          "from its points.",
      .example =
          "redline calibrate run smollm2-135m-instruct --engine native\n"
          "redline calibrate check smollm2-135m-instruct --engine native --engine llama_cpp\n"
          "redline calibrate import h200-kernels --gpu H200 --out kernels.json\n"
          "redline calibrate fit runs.csv --out calibration.yaml",
      .flags = std::move(flags),
      .positionals = {{"ACTION", "import, fit, run or check"},
                      {"FILE",
                       "the directory of tables, the measured runs, or the model of the library",
                       false},
                      {.name = "ARG",
                       .help = "run, check: after --, the engine's own arguments",
                       .required = false,
                       .repeated = true,
                       .after_dashes = true}},
      .run = RunCalibrate};
}

}  // namespace redline::app
