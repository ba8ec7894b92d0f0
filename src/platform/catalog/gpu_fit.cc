#include "platform/catalog/gpu_fit.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "backends/arguments_backend.h"
#include "base/strings.h"
#include "platform/catalog/gpu_plan.h"

namespace redline::platform {
namespace {

using nlohmann::json;

constexpr char kVisibleDevices[] = "CUDA_VISIBLE_DEVICES";

std::string EngineName(const spec::EngineConfig& config) {
  return config.engine + "@" + config.version;
}

void FlattenInto(const json& object, const std::string& prefix, spec::Parameters& flat) {
  for (const auto& [name, value] : object.items()) {
    if (value.is_object() && prefix.empty()) {
      FlattenInto(value, name + ".", flat);
    } else if (value.is_primitive() && !value.is_null()) {
      flat[prefix + name] = backends::ParameterOf(value);
    }
  }
}

// The words and variables that Redline's own settings are on the command line, as arguments and
// environment: what stands in `settings` is told apart from what the engine makes of it all.
Status AddSettings(const backends::Backend& backend, const spec::Parameters& settings,
                   spec::EngineConfig& config) {
  spec::EngineConfig with = config;
  with.resolved = settings;
  RL_ASSIGN_OR_RETURN(const auto before, backend.CommandLine(config, {}));
  RL_ASSIGN_OR_RETURN(const auto after, backend.CommandLine(with, {}));
  config.arguments.insert(config.arguments.end(),
                          after.argv.begin() + static_cast<std::ptrdiff_t>(before.argv.size()),
                          after.argv.end());
  for (const auto& [name, value] : after.env) {
    if (!before.env.contains(name)) config.environment[name] = value;
  }
  return OkStatus();
}

// The GPUs that an engine takes whose resolver is not here, by the sizes it was given.
int64_t ClaimedBySizes(const spec::Parameters& given) {
  constexpr std::array kSizes = {"tensor_parallel_size", "pipeline_parallel_size",
                                 "data_parallel_size", "tp_size", "pp_size"};
  int64_t num_gpus = 1;
  for (const char* size : kSizes)
    num_gpus = backends::ProductOfSizes({num_gpus, backends::IntegerOr(given, size, 1)});
  const bool shares_ranks = given.contains("enable_dp_attention");
  return shares_ranks
             ? num_gpus
             : backends::ProductOfSizes({num_gpus, backends::IntegerOr(given, "dp_size", 1)});
}

// Why no resolver can say what the engine will run; OK: one can.
Status CheckResolvable(const CatalogEntry& entry, const spec::EngineConfig& config,
                       const backends::HardwareFacts& hardware) {
  if (hardware.device != "nvidia")
    return Unimplemented("engines' decisions are known for NVIDIA GPUs only");
  if (entry.config.empty())
    return Unimplemented(entry.name + " has no config.json in the catalogue");
  return backends::FindEngineVersion(EngineName(config)).status();
}

class Fitting {
 public:
  Fitting(const CatalogEntry& entry, const spec::EngineConfig& config,
          const backends::HardwareFacts& hardware)
      : entry_(entry), hardware_(hardware) {
    fit_.engine = config;
    fit_.claim.name = hardware.device_model;
  }

  Result<GpuFit> Run() {
    RL_RETURN_IF_ERROR(CheckByTable());
    const auto profile =
        spec::HardwareProfileOf({.name = hardware_.device_model,
                                 .compute_capability = hardware_.compute_capability,
                                 .memory_bytes = hardware_.total_bytes,
                                 .count = hardware_.num_devices});
    const Status resolvable = CheckResolvable(entry_, fit_.engine, hardware_);
    if (!resolvable.ok()) {
      TakeUnknown(resolvable.message());
    } else if (!profile.ok()) {
      TakeUnknown(profile.status().message());
    } else {
      RL_RETURN_IF_ERROR(TakePlan(*profile));
    }
    return std::move(fit_);
  }

 private:
  Status CheckByTable() {
    if (fit_.engine.environment.contains(kVisibleDevices))
      return InvalidArgument(
          fmt::format("{} is set by Redline, which shares out the GPUs of a node: leave it out",
                      kVisibleDevices),
          "environment");
    RL_ASSIGN_OR_RETURN(const backends::Backend* backend,
                        backends::FindBackend(fit_.engine.engine));
    RL_ASSIGN_OR_RETURN(auto resolution, backend->Resolve(fit_.engine, entry_.spec, hardware_));
    RL_RETURN_IF_ERROR(AddSettings(*backend, resolution.resolved, fit_.engine));
    given_ = std::move(resolution.resolved);
    fit_.why = std::move(resolution.notes);
    return OkStatus();
  }

