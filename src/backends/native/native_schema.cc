#include "backends/native/native_schema.h"

#include "base/version.h"

namespace redline::backends {
namespace {

Parameter Int(std::string name, int64_t default_value, double minimum, double maximum,
              std::string help) {
  return {.name = std::move(name),
          .type = ParameterType::kInt,
          .default_value = default_value,
          .help = std::move(help),
          .minimum = minimum,
          .maximum = maximum};
}

Parameter Choice(std::string name, const std::vector<std::string>& choices, std::string help) {
  return {.name = std::move(name),
          .type = ParameterType::kString,
          .default_value = choices.front(),
          .help = std::move(help),
          .choices = choices};
}

ParameterSchema MakeSchema() {
  ParameterSchema schema;
  schema.parameters = {
      Int("max_running_requests", 64, 1, 4096, "requests that are decoded together, per rank"),
      Int("max_total_tokens", 0, 0, 0x1p40,
          "tokens the KV pool of a rank holds; 0: from memory and context_length"),
      Int("chunked_prefill_size", 512, 1, 65536, "tokens of one step, prefill and decode together"),
      Int("context_length", 0, 0, 0x1p24,
          "tokens of one request, prompt and answer; 0: the model's own"),
      Int("page_size", 16, 1, 256, "tokens per KV page, a power of two"),
      Int("max_queued_requests", 1024, 0, 0x1p20,
          "requests that may wait besides the running ones; more are refused"),
      Int("num_threads", 0, 0, 1024,
          "compute threads of all ranks together; 0: the CPUs this process may use, "
          "one for each rank at least"),
      Int("dp_size", 1, 1, 64,
          "data-parallel ranks, each with a scheduler, a KV pool and threads of its own"),
      Choice("schedule_policy", {"fcfs", "lpm"},
             "who is admitted next: first come first served, or longest cached prefix first"),
      Choice("kv_cache_dtype", {"auto", "f32", "bf16", "fp8_e4m3"},
             "how keys and values are stored; auto: bf16 for BF16 checkpoints, for quantised "
             "ones with int8 kernels, and with AMX; else f32"),
      Choice("kernels",
             {"auto", "ref", "avx2", "avx2_int8", "avx_vnni", "avx512", "avx512_vnni",
              "avx512_bf16", "amx"},
             "instruction set and arithmetic of the kernels; auto: the last of them that the CPU "
             "has, the fastest for many requests at once (for one, avx512_vnni is faster than "
             "amx)"),
      Choice("speculative_algorithm", {"none", "NGRAM"},
             "NGRAM: tokens that followed the same words before are computed along, and kept where "
             "right"),
      Int("speculative_num_draft_tokens", 4, 1, 16, "drafts of a request in a step, at most"),
      Choice("tool_call_parser",
             {"auto", "none", "deepseekv3", "deepseekv31", "deepseekv32", "hermes", "json",
              "llama3_json", "mistral", "qwen"},
             "how the model writes tool calls; auto: as its chat template implies"),
      Choice("reasoning_parser", {"auto", "none", "deepseek-r1", "deepseek-v3", "qwen3"},
             "how the model marks reasoning; auto: as its chat template implies"),
      {.name = "disable_radix_cache",
       .type = ParameterType::kBool,
       .default_value = false,
       .help = "do not keep computed prefixes for later requests"},
  };
  schema.managed = {"model_path", "served_model_name", "host", "port", "uds", "api_key"};
  return schema;
}

EngineFacts MakeFacts() {
  EngineFacts facts;
  facts.name = "native";
  facts.versions = {kVersion};
  facts.log_markers = {
      {.text = "loading: ", .phase = "loading", .fraction = LogMarker::Fraction::kPercentAfterText},
      {.text = "ready: listening on ", .phase = "ready", .constant = 1},
  };
  facts.failures = {
      {"resource_exhausted:", "OUT_OF_MEMORY",
       "lower max_total_tokens or context_length, or free memory on the node"},
      {"data_loss:", "DAMAGED_MODEL", "delete the model's folder in the cache and deploy again"},
      {"unimplemented:", "UNSUPPORTED_MODEL", "choose an engine that has this architecture"},
      {"invalid_argument:", "BAD_PARAMETER", "correct the parameter that the line names"},
      {"std::bad_alloc", "OUT_OF_MEMORY",
       "lower max_total_tokens or context_length, or free memory on the node"},
  };
  facts.metrics = {
      {"num_running_requests", "redline_engine_requests_running"},
      {"num_waiting_requests", "redline_engine_requests_queued"},
      {"prompt_tokens_total", "redline_engine_prompt_tokens_total"},
      {"generation_tokens_total", "redline_engine_generation_tokens_total"},
      {"num_preemptions_total", "redline_engine_preemptions_total"},
      {"kv_cache_usage", "redline_engine_kv_pages_used", "redline_engine_kv_pages_total"},
      {"time_to_first_token_seconds", "redline_engine_time_to_first_token_seconds_sum",
       "redline_engine_time_to_first_token_seconds_count"},
  };
  facts.read_back_paths = {"/server_info"};
  return facts;
}

}  // namespace

const ParameterSchema& NativeSchema() {
  static const ParameterSchema schema = MakeSchema();
  return schema;
}

const EngineFacts& NativeFacts() {
  static const EngineFacts facts = MakeFacts();
  return facts;
}

}  // namespace redline::backends
