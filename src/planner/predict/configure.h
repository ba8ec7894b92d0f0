// From a model's name and an engine's own arguments to settings: what the engine would make of
// them.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "backends/resolution.h"
#include "base/status.h"
#include "planner/engines/engine_settings.h"
#include "planner/hardware/hardware_spec.h"
#include "planner/model/model_shape.h"

namespace redline::planner {

// A model that the catalogue has a config.json of: by its name, or by the longest known name that
// its name begins with ("deepseek-ai/DeepSeek-R1", "GLM-5.2-FP8-something").
struct KnownModel {
  std::string name;  // of the config
  nlohmann::json config;
  ModelShape shape;
};
Result<KnownModel> FindModel(std::string_view name);

struct Configuration {
  backends::EngineResolution resolution;
  EngineSettings settings;
};

// `engine`: "sglang@0.5.6.post2"; without a version its default. kFailedPrecondition, with the
// engine's reason, when it would refuse.
Result<Configuration> Configure(std::string_view engine, const KnownModel& model,
                                const std::vector<std::string>& arguments,
                                const std::map<std::string, std::string>& environment,
                                const HardwareSpec& hardware);

}  // namespace redline::planner
