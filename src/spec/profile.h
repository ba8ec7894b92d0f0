// Profile: (model, hardware match, workload match) -> engine configuration, with its evidence.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "base/status.h"
#include "spec/engine_config.h"

namespace redline::spec {

struct HardwareMatch {
  std::string device = "cpu";        // "cpu", "nvidia", "amd"
  std::vector<std::string> models;   // device models ("H200"); empty: any
  int64_t min_devices = 1;           // devices (CPU: hardware threads)
  int64_t min_device_memory_bytes = 0;
};

struct Evidence {
  enum class Kind { kNone, kPredicted, kMeasured } kind = Kind::kNone;
  std::string summary;   // one line a person reads, with numbers and interval; "" for kNone
  std::string source;    // run id or file that holds the numbers
};

struct Profile {
  std::string name;      // unique within its model: "cpu-default"
  HardwareMatch hardware;
  std::string workload = "any";
  EngineConfig engine;   // `requested` only
  Evidence evidence;
};

nlohmann::json ToJson(const Profile& profile);
Result<Profile> ProfileFromJson(const nlohmann::json& json);

}  // namespace redline::spec
