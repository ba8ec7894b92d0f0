#include "backends/tensorrt_llm/resolver.h"

#include "backends/arguments/argument_parser.h"
#include "backends/tensorrt_llm/steps.h"
#include "embedded/tensorrt_llm_files.h"

namespace redline::backends::tensorrt_llm {
namespace {

constexpr std::string_view kVersions[] = {"1.2.0rc5"};

const ArgumentTable& TableOf(std::string_view version) {
  static const ArgumentTables tables = ArgumentTablesIn(embedded::tensorrt_llm_files());
  return tables.find(version)->second;
}

EngineResolution Refused(std::string stage, const Status& status) {
  EngineResolution resolution;
  resolution.error = Refusal{std::move(stage), status.message(), status.param()};
  return resolution;
}

std::string ModelOf(const ResolveRequest& request) {
  const auto parsed = ParseArguments(TableOf(request.version), request.arguments);
  if (!parsed.ok()) return "";
  const nlohmann::json& model = parsed->values.at("model");
  return model.is_string() ? model.get<std::string>() : "";
}

EngineResolution Resolve(const ResolveRequest& request) {
  const auto parsed = ParseArguments(TableOf(request.version), request.arguments);
  if (!parsed.ok()) return Refused("click", parsed.status());
  const nlohmann::json& values = parsed->values;
  // A model that is known otherwise need not be repeated.
  if (values.at("model").is_null() && !request.model_config.is_object())
    return Refused("click", InvalidArgument("missing argument 'MODEL': name the model", "model"));
  if (const Status status = CheckServe(values); !status.ok()) return Refused("serve", status);
  const int num_gpus = request.hardware.num_gpus;
  if (const Status status = CheckLlmArgs(values, num_gpus); !status.ok())
    return Refused("llm_args", status);
  if (const Status status = CheckMapping(values); !status.ok()) return Refused("mapping", status);
  EngineResolution resolution;
  resolution.resolved = LlmArgsOf(values, num_gpus);
  resolution.rewritten = RewritesOf(values, resolution.resolved);
  for (Rewrite& rewrite : resolution.rewritten)
    rewrite.was_given = parsed->given.contains(rewrite.field);
  AppendNotes(request, *parsed, resolution);
  return resolution;
}

// Without a file there is no data parallelism: each rank has a part of the attention.
Placement PlacementOf(const EngineResolution& resolution) {
  const nlohmann::json& args = resolution.resolved;
  Placement placement{
      .tp_size = args.value("tensor_parallel_size", int64_t{1}),
      .pp_size = args.value("pipeline_parallel_size", int64_t{1}),
      .memory_fraction = args.at("kv_cache_config").value("free_gpu_memory_fraction", 0.0),
      .fraction_is_of_free = true,
      .memory_flag = "free_gpu_memory_fraction",
      .kv_cache_dtype = args.at("kv_cache_config").value("dtype", "auto")};
  placement.attention_tp_size = placement.tp_size;
  placement.expert_group_size = placement.tp_size;
  placement.num_gpus = ProductOfSizes(
      {placement.tp_size, placement.pp_size, args.value("context_parallel_size", int64_t{1})});
  return placement;
}

}  // namespace

EngineResolver Resolver() {
  return {.name = "tensorrt_llm",
          .versions = kVersions,
          .extent = "arguments only, never run here",
          .table = TableOf,
          .model_of = ModelOf,
          .resolve = Resolve,
          .placement = PlacementOf,
          .field_of = [](std::string_view dest) -> std::string_view {
            return dest == "extra_llm_api_options" ? "config" : "";
          },
          .program = [](const std::string& model_path) -> std::vector<std::string> {
            return {"trtllm-serve", model_path};
          }};
}

}  // namespace redline::backends::tensorrt_llm
