#include "engine/api/server_info.h"

#include <nlohmann/json.hpp>

#include "base/version.h"
#include "engine/runtime/engine_options.h"

namespace redline::engine {
namespace {

using Json = nlohmann::ordered_json;

Json OptionsJson(const EngineOptions& options) {
  Json json = Json::object();
  for (const EngineOptionField& field : EngineOptionFields()) {
    json[std::string(field.name)] = Json::parse(OptionJson(field, options));
  }
  return json;
}

Json ModelJson(const LoadedModel& model) {
  const ModelConfig& config = model.engine->model_config();
  return {{"architecture", config.architecture},
          {"model_type", config.model_type},
          {"num_hidden_layers", config.num_hidden_layers},
          {"hidden_size", config.hidden_size},
          {"vocab_size", config.vocab_size},
          {"max_position_embeddings", config.max_position_embeddings},
          {"has_tokenizer", model.tokenizer != nullptr},
          {"has_chat_template", model.chat_template != nullptr}};
}

Json MemoryJson(const ResolvedEngine& resolved) {
  return {{"weight_bytes", resolved.weight_bytes},
          {"kv_bytes", resolved.kv_bytes},
          {"activation_bytes", resolved.activation_bytes},
          {"total_bytes", resolved.weight_bytes + resolved.kv_bytes + resolved.activation_bytes}};
}

}  // namespace

std::string ServerInfo(const ServeOptions& options, const LoadedModel* model,
                       std::string_view status) {
  Json info = {{"engine", "native"},
               {"version", kVersion},
               {"status", status},
               {"model_path", options.model_path},
               {"served_model_name", ServedModelName(options)},
               {"requested", OptionsJson(options.engine)}};
  if (model != nullptr) {
    const ResolvedEngine& resolved = model->engine->resolved();
    info["resolved"] = OptionsJson(resolved.options);
    info["isa"] = resolved.isa;
    info["memory"] = MemoryJson(resolved);
    info["model"] = ModelJson(*model);
    info["steps_done"] = model->engine->StepsDone();
  }
  return info.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace redline::engine
