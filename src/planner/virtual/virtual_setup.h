// What a virtual engine is made of: the engine it stands for, the model and the hardware, resolved
// and planned. Immutable; engines of one process share it.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "planner/engines/engine_plan.h"
#include "planner/predict/configure.h"

namespace redline::planner {

struct VirtualRequest {
  std::string engine;    // "sglang@0.5.6.post2"
  std::string model;     // "DeepSeek-V3.2"
  std::string hardware;  // "h200x8"
  std::vector<std::string> arguments;
  std::map<std::string, std::string> environment;
};

// What the engine's own arguments say of its front end.
struct FrontEnd {
  std::string host;  // where the engine would listen by itself
  int64_t port = 0;
  std::string unix_path;    // a socket to listen on instead (vLLM's --uds); "": none
  std::string served_name;  // the first one, where there are several
  std::string api_key;      // "": none is asked for
  bool has_metrics = true;  // SGLang: only with --enable-metrics
};

struct VirtualSetup {
  std::string engine;   // "sglang"
  std::string version;  // "0.5.6.post2"
  KnownModel model;
  HardwareSpec hardware;
  Configuration configuration;
  EnginePlan plan;
  FrontEnd front_end;
  int64_t context_length = 0;
};

// Refuses what the engine would refuse, in its words.
Result<std::unique_ptr<const VirtualSetup>> MakeVirtualSetup(const VirtualRequest& request);

}  // namespace redline::planner
