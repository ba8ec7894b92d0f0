#include "backends/sglang/sglang_backend.h"

#include <algorithm>

#include "backends/arguments_backend.h"
#include "backends/sglang/resolver.h"
#include "base/strings.h"
#include "net/json_body.h"

namespace redline::backends {
namespace sglang {
namespace {

// Three processes with torch loaded, measured with stories260K (2.7 GB) and SmolLM2.
constexpr int64_t kProcessBytes = int64_t{3} << 30;
constexpr int64_t kDefaultPoolTokens = 32768;

const ArgumentTable& TableOfVersion(std::string_view version) { return Resolver().table(version); }

std::vector<std::string> Head(const LaunchPlan& plan) {
  constexpr std::string_view kHttp = "http://";
  const std::string address = plan.endpoint.substr(std::min(kHttp.size(), plan.endpoint.size()));
  const size_t colon = address.rfind(':');
  return {"--model-path",
          plan.model_path,
          "--served-model-name",
          plan.served_model_name,
          "--host",
          address.substr(0, colon),
          "--port",
          colon == std::string::npos ? "0" : address.substr(colon + 1),
          "--enable-metrics"};
}

// What SGLang 0.5.6.post2 needs where there is no GPU, and a pool that a node shares with others:
// its own rule would take most of the memory.
std::vector<Setting> Settings(const SettingsRequest& request) {
  if (request.hardware.device != "cpu") return {};
  const auto& isa = request.hardware.isa;
  const bool has_amx = std::find(isa.begin(), isa.end(), "amx") != isa.end();
  const std::string no_gpu = "the node has no GPU";
  std::vector<Setting> settings = {
      {"device", std::string("cpu"), no_gpu},
      {"attention_backend", std::string(has_amx ? "intel_amx" : "torch_native"),
       has_amx ? "the CPU has AMX" : "the CPU has no AMX"},
      {"disable_overlap_schedule", true, no_gpu},
      {"sleep_on_idle", true, "an idle engine would keep a core busy"},
      {"mem_fraction_static", 0.1, "max_total_tokens bounds the pool"},
      {"SGLANG_USE_CPU_ENGINE", std::string("1"), no_gpu}};
  const int64_t context = request.model.context_length;
  settings.push_back({"max_total_tokens", std::max(kDefaultPoolTokens, context),
                      "tokens of the KV cache, of all requests together"});
  return settings;
}

std::vector<MemoryTerm> Memory(const spec::ModelSpec& model, const spec::Parameters& resolved) {
  const auto dtype = resolved.find("dtype");
  const bool is_wide =
      dtype != resolved.end() && dtype->second == spec::ParameterValue(std::string("float32"));
  constexpr int64_t kMostTokens = int64_t{1} << 32;
  const int64_t tokens =
      std::clamp<int64_t>(IntegerOr(resolved, "max_total_tokens", 0), 0, kMostTokens);
  // ModelSpec's figure is for f32.
  const int64_t per_token = is_wide ? model.kv_bytes_per_token : model.kv_bytes_per_token / 2;
  return {{"weights", model.num_parameters * (is_wide ? 4 : 2)},
          {"kv_cache", tokens * per_token},
          {"process", kProcessBytes}};
}

// /server_info holds the resolved ServerArgs with their own names, the version, and what each
// scheduler has come to: the tokens of its KV cache.
spec::Parameters ReadBackFrom(const EngineWords& words) {
  spec::Parameters effective;
  const auto answer = words.answers.find("/server_info");
  if (answer == words.answers.end()) return effective;
  const auto info = net::ParseJsonObject(answer->second);
  if (!info.ok()) return effective;
  for (const auto& [name, value] : info->items()) {
    if (value.is_primitive()) effective[name] = ParameterOf(value);
  }
  const auto states = info->find("internal_states");
  if (states == info->end() || !states->is_array() || states->empty() ||
      !states->front().is_object())
    return effective;
  const auto usage = states->front().find("memory_usage");
  if (usage == states->front().end() || !usage->is_object()) return effective;
  const auto capacity = usage->find("token_capacity");
  if (capacity != usage->end() && capacity->is_number())
    effective["token_capacity"] = ParameterOf(*capacity);
  return effective;
}

EngineFacts Facts() {
  using Fraction = LogMarker::Fraction;
  EngineFacts facts;
  facts.name = "sglang";
  facts.versions = {"0.5.6.post2"};
  facts.versions_to_read = {"0.5.23"};
  facts.transport = Transport::kLoopbackPort;
  facts.model_format = ModelFormat::kHuggingFace;
  facts.is_built_in = false;
  facts.log_markers = {
      {.text = "The server is fired up and ready to roll!", .phase = "ready", .constant = 1},
      {.text = "Application startup complete", .phase = "warming up", .constant = 0.9},
      {.text = "Capture cuda graph end", .phase = "warming up", .constant = 0.85},
      {.text = "Capture cuda graph begin", .phase = "capturing graphs", .constant = 0.7},
      {.text = "Entering DeepGEMM JIT Pre-Compile session",
       .phase = "compiling kernels",
       .constant = 0.65},
      {.text = "Memory pool end", .phase = "allocating the KV cache", .constant = 0.6},
      {.text = "Load weight end", .phase = "loaded", .constant = 0.5},
      {.text = "Loading safetensors checkpoint shards:",
       .phase = "loading",
       .fraction = Fraction::kPercentAfterText,
       .constant = 0.1,
       .until = 0.5},
      {.text = "Load weight begin", .phase = "loading", .constant = 0.1},
      {.text = "Init torch distributed ends", .phase = "initializing", .constant = 0.08},
      {.text = "Init torch distributed begin", .phase = "initializing", .constant = 0.05},
      {.text = "server_args=ServerArgs(", .phase = "reading arguments", .constant = 0.02},
  };
  facts.failures = {
      {"torch.OutOfMemoryError", "OUT_OF_MEMORY",
       "lower --mem-fraction-static, --cuda-graph-max-bs or --chunked-prefill-size"},
      {"CUDA out of memory", "OUT_OF_MEMORY",
       "lower --mem-fraction-static, --cuda-graph-max-bs or --chunked-prefill-size"},
      {"Not enough memory. Please try to increase --mem-fraction-static", "OUT_OF_MEMORY",
       "raise --mem-fraction-static, or use more GPUs"},
      {"Cannot allocate memory", "OUT_OF_MEMORY",
       "lower --max-total-tokens, or free memory on the node"},
      {"are not supported for now", "UNSUPPORTED_MODEL",
       "choose an engine or version that has this architecture"},
      {"does not recognize this architecture", "UNSUPPORTED_MODEL",
       "choose an engine or version that has this architecture"},
      {"address already in use", "ADDRESS_IN_USE", "another program has the port; deploy again"},
      {"error: argument", "BAD_PARAMETER", "correct the flag that the line names"},
      {"error: unrecognized arguments", "BAD_PARAMETER", "leave out the flags that the line names"},
      {"AssertionError", "BAD_PARAMETER", "two settings contradict each other; see the log"},
      {"No module named 'sgl_kernel'", "BROKEN_INSTALLATION",
       "SGLang's kernels are not installed: on a CPU it needs a build of its own"},
      {"ModuleNotFoundError", "BROKEN_INSTALLATION",
       "install the engine again: redline engine install NAME@VERSION --reinstall"},
      {"Watchdog timeout", "HANGING", "the engine stood still; see the log"},
      {"Scheduler hit an exception", "ENGINE_FAILED", "see the log for the first error"},
      {"Received sigquit from a child process", "ENGINE_FAILED", "see the log for the first error"},
  };
  facts.metrics = {
      {"num_running_requests", "sglang:num_running_reqs"},
      {"num_waiting_requests", "sglang:num_queue_reqs"},
      {"kv_cache_usage", "sglang:token_usage", "", MetricName::Total::kMean},
      {"prompt_tokens_total", "sglang:prompt_tokens_total"},
      {"generation_tokens_total", "sglang:generation_tokens_total"},
      {"num_preemptions_total", "sglang:num_retracted_reqs"},
      {"time_to_first_token_seconds", "sglang:time_to_first_token_seconds_sum",
       "sglang:time_to_first_token_seconds_count"},
  };
  facts.read_back_paths = {"/server_info"};
  return facts;
}

ArgumentsEngine Engine() {
  return {.facts = Facts(),
          .table = TableOfVersion,
          .managed = {"model_path", "host", "port", "served_model_name", "api_key",
                      "fastapi_root_path", "enable_metrics", "config"},
          .head = Head,
          .environment = {},
          .settings = Settings,
          .memory = Memory,
          .read_back = ReadBackFrom};
}

}  // namespace
}  // namespace sglang

const Backend& SglangBackend() {
  static const ArgumentsBackend backend(sglang::Engine());
  return backend;
}

}  // namespace redline::backends
