#include "backends/vllm/vllm_backend.h"

#include <algorithm>
#include <array>

#include "backends/arguments_backend.h"
#include "backends/engine_metrics.h"
#include "backends/vllm/flexible_words.h"
#include "backends/vllm/start_log.h"
#include "base/strings.h"
#include "embedded/vllm_files.h"

namespace redline::backends {
namespace vllm {
namespace {

constexpr char kKvSpace[] = "VLLM_CPU_KVCACHE_SPACE";
constexpr int64_t kGib = int64_t{1} << 30;
// The two processes of a server with torch loaded, beside weights and KV cache: with SmolLM2
// 1.9 GiB were seen on 0.13.0, 3.2 GiB on 0.32.0.
constexpr int64_t kProcessBytes = int64_t{7} << 29;

const ArgumentTable& TableOfVersion(std::string_view version) {
  static const ArgumentTables tables = ArgumentTablesIn(embedded::vllm_files());
  return tables.find(version)->second;
}

Result<std::vector<std::string>> Words(std::span<const std::string> arguments) {
  RL_ASSIGN_OR_RETURN(FlexibleWords flexible, ToFlexibleWords(arguments));
  return std::move(flexible.words);
}

std::vector<std::string> Head(const LaunchPlan& plan) {
  constexpr std::string_view kUnix = "unix:";
  return {"serve",
          plan.model_path,
          "--served-model-name",
          plan.served_model_name,
          "--uds",
          plan.endpoint.substr(std::min(kUnix.size(), plan.endpoint.size()))};
}

// Without a GPU the KV cache is host memory, and vLLM 0.13.0 would take half of what there is.
std::vector<Setting> Settings(const SettingsRequest& request) {
  std::vector<Setting> settings = {
      {"disable_uvicorn_access_log", true, "the agent asks every few seconds whether it is well"}};
  if (request.hardware.device != "cpu") return settings;
  constexpr int64_t kMost = 4;
  const int64_t quarter = request.hardware.memory_bytes / 4 / kGib;
  const auto& isa = request.hardware.isa;
  const auto has = [&](const char* name) {
    return std::find(isa.begin(), isa.end(), name) != isa.end();
  };
  // On a CPU with neither, answers in bfloat16 were wrong (0.13.0, AVX2: log-probs off by 1.5).
  if (!has("avx512_bf16") && !has("amx"))
    settings.push_back({"dtype", std::string("float32"), "the CPU has no bfloat16 arithmetic"});
  settings.push_back({kKvSpace, std::clamp<int64_t>(quarter, 1, kMost),
                      "GiB of the KV cache: a quarter of the free memory, at most 4"});
  return settings;
}

int64_t BytesOfParameter(const spec::Parameters& resolved) {
  const auto dtype = resolved.find("dtype");
  const auto* name = dtype == resolved.end() ? nullptr : std::get_if<std::string>(&dtype->second);
  return name != nullptr && (*name == "float32" || *name == "float") ? 4 : 2;
}

std::vector<MemoryTerm> Memory(const spec::ModelSpec& model, const spec::Parameters& resolved) {
  return {{"weights", model.num_parameters * BytesOfParameter(resolved)},
          {"kv_cache", std::clamp<int64_t>(IntegerOr(resolved, kKvSpace, 0), 0, 1 << 20) * kGib},
          {"process", kProcessBytes}};
}

// The cache's settings stand in /metrics, the rest in the log of its start. What the engine's
// objects call otherwise than its arguments has the arguments' names here.
spec::Parameters ReadBackFrom(const EngineWords& words) {
  spec::Parameters effective = ReadStartLog(words.start_log);
  if (auto length = effective.extract("max_seq_len"); !length.empty())
    effective["max_model_len"] = length.mapped();
  const auto metrics = words.answers.find("/metrics");
  if (metrics == words.answers.end()) return effective;
  for (const auto& [name, value] : LabelsOf(metrics->second, "vllm:cache_config_info")) {
    if (value != "None" && name != "engine") effective[name] = PythonValue(value);
  }
  // 0.13.0 and 0.32.0.
  for (const char* name : {"cpu_kvcache_space_bytes", "kv_cache_memory_bytes"}) {
    if (const int64_t space = IntegerOr(effective, name, 0); space >= kGib)
      effective[kKvSpace] = space / kGib;
  }
  return effective;
}

EngineFacts Facts() {
  using Fraction = LogMarker::Fraction;
  EngineFacts facts;
  facts.name = "vllm";
  facts.versions = {"0.13.0", "0.32.0"};
  facts.transport = Transport::kUnixSocket;
  facts.model_format = ModelFormat::kHuggingFace;
  facts.is_built_in = false;
  facts.log_markers = {
      {.text = "Application startup complete", .phase = "ready", .constant = 1},
      {.text = "init engine (profile, create kv cache, warmup model) took",
       .phase = "starting the API",
       .constant = 0.95},
      {.text = "Graph capturing finished", .phase = "warming up", .constant = 0.9},
      {.text = "Capturing CUDA graphs", .phase = "capturing graphs", .constant = 0.8},
      {.text = "KV cache size:", .phase = "warming up", .constant = 0.75},
      {.text = "Dynamo bytecode transform time", .phase = "compiling", .constant = 0.7},
      {.text = "Loading weights took", .phase = "loaded", .constant = 0.5},
      {.text = "Loading safetensors checkpoint shards:",
       .phase = "loading",
       .fraction = Fraction::kPercentAfterText,
       .constant = 0.1,
       .until = 0.5},
      {.text = "Starting to load model", .phase = "loading", .constant = 0.1},
      {.text = "Initializing a V1 LLM engine", .phase = "initializing", .constant = 0.05},
      {.text = "non-default args:", .phase = "reading arguments", .constant = 0.02},
  };
  facts.failures = {
      {"CUDA out of memory", "OUT_OF_MEMORY",
       "lower --gpu-memory-utilization, --max-model-len or --max-num-seqs"},
      {"torch.OutOfMemoryError", "OUT_OF_MEMORY",
       "lower --gpu-memory-utilization, --max-model-len or --max-num-seqs"},
      {"Cannot allocate memory", "OUT_OF_MEMORY",
       "lower VLLM_CPU_KVCACHE_SPACE, or free memory on the node"},
      {"To serve at least one request with the model", "CONTEXT_TOO_LONG",  // "models's", "model's"
       "lower --max-model-len, or give the KV cache more memory"},
      {"is greater than the derived max_model_len", "CONTEXT_TOO_LONG",
       "lower --max-model-len to what the model has"},
      {"No available memory for the cache blocks", "OUT_OF_MEMORY",
       "raise --gpu-memory-utilization (on a CPU VLLM_CPU_KVCACHE_SPACE), or use more GPUs"},
      {"are not supported for now", "UNSUPPORTED_MODEL",
       "choose an engine or version that has this architecture"},
      {"does not recognize this architecture", "UNSUPPORTED_MODEL",
       "choose an engine or version that has this architecture"},
      {"error: argument", "BAD_PARAMETER", "correct the flag that the line names"},
      {"error: unrecognized arguments", "BAD_PARAMETER", "leave out the flags that the line names"},
      // Late: the engine says so of much that it only does in another way.
      {"is not supported", "UNSUPPORTED", "the line names what this engine cannot do here"},
      {"ValidationError", "BAD_PARAMETER", "the log tells which setting was refused"},
      {"Engine core initialization failed", "ENGINE_FAILED", "see the log for the first error"},
      {"EngineDeadError", "ENGINE_FAILED", "see the log for the first error"},
  };
  facts.metrics = {
      {"num_running_requests", "vllm:num_requests_running"},
      {"num_waiting_requests", "vllm:num_requests_waiting"},
      {"kv_cache_usage", "vllm:kv_cache_usage_perc", "", MetricName::Total::kMean},
      {"prompt_tokens_total", "vllm:prompt_tokens_total"},
      {"generation_tokens_total", "vllm:generation_tokens_total"},
      {"num_preemptions_total", "vllm:num_preemptions_total"},
      {"time_to_first_token_seconds", "vllm:time_to_first_token_seconds_sum",
       "vllm:time_to_first_token_seconds_count"},
  };
  facts.read_back_paths = {"/metrics"};
  return facts;
}

ArgumentsEngine Engine() {
  return {
      .facts = Facts(),
      .table = TableOfVersion,
      .words = Words,
      .managed = {"model_tag", "model", "host", "port", "uds", "served_model_name", "api_key",
                  "ssl_keyfile", "ssl_certfile", "ssl_ca_certs", "root_path", "headless", "config"},
      .managed_variables = {"VLLM_API_KEY"},
      .head = Head,
      .environment = {{"VLLM_NO_USAGE_STATS", "1"}, {"DO_NOT_TRACK", "1"}, {"NO_COLOR", "1"}},
      .settings = Settings,
      .memory = Memory,
      .read_back = ReadBackFrom};
}

}  // namespace
}  // namespace vllm

const Backend& VllmBackend() {
  static const ArgumentsBackend backend(vllm::Engine());
  return backend;
}

}  // namespace redline::backends
