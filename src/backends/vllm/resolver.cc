#include "backends/vllm/resolver.h"

#include <array>
#include <utility>

#include "backends/vllm/engine_config.h"
#include "backends/vllm/environment.h"
#include "backends/vllm/front_end.h"
#include "backends/vllm/vllm_config.h"

namespace redline::backends::vllm {
namespace {

// A message that speaks of a thing by its meaning also gets the flag that sets it.
std::string WithFlag(const Status& status) {
  const Argument* argument = ServeArgumentTable().FindDest(status.param());
  if (argument == nullptr || argument->flags.empty()) return status.message();
  const std::string& flag = argument->flags.front();
  const bool names_it = status.message().find(flag) != std::string::npos ||
                        status.message().find(argument->dest) != std::string::npos;
  return names_it ? status.message() : flag + ": " + status.message();
}

EngineResolution Refused(EngineResolution resolution, std::string stage, const Status& status) {
  resolution.resolved = nullptr;
  resolution.rewritten.clear();
  resolution.error = Refusal{std::move(stage), WithFlag(status), status.param()};
  return resolution;
}

constexpr std::string_view kVersions[] = {"0.13.0"};

// The dest of a resolved field, where it is not the field's own name.
constexpr auto kDests = std::to_array<std::pair<std::string_view, std::string_view>>({
    {"cache.cache_dtype", "kv_cache_dtype"},
    {"scheduler.policy", "scheduling_policy"},
    {"attention.backend", "attention_backend"},
    {"speculative.method", "speculative_config"},
});

std::string DestOf(std::string_view field) {
  for (const auto& [known, dest] : kDests)
    if (known == field) return std::string(dest);
  return std::string(field.substr(field.rfind('.') + 1));
}

std::string_view FieldOf(std::string_view dest) {
  for (const auto& [field, known] : kDests)
    if (known == dest) return field;
  return "";
}

// The fields of a configuration class can be named in its JSON as well.
bool WasGiven(const ServeArguments& arguments, const std::string& field) {
  const std::string dest = DestOf(field);
  if (arguments.IsGiven(dest)) return true;
  const nlohmann::json& config = arguments.At(field.substr(0, field.find('.')) + "_config");
  return config.is_object() && !config.value(dest, nlohmann::json()).is_null();
}

Status CheckModelKnown(const ResolveRequest& request) {
  if (request.model_config.is_object()) return OkStatus();
  return InvalidArgument("the model's config.json is not known, and vLLM decides by it", "model");
}

EngineResolution ResolveParsed(const ResolveRequest& request, const ServeArguments& arguments,
                               EngineResolution resolution) {
  Notes notes(&resolution);
  if (const Status status = ValidateParsedServeArgs(arguments, &notes); !status.ok())
    return Refused(std::move(resolution), "validate_parsed_serve_args", status);
  if (const Status status = ValidateApiServerArgs(arguments, &notes); !status.ok())
    return Refused(std::move(resolution), "validate_api_server_args", status);
  if (const Status status = CheckModelKnown(request); !status.ok())
    return Refused(std::move(resolution), "create_engine_config", status);
  const Context context{arguments, request.environment, request.model_config, request.hardware,
                        &notes};
  const auto config = CreateEngineConfig(context);
  if (!config.ok()) return Refused(std::move(resolution), "create_engine_config", config.status());
  resolution.resolved = ToJson(*config);
  for (Rewrite& rewrite : resolution.rewritten)
    rewrite.was_given = WasGiven(arguments, rewrite.field);
  return resolution;
}

std::string ModelOf(const ResolveRequest& request) {
  EngineResolution unused;
  Notes notes(&unused);
  const auto arguments = ParseServeArguments(request.arguments, &notes);
  return arguments.ok() ? arguments->Text("model") : "";
}

Placement PlacementOf(const EngineResolution& resolution) {
  const nlohmann::json& parallel = resolution.resolved["parallel"];
  const nlohmann::json& cache = resolution.resolved["cache"];
  Placement placement{.tp_size = parallel.value("tensor_parallel_size", int64_t{1}),
                      .pp_size = parallel.value("pipeline_parallel_size", int64_t{1}),
                      .dp_size = parallel.value("data_parallel_size", int64_t{1}),
                      .memory_fraction = cache.value("gpu_memory_utilization", 0.0),
                      .memory_flag = "gpu_memory_utilization",
                      .kv_cache_dtype = cache.value("cache_dtype", "auto")};
  placement.attention_tp_size = placement.tp_size;
  // The experts of all data-parallel ranks are one group.
  placement.expert_group_size = ProductOfSizes({placement.tp_size, placement.dp_size});
  placement.num_gpus = ProductOfSizes({placement.tp_size, placement.pp_size, placement.dp_size});
  placement.longest_request = resolution.resolved["model"].value("max_model_len", int64_t{0});
  return placement;
}

}  // namespace

EngineResolution Resolve(const ResolveRequest& request) {
  EngineResolution resolution;
  Notes notes(&resolution);
  if (const Status status = CheckEnvironment(request.environment); !status.ok())
    return Refused(std::move(resolution), "argparse", status);
  const auto arguments = ParseServeArguments(request.arguments, &notes);
  if (!arguments.ok()) return Refused(std::move(resolution), "argparse", arguments.status());
  return ResolveParsed(request, *arguments, std::move(resolution));
}

EngineResolver Resolver() {
  return {.name = "vllm",
          .versions = kVersions,
          .table = [](std::string_view) -> const ArgumentTable& { return ServeArgumentTable(); },
          .model_of = ModelOf,
          .resolve = Resolve,
          .placement = PlacementOf,
          .field_of = FieldOf,
          .program = [](const std::string& model_path) -> std::vector<std::string> {
            return {"vllm", "serve", model_path};
          }};
}

}  // namespace redline::backends::vllm
