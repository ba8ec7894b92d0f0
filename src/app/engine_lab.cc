#include "app/engine_lab.h"

#include <fmt/format.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <stop_token>
#include <thread>

#include "app/cpu_calibrations.h"
#include "base/clock.h"
#include "base/files.h"
#include "base/process.h"
#include "base/strings.h"
#include "lab/bench/bench.h"
#include "lab/tune/guard_asker.h"
#include "lab/tune/run_figures.h"
#include "net/http_client.h"
#include "platform/agent/preparation.h"
#include "spec/json.h"

namespace redline::app {
namespace {

namespace fs = std::filesystem;
using lab::TrialFault;

constexpr int kMostPorts = 3;  // that are tried when somebody takes them first
constexpr double kStopGraceSeconds = 10;
constexpr double kAnswerSeconds = 120;
constexpr double kEndPatienceSeconds = 3;
constexpr uint64_t kLogTail = 64 << 10;
constexpr char kServedName[] = "tuned";

std::chrono::milliseconds Pause() { return std::chrono::milliseconds(100); }

std::string NameOfEngine(const std::string& engine_at_version) {
  return engine_at_version.substr(0, engine_at_version.find('@'));
}

// Of a path on the engine.
std::string UrlOf(const std::string& endpoint, const std::string& path) {
  return endpoint.starts_with("unix:") ? endpoint + ":" + path : endpoint + path;
}

// FOLDER/0001SUFFIX, 0002, ...: the first that an earlier sitting did not leave.
fs::path NextFree(const fs::path& folder, std::string_view suffix, int64_t& number) {
  std::error_code error;
  while (true) {
    fs::path path = folder / fmt::format("{:04}{}", ++number, suffix);
    if (!fs::exists(path, error)) return path;
  }
}

bool IsPortTaken(const std::string& log) {
  const std::string lower = ToLower(log);
  for (const char* text : {"address already in use", "address in use", "errno 98", "couldn't bind",
                           "could not bind"}) {
    if (lower.find(text) != std::string::npos) return true;
  }
  return false;
}

}  // namespace

struct EngineLab::Engine {
  lab::TuneConfiguration configuration;
  const backends::Backend* backend = nullptr;
  fs::path folder;
  std::string endpoint;
  std::optional<backends::Launch> launch;
  MonotonicTime launched_at = MonotonicNow();
  bool is_warm = false;

