// redline tune: from engines and flags to a configuration that was shown to be better.
#include "lab/tune/tune.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "app/bench_flags.h"
#include "app/commands.h"
#include "app/interrupt.h"
#include "app/output.h"
#include "app/tune_subject.h"
#include "app/tune_view.h"
#include "base/clock.h"
#include "base/files.h"
#include "base/shell.h"
#include "base/strings.h"
#include "base/version.h"
#include "lab/metrics/environment.h"
#include "lab/tune/journal.h"
#include "lab/tune/journaled_lab.h"
#include "lab/tune/tune_report.h"

namespace redline::app {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

std::vector<Flag> TuneFlags() {
  return {
      {"workload", "NAME|FILE",
       "sharegpt, short, medium, long, verylong, generation, or a YAML or JSON file", "sharegpt"},
      {"scale", "S", "S times the requests, concurrency and rates (0.05 for a small machine)", ""},
      {"scale-lengths", "S", "S times the lengths of prompts and answers", ""},
      {"concurrency", "N", "closed loop: N requests in flight", ""},
      {"rate", "R", "open loop: R requests per second, Poisson", ""},
      {"requests", "N", "number of requests", ""},
      {"engines", "A,B", "engines to choose among [those installed; virtual: all that are planned]",
       ""},
      {"strategy",
       "NAME",
       "race: what promises most, first; walk: one axis after the other; random: the control",
       "race",
       {"race", "walk", "random"}},
      {"goal",
       "GOAL",
       "most tokens a second, or least mean time of a request",
       "throughput",
       {"throughput", "latency"}},
      {"max-time", "DURATION", "of all runs: 90s, 20m, 2h; virtual: on paper", "1h"},
      {"max-trials", "N", "configurations that are started", "40"},
      {"repeats", "N", "rounds of the last comparison", "5"},
      {"max-rounds", "N", "rounds of each other comparison, at most", "7"},
      {"seed", "S", "decides every request", "1"},
      {"report", "DIR", "journal, results and report go here", "redline-tune"},
      {"resume", "", "go on with the run in --report, which was stopped or killed"},
      {"start-timeout", "SECONDS", "a start that takes longer has failed", "600"},
      {"engines-up", "N", "engines that may be up at once", "2"},
      {"cache-dir", "DIR", "where models and engines are kept [REDLINE_CACHE_DIR]", ""},
      {"virtual", "", "rehearse on --hardware that is not there: nothing is measured"},
      {"hardware", "GPUxN", "virtual: the GPUs, such as h200x8", ""},
      {"truth-seed", "S", "virtual: a machine that differs from what is known, by the seed", ""},
      {"noise", "X", "virtual: deviation of a run's speed", "0.02"},
      {.name = "plant",
       .value_name = "FAULT:WORDS",
       .help = "virtual: configurations with these words wrong_answers, crashed_at_load, "
               "hung_at_load or crashed_in_run; may be repeated",
       .repeated = true},
      OutputFlag()};
}

// "90s", "20m", "2h", "300".
Result<double> SecondsOf(const Arguments& arguments, const std::string& flag) {
  const std::string text = arguments.Get(flag);
  const double unit = text.ends_with('m') ? 60 : text.ends_with('h') ? 3600 : 1;
  const bool has_unit = unit > 1 || text.ends_with('s');
  const auto number = ParseDouble(text.substr(0, text.size() - (has_unit ? 1 : 0)));
  if (number && *number > 0 && *number * unit <= 30 * 86400) return *number * unit;
  return InvalidArgument(
      fmt::format("--{} \"{}\" must be a time of at most 30 days, as 90s, 20m or 2h", flag,
                  Excerpt(text)),
      flag);
}

Result<lab::TuneOptions> TuneOptionsOf(const Arguments& arguments) {
  lab::TuneOptions options;
  RL_ASSIGN_OR_RETURN(options.strategy, lab::StrategyFromName(arguments.Get("strategy")));
  RL_ASSIGN_OR_RETURN(options.goal, lab::TuneGoalFromName(arguments.Get("goal")));
  RL_ASSIGN_OR_RETURN(options.most_seconds, SecondsOf(arguments, "max-time"));
  RL_ASSIGN_OR_RETURN(options.most_trials, arguments.GetInt("max-trials", 1, 10'000));
  RL_ASSIGN_OR_RETURN(options.repeats, arguments.GetInt("repeats", 3, 100));
  RL_ASSIGN_OR_RETURN(options.most_rounds, arguments.GetInt("max-rounds", 3, 100));
  RL_ASSIGN_OR_RETURN(const int64_t seed, arguments.GetInt("seed", 0, int64_t{1} << 40));
  options.seed = static_cast<uint64_t>(seed);
  if (arguments.Has("virtual")) {
    RL_RETURN_IF_ERROR(RefuseFlags(arguments, {"start-timeout", "engines-up", "cache-dir"},
                                   "with --virtual, which starts no engine"));
    // A part of a virtual run costs no less than the whole.
    options.has_short_runs = false;
    RL_ASSIGN_OR_RETURN(const double noise, arguments.GetDouble("noise", 0, 0.5));
    options.scales.noise = std::max(0.01, 1.5 * noise);
  }
  return options;
}

// What two sittings of one run must have alike.
json IdentityOf(const Arguments& arguments, const TuneSubject& subject) {
  json engines = json::array();
  for (const lab::TuneEngine& engine : subject.space.engines)
    engines.push_back(engine.space.engine);
  return {{"model", subject.model},
          {"hardware", subject.hardware},
          {"virtual", subject.is_virtual},
          {"truth", subject.truth},
          {"workload", json::parse(spec::ToJson(subject.workload))},
          {"engines", std::move(engines)},
          {"strategy", arguments.Get("strategy")},
          {"goal", arguments.Get("goal")},
          {"plant", arguments.GetAll("plant")},
          {"seed", arguments.Get("seed")}};
}

std::string CommandText(const Arguments& arguments) {
  std::string line = CommandLineOf("tune " + arguments.Get("MODEL"), arguments, TuneFlags());
  return line;
}

Status WriteReport(const fs::path& folder, const lab::TuneReport& report) {
  RL_RETURN_IF_ERROR(WriteFileAtomic(folder / "result.json", ToJson(report).dump(2) + "\n"));
  RL_RETURN_IF_ERROR(WriteFileAtomic(folder / "report.html", lab::HtmlOf(report)));
  RL_RETURN_IF_ERROR(WriteFileAtomic(folder / "report.md", lab::MarkdownOf(report)));
  return WriteFileAtomic(folder / "trials.csv", lab::CsvOf(report));
}

// With this product's version, which is the native engine's.
std::map<std::string, std::string> EnvironmentHere() {
  auto environment = lab::CollectEnvironment();
  environment["redline"] = kVersion;
  return environment;
}

void PrintResult(const lab::TuneReport& report, const fs::path& folder) {
  for (const std::string& finding : lab::FindingsOf(report)) fmt::print("{}\n", finding);
  fmt::print("\n");
  std::vector<std::vector<std::string>> rows;
  for (const lab::TuneStep& step : report.result.steps) {
    rows.push_back(
        {step.accepted() ? "yes" : "no", std::string(NameOf(step.stage)), Excerpt(step.change, 70),
         step.ratio > 0 ? fmt::format("x{:.2f}", step.ratio) : "-", Excerpt(step.reason, 90)});
  }
  if (!rows.empty())
    fmt::print("{}\n", FormatTable({"TAKEN", "STAGE", "CHANGE", "RATIO", "REASON"}, rows));
  fmt::print("{}\n\nReport: {}\n",
             TextOf(report.result.space.ConfigurationOf(report.result.winner)),
             (folder / "report.html").string());
}

Status RunTune(const Arguments& arguments) {
  TuneFrame frame;
  RL_ASSIGN_OR_RETURN(frame.options, TuneOptionsOf(arguments));
  frame.folder = fs::absolute(arguments.Get("report"));
  RL_RETURN_IF_ERROR(MakeDirectories(frame.folder));
  // One sitting at a time.
  RL_ASSIGN_OR_RETURN(const FileLock lock, FileLock::Acquire(frame.folder / "tune.lock"));
  frame.options.stop = &StopOnInterrupt();
  RL_ASSIGN_OR_RETURN(const auto subject, TuneSubjectOf(arguments, frame));
  RL_ASSIGN_OR_RETURN(lab::Journal journal,
                      lab::Journal::Open(frame.folder / "journal.jsonl",
                                         IdentityOf(arguments, *subject), arguments.Has("resume")));
  TuneView view(frame.folder / "status.json", subject->is_virtual);
  frame.options.on_event = [&](const lab::TuneEvent& event) { view.Show(event); };
  lab::JournaledLab lab(*subject->lab, journal);
  const auto result = lab::Tune({.space = subject->space,
                                 .proposals = subject->proposals,
                                 .baseline_engine = subject->baseline_engine},
                                lab, frame.options);
  if (result.ok()) view.SetResult(*result);
  const Status stopped =
      *frame.options.stop
          ? Status(Code::kCancelled, "stopped; the same command with --resume goes on")
          : OkStatus();
  view.Finish(result.ok() ? stopped : result.status());
  if (!result.ok()) {
    return result.status().code() == Code::kResourceExhausted
               ? result.status().WithContext("the run can be gone on with (--resume)")
               : result.status();
  }
  const lab::TuneReport report{
      .result = *result,
      .model = subject->model,
      .workload_name = subject->workload.name,
      .workload = json::parse(spec::ToJson(subject->workload)),
      .hardware = subject->hardware,
      .is_virtual = subject->is_virtual,
      .command_line = CommandText(arguments),
      .publish_command = result->has_winner && !subject->is_virtual
                             ? "redline profile publish " + ShellWord(frame.folder.string())
                             : "",
      .environment = EnvironmentHere(),
      .date = FormatRfc3339(UnixMillis()).substr(0, 10)};
  RL_RETURN_IF_ERROR(WriteReport(frame.folder, report));
  if (!PrintedForPrograms(arguments, ToJson(report))) PrintResult(report, frame.folder);
  return stopped;
}

}  // namespace

Command TuneCommand() {
  return {.name = "tune",
          .summary = "find the engine and flags that are best for a model, and prove it",
          .description =
              "Resolves, plans and runs configurations of several engines under a workload, "
              "compares the best ones in turns, leaves out every flag that brings nothing that can "
              "be shown, and writes a report. A configuration that crashes, hangs or answers "
              "something else than the baseline is a result. What was done is in the journal of "
              "--report: a run that was killed goes on with --resume. See docs/tuning.md.",
          .example =
              "redline tune smollm2-135m-instruct --workload short --scale 0.05 "
              "--max-time 10m\n"
              "redline tune DeepSeek-V3.2 --workload sharegpt --hardware h200x8 --virtual "
              "--max-time 24h",
          .flags = TuneFlags(),
          .positionals = {{"MODEL", "a model of the library; virtual: of the planner"}},
          .run = RunTune};
}

}  // namespace redline::app
