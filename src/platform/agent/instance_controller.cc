#include "platform/agent/instance_controller.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "base/files.h"
#include "base/log.h"
#include "base/strings.h"
#include "platform/agent/agent_log.h"
#include "platform/agent/cancellable_fetch.h"
#include "platform/agent/node_share.h"
#include "platform/agent/preflight.h"
#include "platform/agent/virtual_node.h"

namespace redline::platform {
namespace {

namespace fs = std::filesystem;

constexpr size_t kReasonLogLines = 5;

MonotonicTime After(double seconds) {
  return MonotonicNow() + std::chrono::duration_cast<MonotonicTime::duration>(
                              std::chrono::duration<double>(seconds));
}

bool SameProgress(const spec::Progress& left, const spec::Progress& right) {
  return left.phase == right.phase && left.fraction == right.fraction &&
         left.bytes_done == right.bytes_done;
}

// All but the progress.
bool SameStatus(const spec::Instance& left, const spec::Instance& right) {
  return left.state == right.state && left.generation == right.generation &&
         left.reason == right.reason && left.pid == right.pid && left.endpoint == right.endpoint &&
         left.restart_count == right.restart_count && left.started_at_ms == right.started_at_ms &&
         left.ready_at_ms == right.ready_at_ms && left.effective == right.effective;
}

}  // namespace

InstanceController::InstanceController(AgentContext& context, std::string id)
    : context_(context),
      id_(std::move(id)),
      dir_(context.layout.instance_dir(id_)),
      policy_(context.timings.restart) {
  status_.id = id_;
}

void InstanceController::Adopt() {
  record_ = LoadInstanceRecord(dir_);
  auto launch = backends::Launch::Adopt(dir_);
  if (!launch.ok()) {
    LogInfo(kAgentLog, "{}: nothing to adopt: {}", id_, launch.status().message());
    return;
  }
  launch_ = std::move(launch).value();
  launched_at_ = MonotonicNow();
  const bool was_ready =
      record_.generation == launch_->generation() && record_.ready_at_ms > launch_->started_at_ms();
  if (was_ready)
    ready_since_ = MonotonicNow() - std::chrono::milliseconds(
                                        std::max<int64_t>(0, UnixMillis() - record_.ready_at_ms));
  follower_ = ProgressFollower(LogPath(), record_.log_offset);
  LogInfo(kAgentLog, "{}: adopted generation {}, engine {} ({})", id_, launch_->generation(),
          launch_->engine_pid(), launch_->alive() ? "alive" : "ended");
}

void InstanceController::Assign(const spec::Assignment& assignment) {
  const bool is_new = wish_ != Wish::kRun || assignment.generation != assignment_.generation;
  assignment_ = assignment;
  if (!assignment.should_run) return Stop(Files::kRemove);
  wish_ = Wish::kRun;
  finished_ = false;
  if (!is_new) return;
  // Another specification: what was fetched, and what went wrong, was about the old one.
  const auto backend = backends::FindBackend(assignment.engine.engine);
  backend_ = backend.ok() ? *backend : nullptr;
  preparation_.reset();
  prepared_.reset();
  may_start_at_.reset();
  policy_ = RestartPolicy(context_.timings.restart);
  reason_.clear();
}

void InstanceController::Stop(Files files) {
  wish_ = Wish::kStop;
  files_on_stop_ = files;
}

void InstanceController::KillNow() {
  if (launch_) launch_->Kill();
}

void InstanceController::Tick() {
  // Each round is one transition; a handful always suffices to come to rest.
  constexpr int kMaxTransitions = 8;
  for (int round = 0; round < kMaxTransitions && !finished_; ++round) {
    const Decision decision = Decide(Observe());
    const bool go_on = Act(decision.action);
    Publish(decision.state);
    if (!go_on) return;
  }
}

bool InstanceController::IsCurrent() const {
  return !launch_ || wish_ != Wish::kRun || launch_->generation() == assignment_.generation;
}

Observation InstanceController::Observe() {
  Observation seen;
  seen.wish = wish_;
  seen.fetch = prepared_      ? FetchState::kDone
               : preparation_ ? preparation_->state()
                              : FetchState::kNone;
  if (seen.fetch == FetchState::kDone && !prepared_) prepared_ = *preparation_->result();
  seen.is_downloading = preparation_ && preparation_->is_downloading();
  seen.engine = ObserveEngine();
  seen.is_current = IsCurrent();
  // Of an engine that ended under an earlier agent, its shim knows that it was asked to.
  seen.is_stopping =
      is_stopping_ || (seen.engine == EngineState::kEnded && launch_->exit()->requested);
  seen.may_start = !may_start_at_ || MonotonicNow() >= *may_start_at_;
  return seen;
}

EngineState InstanceController::ObserveEngine() {
  if (!launch_) return EngineState::kNone;
  launch_->Refresh();
  if (!launch_->alive()) return EngineState::kEnded;
  WatchEngine();
  const AgentTimings& timings = context_.timings;
  // The shim escalates by itself; this is for a shim that cannot.
  if (is_stopping_ && SecondsSince(stopping_since_) > timings.stop_grace_seconds + 5)
    launch_->Kill();
  if (ready_since_)
    return probe_ && probe_->failures_in_a_row() >= timings.max_probe_failures
               ? EngineState::kUnresponsive
               : EngineState::kReady;
  const bool too_slow =
      backend_ != nullptr &&
      SecondsSince(launched_at_) > backend_->facts().readiness.start_timeout_seconds;
  return too_slow ? EngineState::kUnresponsive : EngineState::kStarting;
}

void InstanceController::WatchEngine() {
  if (backend_ == nullptr || launch_->engine_pid() == 0 || is_stopping_) return;
  const backends::Readiness& readiness = backend_->facts().readiness;
  if (!probe_)
    probe_ =
        std::make_unique<HealthProbe>(context_.client, UrlOf(Endpoint(), readiness.path),
                                      readiness.status, context_.timings.probe_timeout_seconds);
  probe_->Tick(ready_since_ ? context_.timings.running_probe_period_seconds
                            : context_.timings.starting_probe_period_seconds);
  if (ready_since_) return ReadWords();
  if (auto progress = follower_.Next(backend_->facts().log_markers)) start_progress_ = *progress;
  if (probe_->healthy()) MarkReady();
}

void InstanceController::MarkReady() {
  ready_since_ = MonotonicNow();
  record_.ready_at_ms = UnixMillis();
  SaveInstanceRecord(dir_, record_);
  reason_.clear();
  LogInfo(kAgentLog, "{}: ready after {}", id_, FormatDuration(SecondsSince(launched_at_)));
}

// What the engine says it runs with, asked once after it became ready or was adopted.
void InstanceController::ReadWords() {
  constexpr int64_t kMostLogBytes = 1 << 20;
  if (!words_)
    words_ = std::make_unique<WordsReader>(
        context_.client, Endpoint(), backend_->facts().read_back_paths,
        ReadLog(LogPath(), record_.log_offset, kMostLogBytes).text);
  if (const auto words = words_->Tick()) effective_ = backend_->ReadBack(*words);
}

// Whether another transition may follow at once.
bool InstanceController::Act(Action action) {
  switch (action) {
    case Action::kNone:
      return false;
    case Action::kStartFetch:
      StartPreparation();
      return true;
    case Action::kCancelFetch:
      preparation_.reset();
      return true;
    case Action::kNoteFetchFailure:
      NotePreparationFailure(preparation_->result().status());
      return true;
    case Action::kStartEngine:
      StartEngine();
      return true;
    case Action::kStopEngine:
      StopEngine();
      return true;
    case Action::kKillEngine:
      KillUnresponsive();
      return false;
    case Action::kNoteExit:
      NoteExit();
      return true;
    case Action::kForget:
      Forget();
      return false;
  }
  return false;
}

PreparationRequest InstanceController::WhatIsNeeded() const {
  return {.fetch = {assignment_.model, assignment_.files, assignment_.sources, context_.cache_dir},
          .fetch_environment = context_.fetch_environment,
          .backend = backend_,
          .engine_version = assignment_.engine.version,
          .self = context_.self,
          .model_path = assignment_.model_path,
          .gpus = assignment_.gpus,
          .gpu_bytes = assignment_.gpu_bytes,
          .memory_bytes = assignment_.memory_bytes,
          .device_options = context_.device_options};
}

void InstanceController::StartPreparation() {
  if (backend_ == nullptr)
    return NoteFailure(backends::FindBackend(assignment_.engine.engine).status().message());
  if (context_.virtual_node != nullptr) {
    prepared_ = PrepareVirtual(*context_.virtual_node, assignment_, context_.self);
    return;
  }
  PreparationRequest request = WhatIsNeeded();
  prepared_ = AlreadyPrepared(request);
  if (!prepared_) preparation_ = std::make_unique<Preparation>(std::move(request));
}

std::string InstanceController::Endpoint() const {
  const bool has_port =
      backend_ != nullptr && backend_->facts().transport == backends::Transport::kLoopbackPort;
  return has_port ? fmt::format("http://127.0.0.1:{}", record_.port)
                  : "unix:" + context_.layout.engine_socket(id_).string();
}

void InstanceController::StartEngine() {
  int64_t port = 0;
  if (backend_ != nullptr && backend_->facts().transport == backends::Transport::kLoopbackPort) {
    port = FreeLoopbackPort();
    if (const Status has_port = Preflight({.port = port}); !has_port.ok())
      return NoteFailure(has_port.message());
  }
  const bool is_restart = record_.generation == assignment_.generation;
  record_ = {.generation = assignment_.generation,
             .restart_count = record_.restart_count + (is_restart ? 1 : 0)};
  may_start_at_.reset();
  kill_reason_.clear();
  const int64_t log_size = LogSize(LogPath());
  record_.log_offset = log_size;
  record_.port = port;
  if (const Status made = MakeDirectories(dir_, 0700); !made.ok())
    return NoteFailure(made.message());
  // Before the engine starts: if this agent is killed in between, the next one counts the restart.
  SaveInstanceRecord(dir_, record_);
  auto launch = Launch();
  if (!launch.ok()) return NoteFailure(launch.status().message());
  launch_ = std::move(launch).value();
  launched_at_ = MonotonicNow();
  // A log that has become shorter was rotated away at the start.
  record_.log_offset = LogSize(LogPath()) < log_size ? 0 : log_size;
  follower_ = ProgressFollower(LogPath(), record_.log_offset);
  start_progress_ = {};
  SaveInstanceRecord(dir_, record_);
  LogInfo(kAgentLog, "{}: engine started, generation {}, restart {}", id_, record_.generation,
          record_.restart_count);
}

Result<backends::Launch> InstanceController::Launch() {
  // A socket that a killed engine left behind is in the way of some engines.
  std::error_code error;
  fs::remove(context_.layout.engine_socket(id_), error);
  RL_ASSIGN_OR_RETURN(
      backends::Command command,
      backend_->CommandLine(assignment_.engine, {.program = prepared_->program,
                                                 .model_path = prepared_->model_path.string(),
                                                 .served_model_name = assignment_.deployment,
                                                 .endpoint = Endpoint()}));
  ShareGpus(assignment_.gpus, backend_->facts(), command.env);
  const backends::LaunchSpec spec{.argv = command.argv,
                                  .env = command.env,
                                  .generation = assignment_.generation,
                                  .log_path = LogPath(),
                                  .grace_seconds = context_.timings.stop_grace_seconds};
  return backends::Launch::Start(dir_, spec, context_.shim_command);
}

void InstanceController::StopEngine() {
  is_stopping_ = true;
  stopping_since_ = MonotonicNow();
  probe_.reset();
  reason_ = IsCurrent() ? "" : fmt::format("replaced by generation {}", assignment_.generation);
  launch_->RequestStop(context_.timings.stop_grace_seconds);
}

void InstanceController::KillUnresponsive() {
  const double limit = ready_since_ ? context_.timings.max_probe_failures *
                                          context_.timings.running_probe_period_seconds
                                    : backend_->facts().readiness.start_timeout_seconds;
  kill_reason_ =
      fmt::format("the engine {} for {}: killed", ready_since_ ? "did not answer" : "was not ready",
                  FormatDuration(limit));
  if (reason_ != kill_reason_)
    LogWarn(kAgentLog, "{}: {} (pid {})", id_, kill_reason_, launch_->engine_pid());
  reason_ = kill_reason_;
  launch_->Kill();
}

void InstanceController::NoteExit() {
  const backends::EngineExit exit = *launch_->exit();
  const double ready_seconds = ready_since_ ? SecondsSince(*ready_since_) : -1;
  const bool was_asked = is_stopping_ || exit.requested || !IsCurrent();
  DropEngine();
  prepared_.reset();  // looked at again: cheap, and the files may be what was wrong
  preparation_.reset();
  if (was_asked) {
    record_.generation = 0;  // the next start is no restart
    return;
  }
  reason_ = DescribeExit(exit);
  const double delay_seconds = policy_.OnExit(MonotonicNow(), ready_seconds);
  if (delay_seconds > 0) {
    const std::string lines = LastLines(LogPath(), record_.log_offset, kReasonLogLines);
    reason_ = fmt::format("CRASH_LOOP: {} ({} in a row), next start in {}{}{}", reason_,
                          policy_.failures_in_a_row(), FormatDuration(delay_seconds),
                          lines.empty() ? "" : "; last lines:\n", lines);
  }
  BackOff(delay_seconds);
}

void InstanceController::DropEngine() {
  launch_.reset();
  probe_.reset();
  words_.reset();
  effective_.clear();
  ready_since_.reset();
  is_stopping_ = false;
}

std::string InstanceController::DescribeExit(const backends::EngineExit& exit) const {
  if (exit.out_of_memory) return "OOM_KILLED: the kernel ended the engine for want of memory";
  if (!kill_reason_.empty()) return kill_reason_;
  const std::string what = "the engine ended: " + exit.description;
  if (backend_ == nullptr) return what;
  constexpr size_t kLines = 100;
  const auto cause = backends::ClassifyFailure(backend_->facts().failures,
                                               LastLines(LogPath(), record_.log_offset, kLines));
  if (!cause) return what;
  return fmt::format("{}; {}: \"{}\" ({})", what, cause->kind, EscapeControl(cause->line),
                     cause->advice);
}

void InstanceController::NoteFailure(const std::string& what) {
  const double delay_seconds = policy_.OnFailure();
  preparation_.reset();
  prepared_.reset();
  reason_ = fmt::format("{}\nnext try in {}", what, FormatDuration(delay_seconds));
  BackOff(delay_seconds);
}

// What is final waits for another generation (a deployment scaled to 0 and back is one) or agent.
void InstanceController::NotePreparationFailure(const Status& status) {
  if (!IsFinal(status)) return NoteFailure(status.message());
  preparation_.reset();
  reason_ = fmt::format(
      "{}\nit is not tried again: mend it, then run redline scale {} 0 and scale it back",
      status.message(), assignment_.deployment);
  LogWarn(kAgentLog, "{}: {}", id_, reason_);
  may_start_at_ = MonotonicTime::max();
}

void InstanceController::BackOff(double delay_seconds) {
  LogWarn(kAgentLog, "{}: {}", id_, reason_);
  may_start_at_ = After(delay_seconds);
}

void InstanceController::Forget() {
  DropEngine();
  finished_ = true;
  reason_.clear();
  record_ = {};
  if (files_on_stop_ == Files::kKeep) return;
  std::error_code error;
  fs::remove(context_.layout.engine_socket(id_), error);
  fs::remove_all(dir_, error);
  if (error) LogWarn(kAgentLog, "cannot remove {}: {}", dir_.string(), error.message());
}

spec::Progress InstanceController::CurrentProgress() {
  if (preparation_ && preparation_->state() == FetchState::kRunning)
    return preparation_->progress();
  return launch_ && !ready_since_ ? start_progress_ : spec::Progress{};
}

void InstanceController::Publish(spec::InstanceState state) {
  // Without a word from the server there is nobody to tell.
  if (wish_ == Wish::kUnknown) return;
  spec::Instance next = status_;
  next.state = state;
  next.generation = assignment_.generation > 0 ? assignment_.generation : record_.generation;
  next.reason = reason_;
  next.pid = launch_ && launch_->alive() ? launch_->engine_pid() : 0;
  next.endpoint = state == spec::InstanceState::kRunning ? Endpoint() : "";
  next.restart_count = record_.restart_count;
  next.started_at_ms = launch_ ? launch_->started_at_ms() : 0;
  next.ready_at_ms = ready_since_ ? record_.ready_at_ms : 0;
  next.progress = CurrentProgress();
  next.effective = state == spec::InstanceState::kRunning ? effective_ : spec::Parameters();
  const bool progress_is_due =
      !SameProgress(next.progress, status_.progress) &&
      SecondsSince(reported_at_) >= context_.timings.progress_period_seconds;
  if (SameStatus(next, status_) && !progress_is_due) return;
  if (next.state != status_.state)
    LogInfo(kAgentLog, "{}: {} -> {}", id_, spec::NameOf(status_.state), spec::NameOf(next.state));
  status_ = next;
  reported_at_ = MonotonicNow();
  context_.report(status_);
}

}  // namespace redline::platform
