// What a plan may be asked for, and the request for one. Field lists included.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "spec/fields.h"

namespace redline::platform {

struct PlanModelView {
  std::string name;  // as engines take it: "deepseek-ai/DeepSeek-V3.2"
  std::string display_name;
  std::string library;  // its name there; "": it is not in the library
};

struct PlanHardwareView {
  std::string name;  // of one device: "H200"
  std::string vendor;
  int64_t devices_per_node = 0;
  int64_t memory_bytes = 0;  // of one device
};

struct PlanWorkloadView {
  std::string name;
  std::string description;
  int64_t num_requests = 0;
};

struct PlanChoicesView {
  std::vector<PlanModelView> models;
  std::vector<PlanHardwareView> hardware;
  std::vector<PlanWorkloadView> workloads;
  std::vector<std::string> engines;  // "vllm@0.13.0"
  std::vector<std::string> goals;
};

// Of POST /plan, but for "config": the model's config.json, in the place of one that is known.
struct PlanBody {
  std::string model;     // a known name, or the path of a config.json on the server's node
  std::string hardware;  // "h200x8"
  std::string workload = "sharegpt";
  std::optional<int64_t> concurrency;  // closed loop
  std::optional<double> rate;          // open loop, requests a second
  std::optional<int64_t> requests;
  std::string goal = "throughput";
  std::optional<double> slo_ttft_ms;
  std::optional<double> slo_tpot_ms;
  double slo_share = 0.9;
  std::vector<std::string> engines;    // empty: all
  std::vector<std::string> arguments;  // a configuration of one's own, of the one engine
  std::map<std::string, std::string> environment;
  std::optional<double> price_per_gpu_hour;
  int64_t seed = 1;
  bool stream = false;  // server-sent events: progress, then plan or error
};

template <typename Visitor>
void VisitFields(Visitor& visit, spec::Is<PlanModelView> auto& model) {
  visit("name", model.name);
  visit("display_name", model.display_name);
  visit("library", model.library);
}

template <typename Visitor>
void VisitFields(Visitor& visit, spec::Is<PlanHardwareView> auto& hardware) {
  visit("name", hardware.name);
  visit("vendor", hardware.vendor);
  visit("devices_per_node", hardware.devices_per_node);
  visit("memory_bytes", hardware.memory_bytes);
}

template <typename Visitor>
void VisitFields(Visitor& visit, spec::Is<PlanWorkloadView> auto& workload) {
  visit("name", workload.name);
  visit("description", workload.description);
  visit("num_requests", workload.num_requests);
}

template <typename Visitor>
void VisitFields(Visitor& visit, spec::Is<PlanChoicesView> auto& choices) {
  visit("models", choices.models);
  visit("hardware", choices.hardware);
  visit("workloads", choices.workloads);
  visit("engines", choices.engines);
  visit("goals", choices.goals);
}

template <typename Visitor>
void VisitFields(Visitor& visit, spec::Is<PlanBody> auto& body) {
  visit("model", body.model);
  visit("hardware", body.hardware);
  visit("workload", body.workload);
  visit("concurrency", body.concurrency);
  visit("rate", body.rate);
  visit("requests", body.requests);
  visit("goal", body.goal);
  visit("slo_ttft_ms", body.slo_ttft_ms);
  visit("slo_tpot_ms", body.slo_tpot_ms);
  visit("slo_share", body.slo_share);
  visit("engines", body.engines);
  visit("arguments", body.arguments);
  visit("environment", body.environment);
  visit("price_per_gpu_hour", body.price_per_gpu_hour);
  visit("seed", body.seed);
  visit("stream", body.stream);
}

}  // namespace redline::platform
