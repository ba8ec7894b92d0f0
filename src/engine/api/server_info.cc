#include "engine/api/server_info.h"

#include <nlohmann/json.hpp>

#include "base/version.h"
#include "engine/runtime/engine_options.h"
#include "net/http_server.h"
#include "openai/chat_message.h"
#include "openai/special_fields.h"
#include "openai/tools.h"

namespace redline::engine {
namespace {

using OrderedJson = nlohmann::ordered_json;

OrderedJson OptionsJson(const EngineOptions& options) {
  OrderedJson json = OrderedJson::object();
  for (const EngineOptionField& field : EngineOptionFields()) {
    json[std::string(field.name)] = OrderedJson::parse(OptionJson(field, options));
  }
  return json;
}

// The engine's options and those of this room that shape answers.
OrderedJson Configuration(const EngineOptions& engine, const std::string& tool_call_parser,
                          const std::string& reasoning_parser) {
  OrderedJson json = OptionsJson(engine);
  json["tool_call_parser"] = tool_call_parser;
  json["reasoning_parser"] = reasoning_parser;
  return json;
}

std::string NameOrNone(const std::string& parser) { return parser.empty() ? "none" : parser; }

// What a request may ask for at most, whatever the model.
OrderedJson LimitsJson() {
  const net::HttpServerOptions http;
  return {
      {"max_body_bytes", http.max_body_bytes},       {"max_choices", openai::kMaxChoicesPerRequest},
      {"max_messages", openai::kMaxMessages},        {"max_tools", openai::kMaxTools},
      {"max_logit_biases", openai::kMaxLogitBiases}, {"max_stop_strings", openai::kMaxStops}};
}

OrderedJson ModelJson(const LoadedModel& model) {
  const ModelConfig& config = model.engine->model_config();
  return {{"architecture", config.architecture},
          {"model_type", config.model_type},
          {"num_hidden_layers", config.num_hidden_layers},
          {"hidden_size", config.hidden_size},
          {"vocab_size", config.vocab_size},
          {"max_position_embeddings", config.max_position_embeddings},
          {"has_tokenizer", model.tokenizer != nullptr},
          {"has_chat_template", model.chat_template != nullptr},
          {"template_shows_tools", model.template_shows_tools}};
}

OrderedJson MemoryJson(const ResolvedEngine& resolved) {
  return {{"weight_bytes", resolved.weight_bytes},
          {"kv_bytes", resolved.kv_bytes},
          {"activation_bytes", resolved.activation_bytes},
          {"total_bytes", resolved.weight_bytes + resolved.kv_bytes + resolved.activation_bytes}};
}

}  // namespace

std::string ServerInfo(const ServeOptions& options, const LoadedModel* model,
                       std::string_view status) {
  OrderedJson info = {{"engine", "native"},
                      {"version", kVersion},
                      {"status", status},
                      {"model_path", options.model_path},
                      {"served_model_name", ServedModelName(options)},
                      {"requested", Configuration(options.engine, options.tool_call_parser,
                                                  options.reasoning_parser)},
                      {"limits", LimitsJson()}};
  if (model != nullptr) {
    const ResolvedEngine& resolved = model->engine->resolved();
    info["resolved"] = Configuration(resolved.options, NameOrNone(model->tool_call_parser),
                                     NameOrNone(model->reasoning_parser));
    info["isa"] = resolved.isa;
    info["memory"] = MemoryJson(resolved);
    info["model"] = ModelJson(*model);
    info["steps_done"] = model->engine->StepsDone();
  }
  return info.dump(-1, ' ', false, OrderedJson::error_handler_t::replace);
}

}  // namespace redline::engine