  fs::path log() const { return folder / "engine.log"; }
};

EngineLab::EngineLab(EngineLabOptions options) : options_(std::move(options)) {}

// Sockets have short names, and nobody else's: in the engine's own folder, or where that is too
// deep in one made for them.
Result<fs::path> EngineLab::SocketIn(const fs::path& folder) {
  constexpr size_t kMostBytes = 100;
  const fs::path inside = folder / "engine.sock";
  if (inside.string().size() <= kMostBytes) return inside;
  if (sockets_.empty()) {
    std::string name = (fs::temp_directory_path() / "redline-tune-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) return ErrnoStatus("cannot make " + name, errno);
    sockets_ = name;
  }
  return sockets_ / (folder.filename().string() + ".sock");
}

EngineLab::~EngineLab() {
  for (const auto& engine : up_) engine->launch->RequestStop(kStopGraceSeconds);
  while (!up_.empty()) Drop(up_.front().get());
  std::error_code error;
  if (!sockets_.empty()) fs::remove_all(sockets_, error);
}

Result<CpuEngine> EngineLab::Resolve(const lab::TuneConfiguration& configuration) const {
  return options_.resolver.Resolve(configuration.engine, configuration.arguments,
                                   configuration.environment);
}

Result<lab::Checked> EngineLab::Check(const lab::TuneConfiguration& configuration) {
  lab::Checked checked;
  const auto engine = Resolve(configuration);
  if (engine.ok()) {
    // What the platform does not resolve is told apart by its words.
    checked.resolved = engine->config.resolved.empty()
                           ? lab::TextOf(configuration)
                           : spec::DumpJson(spec::ToJson(engine->config.resolved));
    return checked;
  }
  checked.fault = engine.status().code() == Code::kFailedPrecondition ? TrialFault::kDoesNotFit
                                                                      : TrialFault::kRefused;
  checked.reason = engine.status().message();
  return checked;
}

// By the calibration of this engine on this machine, where there is one.
Result<std::optional<lab::Forecast>> EngineLab::Predict(
    const lab::TuneConfiguration& configuration) {
  const auto none = std::optional<lab::Forecast>();
  const auto engine = Resolve(configuration);
  if (!engine.ok()) return none;
  const auto calibration = LoadCpuCalibration(*engine);
  if (!calibration.ok()) return none;
  const auto plan = PlanCpuEngine(*engine, *calibration);
  if (!plan.ok()) return none;
  return lab::ForecastOf(*plan, options_.workload, options_.goal);
}

double EngineLab::StartSeconds(const lab::TuneConfiguration& configuration) const {
  // Python engines import and compile for a minute; the others read the weights.
  const auto backend = backends::FindBackend(NameOfEngine(configuration.engine));
  return backend.ok() && (*backend)->facts().model_format == backends::ModelFormat::kHuggingFace
             ? 60
             : 2;
}

void EngineLab::Drop(Engine* engine) {
  engine->launch->RequestStop(kStopGraceSeconds);
  const MonotonicTime begin = MonotonicNow();
  for (engine->launch->Refresh(); engine->launch->alive(); engine->launch->Refresh()) {
    if (SecondsSince(begin) > 2 * kStopGraceSeconds) engine->launch->Kill();
    std::this_thread::sleep_for(Pause());
  }
  up_.remove_if([&](const std::unique_ptr<Engine>& each) { return each.get() == engine; });
}

void EngineLab::MakeRoom() {
  while (up_.size() >= options_.most_up) Drop(up_.back().get());
}

std::string EngineLab::WhyItEnded(const Engine& engine) const {
  std::string why = engine.launch->exit() ? engine.launch->exit()->description : "it ended";
  const auto log = ReadTail(engine.log(), kLogTail);
  if (!log.ok()) return why;
  if (engine.launch->exit() && engine.launch->exit()->out_of_memory) why += ", out of memory";
  if (const auto cause = backends::ClassifyFailure(engine.backend->facts().failures, *log))
    return fmt::format("{}: {}: {} ({})", why, cause->kind, Excerpt(cause->line, 160),
                       cause->advice);
  const std::vector<std::string> lines = Split(std::string(Trim(*log)), '\n');
  return lines.empty() ? why : fmt::format("{}: {}", why, Excerpt(lines.back(), 160));
}

Result<EngineLab::Start> EngineLab::StartOnce(const lab::TuneConfiguration& configuration) {
  RL_ASSIGN_OR_RETURN(const CpuEngine choice, Resolve(configuration));
  const backends::Backend* backend = choice.backend;
  platform::Preparation preparation(
      {.fetch = {choice.entry.name, choice.entry.files, choice.entry.sources, options_.cache_dir},
       .fetch_environment = platform::FetchEnvironment::FromProcess(),
       .backend = backend,
       .engine_version = choice.config.version,
       .self = options_.self});
  while (preparation.state() == platform::FetchState::kRunning) {
    if (options_.stop != nullptr && *options_.stop) return Status(Code::kCancelled, "stopped");
    std::this_thread::sleep_for(Pause());
  }
  RL_ASSIGN_OR_RETURN(const platform::Prepared prepared, preparation.result());
  auto engine = std::make_unique<Engine>();
  engine->configuration = configuration;
  engine->backend = backend;
  engine->folder = NextFree(options_.folder / "engines", "", num_started_);
  RL_RETURN_IF_ERROR(MakeDirectories(engine->folder, 0700));
  const bool has_port = backend->facts().transport == backends::Transport::kLoopbackPort;
  if (has_port) {
    engine->endpoint = fmt::format("http://127.0.0.1:{}", options_.free_port());
  } else {
    RL_ASSIGN_OR_RETURN(const fs::path socket, SocketIn(engine->folder));
    engine->endpoint = "unix:" + socket.string();
  }
  RL_ASSIGN_OR_RETURN(
      backends::Command command,
      backend->CommandLine(choice.config, {.program = prepared.program,
                                           .model_path = prepared.model_path.string(),
                                           .served_model_name = kServedName,
                                           .endpoint = engine->endpoint}));
  // It is timed on the CPU, whatever else the machine has.
  if (!backend->facts().is_built_in) command.env.emplace("CUDA_VISIBLE_DEVICES", "");
  engine->launched_at = MonotonicNow();
  RL_ASSIGN_OR_RETURN(engine->launch, backends::Launch::Start(engine->folder,
                                                              {.argv = command.argv,
                                                               .env = command.env,
                                                               .generation = num_started_,
                                                               .log_path = engine->log(),
                                                               .grace_seconds = kStopGraceSeconds,
                                                               .stops_with = ::getpid()},
                                                              {options_.self, "shim"}));
  return AwaitReady(std::move(engine));
}

Result<EngineLab::Start> EngineLab::AwaitReady(std::unique_ptr<Engine> engine) {
  const backends::Readiness& readiness = engine->backend->facts().readiness;
  net::HttpClient client;
  up_.push_front(std::move(engine));
  Engine& started = *up_.front();
  const auto seconds = [&] { return SecondsSince(started.launched_at); };
  while (true) {
    if (options_.stop != nullptr && *options_.stop) return Status(Code::kCancelled, "stopped");
    started.launch->Refresh();
    if (!started.launch->alive()) {
      Start start{
          .fault = TrialFault::kCrashedAtLoad, .reason = WhyItEnded(started), .seconds = seconds()};
      const auto log = ReadTail(started.log(), kLogTail);
      if (log.ok() && IsPortTaken(*log)) start.fault = TrialFault::kPortTaken;
      Drop(&started);
      return start;
    }
    const auto answer =
        client.Fetch({.url = UrlOf(started.endpoint, readiness.path), .idle_timeout_seconds = 2});
    if (answer.ok() && answer->status == readiness.status)
      return Start{.engine = &started, .seconds = seconds()};
    if (seconds() > options_.start_timeout_seconds) {
      Start start{.fault = TrialFault::kHungAtLoad,
                  .reason = fmt::format("not ready after {:.0f} s (--start-timeout)", seconds()),
                  .seconds = seconds()};
      Drop(&started);
      return start;
    }
    std::this_thread::sleep_for(Pause());
  }
}

Result<EngineLab::Start> EngineLab::Up(const lab::TuneConfiguration& configuration) {
  for (auto it = up_.begin(); it != up_.end(); ++it) {
    if ((*it)->configuration != configuration) continue;
    (*it)->launch->Refresh();
    if (!(*it)->launch->alive()) {
      // It ended by itself while nobody asked.
      const Start start{.fault = TrialFault::kCrashedInRun, .reason = WhyItEnded(**it)};
      Drop(it->get());
      return start;
    }
    up_.splice(up_.begin(), up_, it);
    return Start{.engine = up_.front().get()};
  }
  MakeRoom();
  Start start;
  double seconds = 0;
  for (int attempt = 0; attempt < kMostPorts; ++attempt) {
    RL_ASSIGN_OR_RETURN(start, StartOnce(configuration));
    seconds += start.seconds;
    if (start.fault != TrialFault::kPortTaken) break;
  }
  start.seconds = seconds;
  return start;
}

// Requests fail before the end of the process behind them is known.
bool EngineLab::HasEnded(Engine& engine, double patience_seconds) const {
  const MonotonicTime begin = MonotonicNow();
  for (engine.launch->Refresh(); engine.launch->alive(); engine.launch->Refresh()) {
    if (SecondsSince(begin) >= patience_seconds) return false;
    std::this_thread::sleep_for(Pause());
  }
  return true;
}

Result<lab::TrialRun> EngineLab::MeasureOn(Engine& engine, const lab::RunOrder& order) {
  lab::BenchOptions bench{
      .url = engine.endpoint,
      .model = kServedName,
      .workload = order.is_short ? lab::ShortOf(options_.workload) : options_.workload,
      .seed = order.seed,
      .warm_up = !engine.is_warm,
      .self_check = false,
      .max_seconds = options_.most_run_seconds,
      .stop = options_.stop};
  auto measured = lab::RunBench(std::move(bench));
  if (options_.stop != nullptr && *options_.stop) return Status(Code::kCancelled, "stopped");
  lab::TrialRun run;
  const bool has_failed = !measured.ok() || measured->repeats.empty() ||
                          measured->repeats.front().health.num_failed > 0;
  if (HasEnded(engine, has_failed ? kEndPatienceSeconds : 0)) {
    run.fault = TrialFault::kCrashedInRun;
    run.reason = WhyItEnded(engine);
    return run;
  }
  if (!measured.ok()) {
    run.fault = TrialFault::kInvalid;
    run.reason = measured.status().message();
    return run;
  }
  engine.is_warm = true;
  run.figures = lab::FiguresOf(*measured);
  if (has_failed) {
    run.fault = TrialFault::kInvalid;
    run.reason = Join(measured->invalid_reasons, "; ");
    if (run.reason.empty()) run.reason = "requests failed";
  }
  RL_RETURN_IF_ERROR(MakeDirectories(options_.folder / "runs"));
  run.result_file =
      fs::relative(NextFree(options_.folder / "runs", ".json", num_measured_), options_.folder)
          .string();
  RL_RETURN_IF_ERROR(WriteFileAtomic(options_.folder / run.result_file, lab::ToJson(*measured)));
  return run;
}

Result<lab::TrialRun> EngineLab::Measure(const lab::TuneConfiguration& configuration,
                                         const lab::RunOrder& order) {
  const MonotonicTime begin = MonotonicNow();
  RL_ASSIGN_OR_RETURN(const Start start, Up(configuration));
  lab::TrialRun run{.fault = start.fault, .reason = start.reason};
  if (start.engine != nullptr) {
    RL_ASSIGN_OR_RETURN(run, MeasureOn(*start.engine, order));
    if (run.fault == TrialFault::kCrashedInRun) Drop(start.engine);
  }
  run.start_seconds = start.seconds;
  run.seconds = SecondsSince(begin);
  return run;
}

Result<lab::GuardRun> EngineLab::Answer(const lab::TuneConfiguration& configuration) {
  const MonotonicTime begin = MonotonicNow();
  RL_ASSIGN_OR_RETURN(const Start start, Up(configuration));
  lab::GuardRun run{.fault = start.fault, .reason = start.reason};
  if (start.engine != nullptr) {
    auto answers =
        lab::AskGuardPrompts(start.engine->endpoint, kServedName, kAnswerSeconds, options_.stop);
    if (answers.status().code() == Code::kCancelled) return answers.status();
    if (answers.ok()) {
      run.answers = std::move(*answers);
    } else {
      run.fault = TrialFault::kWrongAnswers;
      run.reason = answers.status().message();
    }
  }
  run.start_seconds = start.seconds;
  run.seconds = SecondsSince(begin);
  return run;
}

}  // namespace redline::app
