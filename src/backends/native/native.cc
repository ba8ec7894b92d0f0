#include "backends/native/native.h"

#include <fmt/format.h>

#include <algorithm>

#include "backends/native/native_schema.h"
#include "base/strings.h"
#include "net/json_body.h"
#include "nlohmann/json.hpp"

namespace redline::backends {
namespace {

// Of the memory that is left beside the weights, the share a pool takes that nobody gave a size:
// the rest is for other deployments and the page cache.
constexpr double kKvMemoryShare = 0.5;
// The engine does not start with a pool smaller than this (or the model's context, when shorter).
constexpr int64_t kLeastContext = 256;
// Code, tokenizer, connections.
constexpr int64_t kProcessBytes = int64_t{96} << 20;

int64_t IntOf(const spec::Parameters& parameters, const std::string& name) {
  const auto found = parameters.find(name);
  if (found == parameters.end() || !std::holds_alternative<int64_t>(found->second)) return 0;
  return std::get<int64_t>(found->second);
}

int64_t RoundUp(int64_t value, int64_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

// Working memory of one forward pass, in f32: three hidden-sized buffers, q, k, v, the attention's
// output, gate and up, each per token of a step; together at most 16 hidden sizes for an MLP of up
// to four times the hidden size. And one row of logits per running request, and some for prompts'
// log-probs. All of it for each rank.
int64_t ActivationBytes(const spec::ModelSpec& model, const spec::Parameters& parameters) {
  constexpr int64_t kHiddenRows = 16;
  const int64_t rows = IntOf(parameters, "chunked_prefill_size") * model.hidden_size * kHiddenRows;
  constexpr int64_t kPromptLogitsRows = 32;
  const int64_t logits =
      (IntOf(parameters, "max_running_requests") + kPromptLogitsRows) * model.vocab_size;
  return IntOf(parameters, "dp_size") * (rows + logits) * static_cast<int64_t>(sizeof(float));
}

// ModelSpec's figure is for f32, which is also the most that "auto" can mean: int8 and AMX kernels
// take half of it.
int64_t KvBytesPerToken(const spec::ModelSpec& model, const spec::Parameters& parameters) {
  const auto found = parameters.find("kv_cache_dtype");
  const auto* dtype =
      found == parameters.end() ? nullptr : std::get_if<std::string>(&found->second);
  if (dtype != nullptr && *dtype == "bf16") return model.kv_bytes_per_token / 2;
  if (dtype != nullptr && *dtype == "fp8_e4m3") return model.kv_bytes_per_token / 4;
  return model.kv_bytes_per_token;
}

Status CheckTogether(const spec::Parameters& values, const spec::ModelSpec& model) {
  const int64_t page_size = IntOf(values, "page_size");
  if ((page_size & (page_size - 1)) != 0)
    return InvalidArgument(fmt::format("page_size must be a power of two, not {}", page_size),
                           "page_size");
  const int64_t context_length = IntOf(values, "context_length");
  const int64_t pool = IntOf(values, "max_total_tokens") / page_size * page_size;
  if (model.context_length > 0 && context_length > model.context_length)
    return InvalidArgument(fmt::format("context_length is {}, but the model was made for {}",
                                       context_length, model.context_length),
                           "context_length");
  const int64_t least = std::max(context_length, page_size);
  if (IntOf(values, "max_total_tokens") > 0 && pool < least)
    return InvalidArgument(
        fmt::format("max_total_tokens is {}, too few for one {}; it must be at least {}",
                    IntOf(values, "max_total_tokens"),
                    context_length > 0 ? fmt::format("request of context_length {} in pages of {}",
                                                     context_length, page_size)
                                       : "page",
                    RoundUp(least, page_size)),
        "max_total_tokens");
  const int64_t chunk = IntOf(values, "chunked_prefill_size");
  const int64_t running = IntOf(values, "max_running_requests");
  if (chunk < running)
    return InvalidArgument(
        fmt::format("chunked_prefill_size is {}, below max_running_requests ({}): a step could not "
                    "hold one token of each",
                    chunk, running),
        "chunked_prefill_size");
  const int64_t num_threads = IntOf(values, "num_threads");
  if (num_threads > 0 && num_threads < IntOf(values, "dp_size"))
    return InvalidArgument(fmt::format("num_threads is {}, fewer than the {} data-parallel ranks",
                                       num_threads, IntOf(values, "dp_size")),
                           "num_threads");
  return OkStatus();
}

// It reads neither words nor variables: dropping them in silence would be a lie.
Status CheckTakesParametersOnly(const spec::EngineConfig& config) {
  if (config.arguments.empty() && config.environment.empty()) return OkStatus();
  const char* refused = config.arguments.empty() ? "environment" : "arguments";
  return InvalidArgument(
      fmt::format("the native engine takes parameters, not {}: give them with --set NAME=VALUE "
                  "(\"parameters\")",
                  refused),
      refused);
}

class Native : public Backend {
 public:
  const EngineFacts& facts() const override { return NativeFacts(); }

  Result<const ParameterSchema*> SchemaOf(std::string_view version) const override {
    const auto& versions = facts().versions;
    if (version.empty() || std::find(versions.begin(), versions.end(), version) != versions.end())
      return &NativeSchema();
    return InvalidArgument(fmt::format("native engine {} is not here; this build has {}", version,
                                       Join(versions, ", ")),
                           "version");
  }

  Result<Resolution> Resolve(const spec::EngineConfig& config, const spec::ModelSpec& model,
                             const HardwareFacts& hardware) const override;
  Result<Command> CommandLine(const spec::EngineConfig& config,
                              const LaunchPlan& plan) const override;
  spec::Parameters Requested(const spec::EngineConfig& config) const override {
    return config.requested;
  }
  std::vector<MemoryTerm> MemoryTerms(const spec::ModelSpec& model,
                                      const spec::Parameters& resolved) const override;
  spec::Parameters ReadBack(const EngineWords& words) const override;
};

// A pool that the requests can use up, as far as memory allows; never less than the engine's least.
int64_t PoolTokens(const spec::Parameters& values, const spec::ModelSpec& model,
                   int64_t memory_bytes) {
  const int64_t page_size = IntOf(values, "page_size");
  const int64_t context_length = RoundUp(IntOf(values, "context_length"), page_size);
  const int64_t useful = IntOf(values, "max_running_requests") * context_length;
  const int64_t left = std::max<int64_t>(
      0, memory_bytes - model.weight_bytes - kProcessBytes - ActivationBytes(model, values));
  const int64_t per_token =
      std::max<int64_t>(1, IntOf(values, "dp_size") * KvBytesPerToken(model, values));
  const auto affordable =
      static_cast<int64_t>(kKvMemoryShare * static_cast<double>(left)) / per_token;
  const int64_t least = std::min(context_length, RoundUp(kLeastContext, page_size));
  return std::max(std::min(useful, affordable) / page_size * page_size, least);
}

Result<Resolution> Native::Resolve(const spec::EngineConfig& config, const spec::ModelSpec& model,
                                   const HardwareFacts& hardware) const {
  RL_RETURN_IF_ERROR(CheckTakesParametersOnly(config));
  RL_ASSIGN_OR_RETURN(const ParameterSchema* schema, SchemaOf(config.version));
  RL_ASSIGN_OR_RETURN(CheckedParameters checked,
                      CheckParameters(*schema, fmt::format("native {}", facts().versions.front()),
                                      config.requested));
  RL_RETURN_IF_ERROR(CheckTogether(checked.values, model));
  Resolution resolution{std::move(checked.values), std::move(checked.notes)};
  const auto derive = [&](const std::string& name, int64_t value, std::string_view because) {
    resolution.resolved[name] = value;
    resolution.notes.push_back(fmt::format("{} = {}: {}.", name, value, because));
  };
  const spec::Parameters& values = resolution.resolved;
  if (IntOf(values, "num_threads") == 0 && hardware.num_devices > 0)
    derive("num_threads", std::max<int64_t>(hardware.num_devices, IntOf(values, "dp_size")),
           "the hardware threads of the node, one per rank at least");
  if (IntOf(values, "context_length") == 0 && model.context_length > 0)
    derive("context_length", model.context_length, "the model's own");
  if (IntOf(values, "max_total_tokens") == 0)
    derive("max_total_tokens", PoolTokens(values, model, hardware.memory_bytes),
           "what the requests can use, or half of the memory beside the weights");
  const int64_t page_size = IntOf(values, "page_size");
  const int64_t pool = IntOf(values, "max_total_tokens");
  if (pool % page_size != 0)
    derive("max_total_tokens", pool / page_size * page_size, "whole pages");
  if (IntOf(values, "context_length") > IntOf(values, "max_total_tokens"))
    derive("context_length", IntOf(values, "max_total_tokens"), "no more than the KV pool holds");
  return resolution;
}

Result<Command> Native::CommandLine(const spec::EngineConfig& config,
                                    const LaunchPlan& plan) const {
  constexpr std::string_view kUnix = "unix:";
  if (!plan.endpoint.starts_with(kUnix))
    return Internal("the native engine is reached over a Unix socket, not " + plan.endpoint);
  Command command;
  command.argv = plan.program;
  for (const std::string& word :
       {std::string("serve"), std::string("--model-path"), plan.model_path,
        std::string("--served-model-name"), plan.served_model_name, std::string("--uds"),
        plan.endpoint.substr(kUnix.size())})
    command.argv.push_back(word);
  for (const auto& [name, value] : config.resolved) {
    const auto* is_on = std::get_if<bool>(&value);  // a switch
    if (is_on != nullptr && !*is_on) continue;
    command.argv.push_back(FlagName(name));
    if (is_on == nullptr) command.argv.push_back(FormatValue(value));
  }
  return command;
}

std::vector<MemoryTerm> Native::MemoryTerms(const spec::ModelSpec& model,
                                            const spec::Parameters& resolved) const {
  return {{"weights", model.weight_bytes},
          {"kv_cache", IntOf(resolved, "dp_size") * IntOf(resolved, "max_total_tokens") *
                           KvBytesPerToken(model, resolved)},
          {"activations", ActivationBytes(model, resolved)},
          {"process", kProcessBytes}};
}

// /server_info: {"resolved": {...}}.
spec::Parameters Native::ReadBack(const EngineWords& words) const {
  const auto answer = words.answers.find("/server_info");
  if (answer == words.answers.end()) return {};
  const auto info = net::ParseJsonObject(answer->second);
  if (!info.ok() || !info->contains("resolved")) return {};
  auto resolved = spec::ParametersFromJson(info->at("resolved"));
  return resolved.ok() ? *std::move(resolved) : spec::Parameters();
}

}  // namespace

const Backend& NativeBackend() {
  static const Native backend;
  return backend;
}

namespace {

// A word as the schema's parameter takes it; the schema checks what comes of it.
Result<spec::ParameterValue> ValueOfWord(const Parameter& parameter, const std::string& word) {
  if (parameter.type == ParameterType::kInt) {
    if (const auto number = ParseInt64(word)) return spec::ParameterValue(*number);
    return InvalidArgument(
        fmt::format("{} \"{}\" is no whole number", FlagName(parameter.name), Excerpt(word)),
        parameter.name);
  }
  return spec::ParameterValue(word);
}

}  // namespace

Result<spec::Parameters> NativeParametersOf(const std::vector<std::string>& words) {
  RL_ASSIGN_OR_RETURN(const ParameterSchema* schema, NativeBackend().SchemaOf(""));
  spec::Parameters parameters;
  for (size_t index = 0; index < words.size(); ++index) {
    std::string name = words[index].substr(0, words[index].find('='));
    const bool has_value = name.size() < words[index].size();
    std::string key = name.starts_with("--") ? name.substr(2) : std::string();
    std::replace(key.begin(), key.end(), '-', '_');
    const Parameter* parameter = schema->Find(key);
    if (parameter == nullptr)
      return InvalidArgument(fmt::format("{} is no flag of the native engine that a plan may set; "
                                         "see: redline serve --help",
                                         Excerpt(name)),
                             "ARG");
    if (parameter->type == ParameterType::kBool && !has_value) {
      parameters[key] = true;
      continue;
    }
    if (!has_value && index + 1 >= words.size())
      return InvalidArgument(fmt::format("{} needs a value", name), "ARG");
    const std::string word = has_value ? words[index].substr(name.size() + 1) : words[++index];
    RL_ASSIGN_OR_RETURN(parameters[key], ValueOfWord(*parameter, word));
  }
  return parameters;
}

}  // namespace redline::backends
