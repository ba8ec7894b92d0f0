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
#include "spec/hardware_profile.h"

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

// Asks one engine what it would make of many argument lists. Immutable; any thread may ask.
class Configurer {
 public:
  // `engine`: "sglang@0.5.6.post2"; without a version its default. `model` outlives this.
  static Result<Configurer> Make(std::string_view engine, const KnownModel& model,
                                 const HardwareSpec& hardware);

  // kFailedPrecondition, with the engine's reason, when it would refuse.
  Result<Configuration> Configure(const std::vector<std::string>& arguments,
                                  const std::map<std::string, std::string>& environment = {}) const;
  // The same of arguments that are known to name no model: a search asks so often that looking for
  // one counts.
  Result<Configuration> ConfigureFlags(const std::vector<std::string>& arguments) const;
  // The question itself, with the model beside the arguments where they name none.
  backends::ResolveRequest RequestOf(const std::vector<std::string>& arguments,
                                     const std::map<std::string, std::string>& environment) const;
  const backends::EngineVersion& engine() const { return engine_; }

 private:
  Result<Configuration> Resolve(const backends::ResolveRequest& request) const;
  void AddModel(backends::ResolveRequest& request) const;
  Configurer(backends::EngineVersion engine, const KnownModel& model, spec::HardwareProfile profile)
      : engine_(std::move(engine)), model_(&model), profile_(std::move(profile)) {}

  backends::EngineVersion engine_;
  const KnownModel* model_;
  spec::HardwareProfile profile_;
};

// One question alone.
Result<Configuration> Configure(std::string_view engine, const KnownModel& model,
                                const std::vector<std::string>& arguments,
                                const std::map<std::string, std::string>& environment,
                                const HardwareSpec& hardware);

}  // namespace redline::planner
