// Jobs of the lab: what may be asked for, and what is told of one. Field lists included.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "spec/fields.h"

namespace redline::platform {

// Of POST /lab/jobs. A field that means nothing for the kind is refused.
struct LabJobBody {
  std::string kind;                   // "bench", "tune"
  std::string workload = "sharegpt";  // by name
  std::optional<double> scale;        // times the requests, concurrency and rates
  std::optional<double> scale_lengths;
  std::optional<int64_t> concurrency;  // closed loop
  std::optional<double> rate;          // open loop, requests a second
  std::optional<int64_t> requests;
  std::optional<int64_t> repeats;
  std::optional<int64_t> seed;
  std::string deployment;                  // bench: through the gateway
  std::string model;                       // tune: of the library; virtual: of the planner
  std::vector<std::string> engines;        // tune; empty: all that are here or planned
  std::string strategy;                    // tune; "": race
  std::string goal;                        // tune; "": throughput
  std::optional<double> max_time_seconds;  // tune: of all runs
  std::optional<int64_t> max_trials;       // tune
  bool is_virtual = false;                 // tune: a rehearsal on `hardware`
  std::string hardware;                    // tune, virtual: "h200x8"
  std::optional<int64_t> truth_seed;       // tune, virtual: a machine unlike what is known
};

namespace lab_state {
inline constexpr char kRunning[] = "running";
inline constexpr char kStopping[] = "stopping";
inline constexpr char kFinished[] = "finished";
inline constexpr char kFailed[] = "failed";
inline constexpr char kStopped[] = "stopped";          // by a person
inline constexpr char kInterrupted[] = "interrupted";  // by the server's end
}  // namespace lab_state

// What is kept of a job, in its folder's job.json.
struct LabJob {
  std::string id;
  std::string state;
  std::string error;  // of kFailed: its last words
  bool is_virtual = false;
  int64_t created_at_ms = 0;
  int64_t started_at_ms = 0;              // of the last sitting
  int64_t ended_at_ms = 0;                // 0: it runs
  std::map<std::string, double> figures;  // by the names of docs/metrics.md; of a tune: its gain
  std::vector<std::string> flaws;         // why they are worth less than they look
  LabJobBody request;

  bool is_running() const { return state == lab_state::kRunning || state == lab_state::kStopping; }
};

struct LabJobView {
  LabJob job;
  bool has_result = false;
  bool can_resume = false;
};

template <typename Visitor>
void VisitFields(Visitor& visit, spec::Is<LabJobBody> auto& body) {
  visit("kind", body.kind);
  visit("workload", body.workload);
  visit("scale", body.scale);
  visit("scale_lengths", body.scale_lengths);
  visit("concurrency", body.concurrency);
  visit("rate", body.rate);
  visit("requests", body.requests);
  visit("repeats", body.repeats);
  visit("seed", body.seed);
  visit("deployment", body.deployment);
  visit("model", body.model);
  visit("engines", body.engines);
  visit("strategy", body.strategy);
  visit("goal", body.goal);
  visit("max_time_seconds", body.max_time_seconds);
  visit("max_trials", body.max_trials);
  visit("virtual", body.is_virtual);
  visit("hardware", body.hardware);
  visit("truth_seed", body.truth_seed);
}

template <typename Visitor>
void VisitFields(Visitor& visit, spec::Is<LabJob> auto& job) {
  visit("id", job.id);
  visit("state", job.state);
  visit("error", job.error);
  visit("virtual", job.is_virtual);
  visit.Time("created_at", job.created_at_ms);
  visit.Time("started_at", job.started_at_ms);
  visit.Time("ended_at", job.ended_at_ms);
  visit("figures", job.figures);
  visit("flaws", job.flaws);
  visit("request", job.request);
}

template <typename Visitor>
void VisitFields(Visitor& visit, spec::Is<LabJobView> auto& view) {
  VisitFields(visit, view.job);
  visit("has_result", view.has_result);
  visit("can_resume", view.can_resume);
}

}  // namespace redline::platform
