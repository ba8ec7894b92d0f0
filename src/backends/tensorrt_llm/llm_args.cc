#include <string_view>
#include <vector>

#include "backends/tensorrt_llm/steps.h"

namespace redline::backends::tensorrt_llm {
namespace {

using nlohmann::json;

// serve.py hands these to the engine or to its server as they are.
constexpr const char* kHandedOn[] = {"model",
                                     "tokenizer",
                                     "custom_tokenizer",
                                     "host",
                                     "port",
                                     "custom_module_dirs",
                                     "log_level",
                                     "max_beam_width",
                                     "max_batch_size",
                                     "max_num_tokens",
                                     "max_seq_len",
                                     "tensor_parallel_size",
                                     "pipeline_parallel_size",
                                     "context_parallel_size",
                                     "num_postprocess_workers",
                                     "trust_remote_code",
                                     "revision",
                                     "reasoning_parser",
                                     "tool_parser",
                                     "metadata_server_config_file",
                                     "server_role",
                                     "fail_fast_on_attention_window_too_large",
                                     "otlp_traces_endpoint",
                                     "disagg_cluster_uri",
                                     "enable_chunked_prefill",
                                     "media_io_kwargs",
                                     "chat_template"};

// Defaults of the PyTorch backend that nothing but a file changes (llm_args.py: TorchLlmArgs).
json DefaultsOfFile() {
  return {{"allreduce_strategy", "AUTO"},
          {"attn_backend", "TRTLLM"},
          {"cuda_graph_config", {{"max_batch_size", 128}, {"enable_padding", false}}},
          {"disable_overlap_scheduler", false},
          {"enable_attention_dp", false},
          {"enable_autotuner", true},
          {"enable_iter_perf_stats", false},
          {"guided_decoding_backend", "xgrammar"},
          {"moe_config", {{"backend", "AUTO"}}},
          {"return_perf_metrics", false},
          {"stream_interval", 1}};
}

json KvCacheConfig(const json& values) {
  json config = {{"free_gpu_memory_fraction", values.at("free_gpu_memory_fraction")}};
  if (HasFile(values)) return config;
  config["dtype"] = "auto";
  config["enable_block_reuse"] = true;
  config["tokens_per_block"] = 32;
  return config;
}

struct Rule {
  const char* field;
  const char* dest;  // "": no option sets it
  const char* because;
  const char* source;
};
constexpr Rule kRules[] = {
    {"backend", "backend", "trt is another name of tensorrt", "serve.py: ChoiceWithAlias"},
    {"gpus_per_node", "gpus_per_node", "as many as the node has", "serve.py: get_llm_args"},
    {"moe_expert_parallel_size", "moe_expert_parallel_size",
     "without --ep_size experts are split, not spread", "mapping.py: Mapping"},
    {"moe_tensor_parallel_size", "", "each expert is split over tp_size / ep_size ranks",
     "mapping.py: Mapping"},
};

}  // namespace

json LlmArgsOf(const json& values, int num_gpus) {
  json resolved = json::object();
  for (const char* dest : kHandedOn) resolved[dest] = values.at(dest);
  resolved["config"] = values.at("extra_llm_api_options");
  resolved["backend"] = values.at("backend") == "trt" ? json("tensorrt") : values.at("backend");
  resolved["gpus_per_node"] = SizeOr(values, "gpus_per_node", num_gpus);
  resolved["kv_cache_config"] = KvCacheConfig(values);
  resolved["scheduler_config"] = {{"capacity_scheduler_policy", "GUARANTEED_NO_EVICT"}};
  if (resolved["backend"] != "_autodeploy") {
    const int64_t experts = SizeOr(values, "moe_expert_parallel_size", 1);
    resolved["moe_expert_parallel_size"] = experts;
    resolved["moe_tensor_parallel_size"] = SizeOr(values, "tensor_parallel_size", 1) / experts;
  }
  if (resolved["backend"] == "pytorch" && !HasFile(values)) resolved.update(DefaultsOfFile());
  return resolved;
}

std::vector<Rewrite> RewritesOf(const json& values, const json& resolved) {
  std::vector<Rewrite> rewrites;
  for (const Rule& rule : kRules) {
    if (!resolved.contains(rule.field)) continue;
    const bool has_option = *rule.dest != '\0';
    const json asked = has_option ? values.at(rule.dest) : json();
    if (asked == resolved.at(rule.field)) continue;
    rewrites.push_back({.field = rule.field,
                        .asked = asked,
                        .got = resolved.at(rule.field),
                        .rule = rule.because,
                        .source = rule.source});
  }
  return rewrites;
}

}  // namespace redline::backends::tensorrt_llm
