// Carries one instance through its states: observes, lets Decide() choose, acts.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "backends/backend.h"
#include "backends/launch/launch.h"
#include "base/clock.h"
#include "net/http_client.h"
#include "platform/agent/engine_log.h"
#include "platform/agent/engine_words.h"
#include "platform/agent/health_probe.h"
#include "platform/agent/instance_record.h"
#include "platform/agent/preparation.h"
#include "platform/agent/restart_policy.h"
#include "platform/agent/transitions.h"
#include "platform/layout.h"
#include "platform/roles.h"

namespace redline::platform {

struct AgentTimings {
  double tick_seconds = 0.1;
  double starting_probe_period_seconds = 0.5;
  double running_probe_period_seconds = 5;
  double probe_timeout_seconds = 5;
  int max_probe_failures = 3;          // in a row, of a running engine: it is killed
  double stop_grace_seconds = 30;      // from SIGTERM to SIGKILL
  double progress_period_seconds = 1;  // between reports of mere progress
  RestartRules restart;
};

// What all instances of an agent share. Outlives the controllers.
struct AgentContext {
  DataLayout layout;
  std::filesystem::path cache_dir;
  std::string self;  // this binary: the native engine, and `redline export`
  std::vector<std::string> shim_command;
  FetchEnvironment fetch_environment;
  backends::DeviceOptions device_options;
  AgentTimings timings;
  net::HttpClient& client;
  std::function<void(const spec::Instance&)> report;  // to the server; must not block
  const VirtualNode* virtual_node = nullptr;          // nullptr: engines are real
};

// Owned by the agent's main thread.
class InstanceController {
 public:
  InstanceController(AgentContext& context, std::string id);

  // Takes over what an earlier agent left in the instance's directory.
  void Adopt();
  // The server's (or the last known) word on it.
  void Assign(const spec::Assignment& assignment);
  // It must not run: stopped and its directory removed, which keep_files prevents.
  enum class Files { kRemove, kKeep };
  void Stop(Files files);
  void KillNow();

  // One step; quick, never blocks on the engine or the network.
  void Tick();
  // Reports the present state again.
  void ReportAgain() { context_.report(status_); }

  const std::string& id() const { return id_; }
  // Stopped for good; nothing of it is left to watch.
  bool finished() const { return finished_; }

 private:
  Observation Observe();
  EngineState ObserveEngine();
  bool Act(Action action);
  void StartPreparation();
  PreparationRequest WhatIsNeeded() const;
  void ReadWords();
  void StartEngine();
  Result<backends::Launch> Launch();
  void StopEngine();
  void KillUnresponsive();
  void NoteExit();
  void DropEngine();
  void NoteFailure(const std::string& what);
  void NotePreparationFailure(const Status& status);
  void BackOff(double delay_seconds);
  std::string DescribeExit(const backends::EngineExit& exit) const;
  void Forget();
  void WatchEngine();
  void MarkReady();
  void Publish(spec::InstanceState state);
  spec::Progress CurrentProgress();
  bool IsCurrent() const;
  std::string Endpoint() const;
  std::filesystem::path LogPath() const { return dir_ / "engine.log"; }

  AgentContext& context_;
  const std::string id_;
  const std::filesystem::path dir_;

  Wish wish_ = Wish::kUnknown;
  Files files_on_stop_ = Files::kRemove;
  spec::Assignment assignment_;  // generation 0: never had one
  const backends::Backend* backend_ = nullptr;

  std::unique_ptr<Preparation> preparation_;
  std::optional<Prepared> prepared_;
  std::optional<backends::Launch> launch_;
  std::unique_ptr<HealthProbe> probe_;  // while there is an engine
  std::unique_ptr<WordsReader> words_;  // of an engine that is ready
  spec::Parameters effective_;          // what it said
  ProgressFollower follower_;
  spec::Progress start_progress_;

  InstanceRecord record_;
  RestartPolicy policy_;
  MonotonicTime launched_at_;
  std::optional<MonotonicTime> ready_since_;   // of the present engine
  std::optional<MonotonicTime> may_start_at_;  // end of the back-off
  bool is_stopping_ = false;
  MonotonicTime stopping_since_;
  std::string kill_reason_;
  bool finished_ = false;

  spec::Instance status_;  // as last reported
  std::string reason_;
  MonotonicTime reported_at_;
};

}  // namespace redline::platform
