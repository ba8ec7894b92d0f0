// Profile: (model, hardware match, workload match) -> engine configuration, with its evidence.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "spec/engine_config.h"

namespace redline::spec {

struct HardwareMatch {
  std::string device = "cpu";       // "cpu", "nvidia", "amd"
  std::vector<std::string> models;  // device models ("H200"); empty: any
  int64_t min_devices = 1;          // devices (CPU: hardware threads)
  int64_t min_device_memory_bytes = 0;
};

struct Evidence {
  enum class Kind { kNone, kPredicted, kMeasured } kind = Kind::kNone;
  std::string summary;  // one line a person reads, with numbers and interval; "" for kNone
  std::string source;   // run id or file that holds the numbers
  std::string date;     // of the measurement or prediction: "2025-12-30"
  std::string engine;   // what ran: "sglang@0.5.6.post2"
  Parameters figures;   // by the names of docs/metrics.md: total_tps
  std::vector<std::string> flaws;  // why the figures are worth less than they look, a sentence each
  // Of what `redline tune` found; empty where somebody else measured.
  std::map<std::string, std::string> environment;  // of the machine: "cpu", "kernel", "redline"
  std::string goal;         // that the ratio among the figures is of: "throughput", "latency"
  std::string command;      // that found it, as it was typed
  std::string workload;     // that was run: a WorkloadSpec as JSON
  std::string fingerprint;  // of the engine configuration that ran (FingerprintOf)
  EngineConfig baseline;    // what the ratio among the figures is over
  Parameters resolved;      // what the engine made of the configuration
  // Why it may no longer hold, a sentence each: computed for a node, in no file.
  std::vector<std::string> stale;
};

struct Profile {
  std::string name;  // unique within its model: "cpu-default"
  HardwareMatch hardware;
  std::string goal;  // "throughput", "latency", "long_context", "balanced"; "": not told
  std::string workload = "any";
  EngineConfig engine;  // `requested` only
  Evidence evidence;
};

// "measured" and back; kInvalidArgument for unknown names.
std::string_view NameOf(Evidence::Kind kind);
Result<Evidence::Kind> EvidenceKindFromName(std::string_view name);

// What runs, as 16 hexadecimal digits: engine, requested parameters, arguments and environment; not
// the version.
std::string FingerprintOf(const EngineConfig& config);

nlohmann::json ToJson(const Profile& profile);
nlohmann::json ToJson(const Evidence& evidence);
Result<Profile> ProfileFromJson(const nlohmann::json& json);

}  // namespace redline::spec
