#include "planner/predict/configure.h"

#include <fmt/format.h>

#include <algorithm>

#include "backends/model_configs.h"
#include "base/strings.h"
#include "planner/model/model_shape_reader.h"
#include "spec/hardware_profile.h"

namespace redline::planner {
namespace {

// The longest known name that begins `name`, in any case; "": none.
std::string KnownBeginning(std::string_view name) {
  const std::string wanted = ToLower(name.substr(name.rfind('/') + 1));
  std::string best;
  for (const std::string& known : backends::ModelConfigNames()) {
    const std::string lower = ToLower(known);
    // Either may be the longer one: "DeepSeek-R1" is known as DeepSeek-R1-0528.
    if (!wanted.starts_with(lower) && !lower.starts_with(wanted + "-")) continue;
    if (lower.size() > best.size()) best = known;
  }
  return best;
}

}  // namespace

Result<KnownModel> FindModel(std::string_view name) {
  KnownModel model{.name = std::string(name)};
  auto config = backends::FindModelConfig(name);
  if (!config.ok()) {
    const std::string known = KnownBeginning(name);
    if (known.empty()) return config.status();
    model.name = known;
    config = backends::FindModelConfig(known);
  }
  if (!config.ok()) return config.status();
  model.config = std::move(*config);
  RL_ASSIGN_OR_RETURN(model.shape, ModelShapeFromConfig(model.config));
  if (ToLower(name).ends_with("-fp8") && !model.shape.format.IsQuantized()) {
    // A checkpoint beside the one that is known, as most publishers write them.
    model.shape.format.quantized.kind = NumberFormat::Kind::kFp8Channel;
    model.config["quantization_config"] = {{"quant_method", "fp8"}};
  }
  return model;
}

Result<Configurer> Configurer::Make(std::string_view engine, const KnownModel& model,
                                    const HardwareSpec& hardware) {
  RL_ASSIGN_OR_RETURN(backends::EngineVersion version, backends::FindEngineVersion(engine));
  RL_ASSIGN_OR_RETURN(
      spec::HardwareProfile profile,
      spec::FindHardwareProfile(fmt::format("{}x{}", hardware.name, hardware.devices_per_node)));
  return Configurer(std::move(version), model, std::move(profile));
}

backends::ResolveRequest Configurer::RequestOf(
    const std::vector<std::string>& arguments,
    const std::map<std::string, std::string>& environment) const {
  backends::ResolveRequest request{.version = engine_.version,
                                   .arguments = arguments,
                                   .environment = environment,
                                   .model_config = model_->config,
                                   .hardware = profile_};
  if (engine_.resolver->model_of(request).empty()) AddModel(request);
  return request;
}

void Configurer::AddModel(backends::ResolveRequest& request) const {
  const bool is_positional = engine_.resolver->name != "sglang";
  if (is_positional) {
    request.arguments.insert(request.arguments.begin(), model_->name);
  } else {
    request.arguments.insert(request.arguments.end(), {"--model-path", model_->name});
  }
}

Result<Configuration> Configurer::Configure(
    const std::vector<std::string>& arguments,
    const std::map<std::string, std::string>& environment) const {
  return Resolve(RequestOf(arguments, environment));
}

Result<Configuration> Configurer::ConfigureFlags(const std::vector<std::string>& arguments) const {
  backends::ResolveRequest request{.version = engine_.version,
                                   .arguments = arguments,
                                   .model_config = model_->config,
                                   .hardware = profile_};
  AddModel(request);
  return Resolve(request);
}

Result<Configuration> Configurer::Resolve(const backends::ResolveRequest& request) const {
  Configuration configuration{.resolution = engine_.resolver->resolve(request)};
  if (configuration.resolution.error.has_value()) {
    const backends::Refusal& refusal = *configuration.resolution.error;
    return Status(Code::kFailedPrecondition,
                  fmt::format("{} {} would not start ({}): {}", engine_.resolver->name,
                              engine_.version, refusal.stage, refusal.message),
                  refusal.field);
  }
  RL_ASSIGN_OR_RETURN(configuration.settings,
                      SettingsOfResolved(engine_.resolver->name, engine_.version,
                                         configuration.resolution.resolved, model_->shape));
  return configuration;
}

Result<Configuration> Configure(std::string_view engine, const KnownModel& model,
                                const std::vector<std::string>& arguments,
                                const std::map<std::string, std::string>& environment,
                                const HardwareSpec& hardware) {
  RL_ASSIGN_OR_RETURN(const Configurer configurer, Configurer::Make(engine, model, hardware));
  return configurer.Configure(arguments, environment);
}

}  // namespace redline::planner
