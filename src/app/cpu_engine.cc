#include "app/cpu_engine.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/wait.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "app/interrupt.h"
#include "backends/devices/devices.h"
#include "backends/native/native.h"
#include "base/clock.h"
#include "base/files.h"
#include "base/ids.h"
#include "base/process.h"
#include "base/strings.h"
#include "base/version.h"
#include "embedded/catalog_files.h"
#include "net/http_client.h"
#include "platform/agent/node_facts.h"
#include "platform/agent/preparation.h"
#include "platform/catalog/choose.h"
#include "platform/layout.h"

namespace redline::app {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

Result<platform::Wishes> CpuWishesOf(const std::string& engine,
                                     const std::vector<std::string>& arguments,
                                     const std::map<std::string, std::string>& environment) {
  platform::Wishes wishes{.engine = engine};
  if (engine.substr(0, engine.find('@')) != "native") {
    wishes.arguments = arguments;
    wishes.environment = environment;
    return wishes;
  }
  if (!environment.empty())
    return InvalidArgument("the native engine reads no variables: leave --env out", "env");
  RL_ASSIGN_OR_RETURN(wishes.parameters, backends::NativeParametersOf(arguments));
  return wishes;
}

// The last lines of its log, for an error.
std::string TailOf(const fs::path& log) {
  auto text = ReadFile(log, 64 << 20);
  if (!text.ok()) return "its log cannot be read";
  constexpr size_t kMostBytes = 2000;
  return text->size() > kMostBytes ? text->substr(text->size() - kMostBytes) : *text;
}

Result<platform::Prepared> PrepareCpuEngine(const CpuEngine& engine,
                                            const RunningCpuEngine::Progress& progress) {
  platform::PreparationRequest request{
      .fetch = {engine.entry.name, engine.entry.files, engine.entry.sources,
                platform::DefaultCacheDir()},
      .fetch_environment = platform::FetchEnvironment::FromProcess(),
      .backend = engine.backend,
      .engine_version = engine.config.version,
      .self = SelfExecutable().string()};
  if (const auto prepared = platform::AlreadyPrepared(request)) return *prepared;
  platform::Preparation preparation(std::move(request));
  while (preparation.state() == platform::FetchState::kRunning) {
    if (StopOnInterrupt()) return Status(Code::kCancelled, "stopped");
    progress(preparation.progress().phase);
    std::this_thread::sleep_for(100ms);
  }
  return preparation.result();
}

}  // namespace

Result<CpuEngineResolver> CpuEngineResolver::Make(const std::string& model) {
  CpuEngineResolver resolver;
  RL_ASSIGN_OR_RETURN(const auto catalog, platform::Catalog::Parse(embedded::catalog_files()));
  RL_ASSIGN_OR_RETURN(const platform::CatalogEntry* entry, catalog.Find(model));
  resolver.entry_ = *entry;
  backends::DeviceReader reader{backends::DeviceOptions{}};
  resolver.worker_ = platform::DescribeWorker("worker-here", reader.Read());
  return resolver;
}

Result<CpuEngine> CpuEngineResolver::Resolve(
    const std::string& engine, const std::vector<std::string>& arguments,
    const std::map<std::string, std::string>& environment) const {
  RL_ASSIGN_OR_RETURN(const platform::Wishes wishes, CpuWishesOf(engine, arguments, environment));
  const platform::Node node{.name = worker_.name, .hardware = backends::CpuFactsOf(worker_)};
  RL_ASSIGN_OR_RETURN(const platform::Assessment assessment, Assess(entry_, node, wishes));
  if (!assessment.choice) return FailedPrecondition(assessment.fit.message);
  CpuEngine resolved{.entry = entry_,
                     .config = assessment.choice->engine,
                     .worker = worker_,
                     .arguments = arguments};
  const std::string wanted = engine.substr(0, engine.find('@'));
  if (resolved.config.engine != wanted)
    return Status(
        Code::kFailedPrecondition,
        fmt::format("{} has no profile for {} on this machine; one for {} would be chosen",
                    entry_.name, wanted, resolved.config.engine),
        "engine");
  RL_ASSIGN_OR_RETURN(resolved.backend, backends::FindBackend(wanted));
  if (resolved.config.version.empty())
    resolved.config.version = resolved.backend->facts().versions.front();
  return resolved;
}

Result<std::unique_ptr<RunningCpuEngine>> RunningCpuEngine::Start(const CpuEngine& engine,
                                                                  const Progress& progress) {
  RL_ASSIGN_OR_RETURN(const platform::Prepared prepared, PrepareCpuEngine(engine, progress));
  std::unique_ptr<RunningCpuEngine> running(new RunningCpuEngine());
  running->folder_ = fs::temp_directory_path() / ("redline-engine-" + RandomToken(8));
  std::error_code error;
  if (!fs::create_directory(running->folder_, error))
    return Status(Code::kPermissionDenied,
                  fmt::format("{} cannot be made: {}", running->folder_.string(), error.message()));
  fs::permissions(running->folder_, fs::perms::owner_all, error);
  const std::string socket = (running->folder_ / "engine.sock").string();
  running->url_ = "unix:" + socket;
  RL_ASSIGN_OR_RETURN(
      const backends::Command command,
      engine.backend->CommandLine(engine.config, {.program = prepared.program,
                                                  .model_path = prepared.model_path.string(),
                                                  .served_model_name = engine.entry.name,
                                                  .endpoint = running->url_}));
  const fs::path log = running->folder_ / "engine.log";
  RL_ASSIGN_OR_RETURN(running->pid_, Spawn({.argv = command.argv,
                                            .env = command.env,
                                            .stdout_path = log,
                                            .stderr_path = log,
                                            .new_session = true,
                                            .die_with_parent = true}));
  RL_RETURN_IF_ERROR(running->AwaitReady(engine, progress));
  return running;
}

Status RunningCpuEngine::AwaitReady(const CpuEngine& engine, const Progress& progress) {
  const backends::Readiness& readiness = engine.backend->facts().readiness;
  const MonotonicTime begin = MonotonicNow();
  net::HttpClient client;
  progress("starting");
  while (SecondsSince(begin) < readiness.start_timeout_seconds) {
    if (StopOnInterrupt()) return Status(Code::kCancelled, "stopped");
    int wait_status = 0;
    if (waitpid(pid_, &wait_status, WNOHANG) == pid_) {
      const std::string tail = TailOf(folder_ / "engine.log");
      pid_ = 0;
      return FailedPrecondition(fmt::format("{} ended before it was ready ({}); its log ends:\n{}",
                                            engine.Name(), DescribeWaitStatus(wait_status), tail));
    }
    const auto answer = client.Fetch({.url = url_ + ":" + readiness.path,
                                      .connect_timeout_seconds = 1,
                                      .idle_timeout_seconds = 2});
    if (answer.ok() && answer->status == readiness.status) return OkStatus();
    std::this_thread::sleep_for(200ms);
  }
  return Status(Code::kDeadlineExceeded,
                fmt::format("{} did not answer within {:.0f} s", engine.Name(),
                            readiness.start_timeout_seconds));
}

RunningCpuEngine::~RunningCpuEngine() {
  if (pid_ > 0) {
    const MonotonicTime begin = MonotonicNow();
    constexpr double kGraceSeconds = 10;
    kill(-pid_, SIGTERM);
    while (waitpid(pid_, nullptr, WNOHANG) == 0 && SecondsSince(begin) < kGraceSeconds)
      std::this_thread::sleep_for(50ms);
    kill(-pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  std::error_code error;
  if (!folder_.empty()) fs::remove_all(folder_, error);
}

}  // namespace redline::app
