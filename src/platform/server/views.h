// What the APIs send and take. Their JSON forms and schemas follow from view_fields.h.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "platform/catalog/choose.h"
#include "platform/server/cluster.h"
#include "platform/server/log_broker.h"

namespace redline::platform {

template <typename T>
struct Items {
  std::vector<T> items;
};

// What was decided before the start beside what the running engine says.
struct ConfigurationRow {
  std::string name;
  std::string requested;  // "": not asked for
  std::string resolved;
  std::string effective;  // "": the engine has not said
  bool differs = false;   // it runs with something else
};

struct DeploymentView {
  spec::Deployment deployment;
  spec::InstanceState phase = spec::InstanceState::kStopped;
  std::string reason;
  int64_t ready_replicas = 0;
  std::vector<spec::Instance> instances;
  std::vector<ConfigurationRow> configuration;  // effective: of the oldest running instance
};

// A profile of the library, or one that was published here.
struct ProfileView {
  std::string model;
  std::string origin;     // "library", "user"
  spec::Profile profile;  // its evidence with what is stale of it on the nodes there are
};

struct ProfilesView {
  std::vector<ProfileView> items;
  std::vector<std::string> problems;  // files that are no profiles, a sentence each
};

// A report of the lab, or a profile as it is.
struct PublishBody {
  std::string report;             // id of a job of the lab that tuned
  std::string name;               // of the profile made of it; empty: made of goal and workload
  std::string goal;               // that it is published for; empty: the one it was tuned for
  bool virtual_evidence = false;  // publish a virtual run, as a prediction
  std::string model;              // of `profile`
  std::optional<spec::Profile> profile;
};

struct EventView {
  int64_t at_ms = 0;
  std::string instance_id;
  std::string state;
  std::string reason;
};

struct TermView {
  std::string name;
  int64_t bytes = 0;
};

struct FitView {
  bool fits = false;
  int64_t needed_bytes = 0;
  int64_t available_bytes = 0;
  std::string worker;
  bool is_virtual = false;
  std::vector<TermView> terms;
  std::string message;
};

struct ChosenView {
  std::string profile;
  spec::EngineConfig engine;
  std::vector<ConfigurationRow> configuration;
  std::vector<std::string> command;
  std::map<std::string, std::string> command_environment;
  std::vector<std::string> why;
  spec::Evidence evidence;
  std::vector<Alternative> alternatives;
};

// One version of an engine.
struct EngineView {
  std::string name;
  std::string version;
  bool is_built_in = false;
  bool can_be_installed = false;  // by redline; else it is made known by its path
  bool installed = false;         // on the server's node
};

struct TextView {
  std::string en;
  std::string zh;
};

struct LibraryModelView {
  std::string name;
  std::string display_name;
  TextView summary;
  std::string license;
  std::vector<std::string> tags;
  spec::ModelSpec spec;
  bool cached = false;
  int64_t download_bytes = 0;
  FitView fit;
  std::optional<ChosenView> chosen;
  std::vector<spec::Profile> profiles;
  std::vector<std::string> deployments;
};

// Of POST /deployments with dry_run: the deployment there would be.
struct DryRunView {
  spec::Deployment deployment;
  std::vector<ConfigurationRow> configuration;
  FitView fit;
  std::vector<std::string> command;
  std::map<std::string, std::string> command_environment;
  spec::Evidence evidence;
  std::vector<Alternative> alternatives;
};

struct ProcessView {
  int64_t pid = 0;  // 0: it does not run, or is not ours
  double uptime_seconds = 0;
  int64_t rss_bytes = 0;
};

struct StatusView {
  std::string version;
  ProcessView server;
  ProcessView gateway;
  ProcessView agent;
  std::string data_dir;
  std::string cache_dir;
  int64_t revision = 0;
};

struct VersionView {
  std::string version;
};

struct LogView {
  std::string instance_id;
  std::string text;
  int64_t next = 0;
};

// What an engine counts, by the names of backends/engine_metrics.h.
struct MetricsView {
  std::string instance_id;
  spec::Parameters metrics;
};

struct CreateDeploymentBody {
  std::string model;
  std::string name;     // empty: the model's
  std::string profile;  // empty: chosen
  std::string goal;     // that the chosen profile is for; empty: any
  std::string
      model_path;      // on the worker, instead of the library's files; empty: those are fetched
  std::string engine;  // "vllm@0.13.0" instead of a profile's; empty: the profile's
  std::vector<std::string> arguments;              // its own, with `engine`
  std::map<std::string, std::string> environment;  // variables it reads, with `engine`
  std::string worker;  // name or id of the only one it may run on; empty: any
  int64_t replicas = 1;
  spec::Parameters parameters;
  bool dry_run = false;
};

struct ScaleBody {
  std::optional<int64_t> replicas;
};

// ---- between our own processes

struct KeyView {
  std::string id;
  std::string sha256;
  std::vector<std::string> scopes;
};

struct RouteView {
  std::string id;
  int64_t generation = 0;
  std::string endpoint;
};

struct ServedModelView {
  std::string name;
  int64_t created_at_ms = 0;
  bool is_virtual = false;
  std::vector<RouteView> instances;
};

struct SnapshotView {
  int64_t revision = 0;
  std::vector<KeyView> keys;
  std::vector<ServedModelView> models;
};

struct AssignmentsView {
  int64_t revision = 0;
  std::vector<spec::Assignment> assignments;
  std::vector<LogQuestion> log_requests;
};

// What happened to an instance since the last report that arrived, oldest first.
struct StatusReport {
  std::vector<spec::Instance> statuses;
};

struct HeartbeatView {
  int64_t heartbeat_seconds = 0;
};

struct EmptyView {};

// ---- from the state

DeploymentView ViewOf(const spec::Deployment& deployment, const ClusterState& state);
FitView ViewOf(const Fit& fit);
// The parameters that were asked for or decided, the engine's answer beside each; `effective` is
// empty where nothing runs. A resolved name may have a group ("parallel.tensor_parallel_size"), or
// be another than the argument's ("tp_size"): the row has the resolved one, and all three beside
// it.
std::vector<ConfigurationRow> ConfigurationOf(const spec::EngineConfig& engine,
                                              const spec::Parameters& effective);

}  // namespace redline::platform
