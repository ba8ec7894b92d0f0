// What a deployment of a model on a node of GPUs would be, without the node: the profile, the
// engine's command line, what the engine makes of it, each flag's effect, the memory of a GPU. Pure
// functions.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "backends/flag_effects.h"
#include "backends/gpu_memory.h"
#include "backends/resolution.h"
#include "platform/catalog/catalog.h"
#include "spec/hardware_profile.h"

namespace redline::platform {

struct GpuWishes {
  spec::HardwareProfile hardware;
  std::string profile;  // "": chosen
  std::string goal;     // "": any
  // An engine and its own arguments instead of a profile's.
  std::string engine;  // "sglang@0.5.6.post2"; "": the profile's
  std::vector<std::string> arguments;
};

struct GpuPlan {
  std::string profile;  // "": the engine and arguments were given
  std::string engine;   // "sglang@0.5.6.post2"
  std::vector<std::string> command;
  std::map<std::string, std::string> environment;
  backends::EngineResolution resolution;
  std::vector<backends::FlagEffect> flags;  // empty when the engine refuses
  backends::Placement placement;
  backends::GpuMemory memory;
  std::string
      obstacle;  // why it would not start there, beyond the engine's refusal; "": nothing known
  std::vector<std::string> why;  // sentences
  spec::Evidence evidence;
};

// Whether `profile` is for this hardware.
bool IsFor(const spec::HardwareMatch& match, const spec::HardwareProfile& hardware);

// The request for the resolver that one engine configuration of the model is. kInvalidArgument for
// an engine or version that is not known, kNotFound when the model's config.json is not.
struct EngineRequest {
  const backends::EngineResolver* resolver = nullptr;
  backends::ResolveRequest request;
};
Result<EngineRequest> RequestFor(const CatalogEntry& entry, const spec::EngineConfig& config,
                                 const spec::HardwareProfile& hardware);

// Whether a plan says what each flag changes, for which the engine is resolved once per flag.
enum class FlagEffects { kExplain, kSkip };

// The plan of one engine configuration: without profile and evidence. An engine that would refuse
// its arguments is no error here: the plan's resolution says why.
Result<GpuPlan> PlanEngine(const CatalogEntry& entry, const spec::EngineConfig& config,
                           const spec::HardwareProfile& hardware, FlagEffects flags);

// The same of a profile, or of the engine that is wished for.
// kNotFound when no profile fits hardware and goal, with those there are.
Result<GpuPlan> PlanOnGpus(const CatalogEntry& entry, const GpuWishes& wishes);

}  // namespace redline::platform
