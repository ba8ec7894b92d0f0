#include "backends/llama_cpp/llama_cpp_backend.h"

#include <fmt/format.h>

#include <algorithm>

#include "backends/arguments_backend.h"
#include "base/strings.h"
#include "embedded/llama_cpp_files.h"
#include "net/json_body.h"

namespace redline::backends {
namespace llama_cpp {
namespace {

constexpr int64_t kProcessBytes = int64_t{128} << 20;
constexpr int64_t kDefaultPoolTokens = 32768;

const ArgumentTable& TableOfVersion(std::string_view version) {
  static const ArgumentTables tables = ArgumentTablesIn(embedded::llama_cpp_files());
  return tables.find(version)->second;
}

// The server reads "_" in a flag as "-", and takes a value as a word of its own only.
Result<std::vector<std::string>> Words(std::span<const std::string> arguments) {
  std::vector<std::string> words(arguments.begin(), arguments.end());
  for (std::string& word : words) {
    if (!word.starts_with("--")) continue;
    if (word.find('=') != std::string::npos)
      return InvalidArgument(
          fmt::format("llama.cpp takes flag and value apart: not \"{}\"", Excerpt(word)),
          word.substr(0, word.find('=')));
    std::replace(word.begin(), word.end(), '_', '-');
  }
  return words;
}

// A host that ends with ".sock" is a Unix socket.
std::vector<std::string> Head(const LaunchPlan& plan) {
  constexpr std::string_view kUnix = "unix:";
  return {"--model",   plan.model_path,
          "--alias",   plan.served_model_name,
          "--host",    plan.endpoint.substr(std::min(kUnix.size(), plan.endpoint.size())),
          "--metrics", "--no-webui"};
}

// The server reads these as 32-bit numbers and ends in a crash on some.
Status Check(const ParsedArguments& arguments) {
  const struct {
    const char* dest;
    int64_t least, most;
  } ranges[] = {{"ctx_size", 0, (int64_t{1} << 31) - 1},
                {"threads", -1, 1024},
                {"threads_http", -1, 1024},
                {"parallel", -1, 4096},
                {"batch_size", 1, 1 << 20},
                {"ubatch_size", 1, 1 << 20}};
  for (const auto& range : ranges) {
    if (!arguments.given.contains(range.dest)) continue;
    const nlohmann::json value = arguments.values.value(range.dest, nlohmann::json());
    if (value.is_number_integer() && value >= range.least && value <= range.most) continue;
    std::string flag = fmt::format("--{}", range.dest);
    std::replace(flag.begin(), flag.end(), '_', '-');
    return InvalidArgument(fmt::format("{} must be from {} to {}, not {}", flag, range.least,
                                       range.most, net::JsonExcerpt(value)),
                           flag);
  }
  return OkStatus();
}

// Bytes of an element of the KV cache; blocks of 32 with their scales.
double BytesOfCacheType(const spec::Parameters& resolved, const char* dest) {
  const auto found = resolved.find(dest);
  const auto* type = found == resolved.end() ? nullptr : std::get_if<std::string>(&found->second);
  if (type == nullptr) return 2;
  const std::pair<const char*, double> types[] = {
      {"f32", 4},          {"q8_0", 34 / 32.0},   {"q4_0", 18 / 32.0},
      {"q4_1", 20 / 32.0}, {"iq4_nl", 18 / 32.0}, {"q5_0", 22 / 32.0},
      {"q5_1", 24 / 32.0}};
  for (const auto& [name, bytes] : types) {
    if (*type == name) return bytes;
  }
  return 2;
}

// The context is one pool for all slots.
std::vector<Setting> Settings(const SettingsRequest& request) {
  std::vector<Setting> settings = {
      {"ctx_size", std::max(kDefaultPoolTokens, request.model.context_length),
       "tokens of the KV cache, of all requests together"},
      {"kv_unified", true, "a request may use the whole of ctx_size"}};
  if (request.hardware.num_devices > 0 && request.hardware.device == "cpu")
    settings.push_back(
        {"threads", request.hardware.num_devices, "the hardware threads of the node"});
  return settings;
}

std::vector<MemoryTerm> Memory(const spec::ModelSpec& model, const spec::Parameters& resolved) {
  constexpr int64_t kMostTokens = int64_t{1} << 32;
  // 0 is the model's own.
  const int64_t asked = std::clamp<int64_t>(IntegerOr(resolved, "ctx_size", 0), 0, kMostTokens);
  const int64_t tokens = asked > 0 ? asked : model.context_length;
  // ModelSpec's figure is for keys and values of 4 bytes.
  const double share =
      (BytesOfCacheType(resolved, "cache_type_k") + BytesOfCacheType(resolved, "cache_type_v")) / 8;
  return {{"weights", model.weight_bytes},
          {"kv_cache", static_cast<int64_t>(share * static_cast<double>(tokens) *
                                            static_cast<double>(model.kv_bytes_per_token))},
          {"process", kProcessBytes}};
}

// The line "load_model: initializing, n_slots = 4, n_ctx_slot = 8192, kv_unified = 'true'".
void ReadSlots(std::string_view log, spec::Parameters* effective) {
  constexpr std::string_view kUnified = "kv_unified = '";
  const size_t line = log.find("load_model: initializing, n_slots");
  if (line == std::string_view::npos) return;
  const size_t at = log.find(kUnified, line);
  if (at != std::string_view::npos)
    (*effective)["kv_unified"] = log.substr(at + kUnified.size()).starts_with("true");
}

// /props: build, slots, the context of one slot. What is an argument has its name.
spec::Parameters ReadBackFrom(const EngineWords& words) {
  spec::Parameters effective;
  ReadSlots(words.start_log, &effective);
  const auto answer = words.answers.find("/props");
  if (answer == words.answers.end()) return effective;
  const auto props = net::ParseJsonObject(answer->second);
  if (!props.ok()) return effective;
  for (const auto& [name, value] : props->items()) {
    if (value.is_primitive() && name != "chat_template") effective[name] = ParameterOf(value);
  }
  const auto settings = props->find("default_generation_settings");
  if (settings != props->end() && settings->is_object() && settings->contains("n_ctx") &&
      (*settings)["n_ctx"].is_number())
    effective["n_ctx"] = ParameterOf((*settings)["n_ctx"]);
  if (const auto slots = effective.find("total_slots"); slots != effective.end())
    effective["parallel"] = slots->second;
  return effective;
}

EngineFacts Facts() {
  EngineFacts facts;
  facts.name = "llama_cpp";
  facts.versions = {"11434"};
  facts.transport = Transport::kUnixSocket;
  facts.model_format = ModelFormat::kGguf;
  facts.is_built_in = false;
  facts.log_markers = {
      {.text = "listening on ", .phase = "ready", .constant = 1},
      {.text = "llama_server: model loaded", .phase = "ready", .constant = 0.95},
      {.text = "load_model: initializing", .phase = "making slots", .constant = 0.8},
      {.text = "llama_context:", .phase = "allocating the KV cache", .constant = 0.5},
      {.text = "load_model: loading model", .phase = "loading", .constant = 0.1},
      {.text = "llama_server: initializing", .phase = "initializing", .constant = 0.02},
  };
  facts.failures = {
      {"failed to allocate", "OUT_OF_MEMORY", "lower --ctx-size, or free memory on the node"},
      {"ggml_aligned_malloc: insufficient memory", "OUT_OF_MEMORY",
       "lower --ctx-size, or free memory on the node"},
      {"error loading model architecture", "UNSUPPORTED_MODEL",
       "choose an engine or version that has this architecture"},
      {"failed to load lora adapter", "BAD_PARAMETER", "correct the file that --lora names"},
      {"failed to load model", "DAMAGED_MODEL",
       "delete the model's folder in the cache and deploy again"},
      {"error: invalid argument", "BAD_PARAMETER", "leave out the flag that the line names"},
      {"error while handling argument", "BAD_PARAMETER", "correct the flag that the line names"},
      {"GGML_ASSERT(", "ENGINE_ABORTED",
       "the line says what the engine does not bear; leave out what was given last, or try another "
       "version"},
      {"couldn't bind HTTP server socket", "ADDRESS_IN_USE", "another engine has the address"},
  };
  facts.metrics = {
      {"num_running_requests", "llamacpp:requests_processing"},
      {"num_waiting_requests", "llamacpp:requests_deferred"},
      {"prompt_tokens_total", "llamacpp:prompt_tokens_total"},
      {"generation_tokens_total", "llamacpp:tokens_predicted_total"},
  };
  facts.read_back_paths = {"/props"};
  return facts;
}

ArgumentsEngine Engine() {
  return {.facts = Facts(),
          .table = TableOfVersion,
          .words = Words,
          .check = Check,
          .managed = {"model", "host", "port", "alias", "api_key", "api_key_file", "ssl_key_file",
                      "ssl_cert_file", "hf_repo", "hf_file", "model_url", "api_prefix", "metrics"},
          .managed_variables = {"LLAMA_API_KEY", "LLAMA_ARG_HOST", "LLAMA_ARG_PORT",
                                "LLAMA_ARG_API_PREFIX"},
          .head = Head,
          .environment = {},
          .settings = Settings,
          .memory = Memory,
          .read_back = ReadBackFrom};
}

}  // namespace
}  // namespace llama_cpp

const Backend& LlamaCppBackend() {
  static const ArgumentsBackend backend(llama_cpp::Engine());
  return backend;
}

}  // namespace redline::backends