  void TakeUnknown(const std::string& because) {
    fit_.engine.resolved = given_;
    fit_.claim.count = ClaimedBySizes(given_);
    fit_.why.push_back(
        fmt::format("What {} makes of its arguments here is not known ({}): they were checked by "
                    "the engine's own table alone, and how much memory it takes is unknown.",
                    EngineName(fit_.engine), because));
    fit_.why.push_back(
        fmt::format("It takes {} of {} GPUs, by the sizes of parallelism it is given.",
                    fit_.claim.count, hardware_.num_devices));
    if (fit_.claim.count < 1 || fit_.claim.count > hardware_.num_devices)
      fit_.obstacle = fmt::format("it takes {} GPUs, and there are {}", fit_.claim.count,
                                  hardware_.num_devices);
    fit_.available_bytes = Available();
  }

  Status TakePlan(const spec::HardwareProfile& profile) {
    RL_ASSIGN_OR_RETURN(const GpuPlan plan,
                        PlanEngine(entry_, fit_.engine, profile, FlagEffects::kSkip));
    if (plan.resolution.error) return Refused(*plan.resolution.error);
    fit_.engine.resolved = FlattenResolved(plan.resolution.resolved);
    ExplainRewrites(plan.resolution);
    fit_.why.insert(fit_.why.end(), plan.why.begin(), plan.why.end());
    fit_.obstacle = plan.obstacle;
    fit_.claim.count = plan.placement.num_gpus;
    for (const auto& term : plan.memory.terms) {
      // The rest of a GPU is not asked for: an engine starts without it.
      if (term.name == "reserved") continue;
      fit_.terms.push_back(
          {term.name, backends::ProductOfSizes({term.num_bytes, fit_.claim.count})});
      fit_.claim.bytes_each += term.num_bytes;
    }
    fit_.available_bytes = Available();
    return OkStatus();
  }

  Status Refused(const backends::Refusal& refusal) const {
    const auto engine = backends::FindEngineVersion(EngineName(fit_.engine));
    std::string flag = refusal.field;
    if (engine.ok()) {
      const auto* argument = engine->resolver->table(engine->version).FindDest(refusal.field);
      if (argument != nullptr && !argument->flags.empty()) flag = argument->flags.front();
    }
    return InvalidArgument(fmt::format("{} would not start ({}): {}", EngineName(fit_.engine),
                                       refusal.stage, Trim(refusal.message)),
                           flag);
  }

  void ExplainRewrites(const backends::EngineResolution& resolution) {
    for (const auto& each : resolution.rewritten) {
      if (!each.was_given) continue;
      fit_.why.push_back(fmt::format("{}: {} is asked for, {} runs: {} ({}).", each.field,
                                     each.asked.dump(), each.got.dump(), each.rule, each.source));
    }
    for (const std::string& warning : resolution.warnings)
      fit_.why.push_back(fmt::format("Warning: {}", Trim(warning)));
  }

  // As many times what the GPU has that is the fullest of those it would get.
  int64_t Available() const {
    const auto& each = hardware_.bytes_of_each;
    if (each.empty() || fit_.claim.count < 1) return 0;
    const size_t last = std::min(each.size(), static_cast<size_t>(fit_.claim.count)) - 1;
    return backends::ProductOfSizes({each[last], static_cast<int64_t>(last) + 1});
  }

  const CatalogEntry& entry_;
  const backends::HardwareFacts& hardware_;
  spec::Parameters given_;  // by the arguments, with Redline's settings
  GpuFit fit_;
};

}  // namespace

bool RunsOnGpus(std::string_view engine) {
  const auto resolvers = backends::AllEngineResolvers();
  return std::any_of(resolvers.begin(), resolvers.end(),
                     [&](const auto& each) { return each.name == engine; });
}

Result<GpuFit> FitOnGpus(const CatalogEntry& entry, const spec::EngineConfig& config,
                         const backends::HardwareFacts& hardware) {
  return Fitting(entry, config, hardware).Run();
}

spec::Parameters FlattenResolved(const json& resolved) {
  spec::Parameters flat;
  if (resolved.is_object()) FlattenInto(resolved, "", flat);
  return flat;
}

}  // namespace redline::platform
