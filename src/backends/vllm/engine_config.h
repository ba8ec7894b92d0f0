// vLLM's configuration as far as Redline resolves it: one struct for each of the engine's config
// classes, with the engine's own field names. Filled step by step, in the order of
// EngineArgs.create_engine_config; before its step a struct means nothing.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "backends/vllm/notes.h"
#include "backends/vllm/serve_arguments.h"
#include "spec/hardware_profile.h"

namespace redline::backends::vllm {

struct ModelConfig {
  std::string model;
  nlohmann::json hf_config;       // config.json with the overrides
  nlohmann::json hf_text_config;  // its language model's part
  std::string architecture;
  bool supports_pipeline = false;
  bool is_multimodal = false;
  bool is_hybrid = false;
  bool is_attention_free = false;
  bool is_encoder_decoder = false;
  std::string runner_type;  // "generate", "pooling"
  std::string dtype;        // "bfloat16"
  int64_t max_model_len = 0;
  std::optional<std::string> quantization;
  bool has_blocked_weights = false;
  bool enforce_eager = false;
  bool disable_cascade_attn = false;
  bool use_mla = false;
  bool is_sparse = false;  // DeepSeek sparse attention
  std::string tokenizer_mode;
};

struct ParallelConfig {
  int64_t tensor_parallel_size = 1;
  int64_t pipeline_parallel_size = 1;
  int64_t data_parallel_size = 1;
  int64_t decode_context_parallel_size = 1;
  int64_t cp_kv_cache_interleave_size = 1;
  int64_t world_size = 1;
  bool enable_expert_parallel = false;
  bool enable_eplb = false;
  bool enable_dbo = false;
  bool disable_custom_all_reduce = false;
  std::string all2all_backend;
  std::optional<std::string> distributed_executor_backend;
  std::string worker_cls;
};

struct CacheConfig {
  std::optional<int64_t> block_size;
  double gpu_memory_utilization = 0;
  std::string cache_dtype;
  bool enable_prefix_caching = false;
};

struct SchedulerConfig {
  int64_t max_num_batched_tokens = 0;
  int64_t max_num_seqs = 0;
  bool enable_chunked_prefill = false;
  bool async_scheduling = false;
  std::string policy;
};

struct SpeculativeConfig {
  std::string method;
  std::string model;
  int64_t num_speculative_tokens = 0;
  std::optional<int64_t> draft_tensor_parallel_size;
  bool disable_padded_drafter_batch = false;
};

struct AttentionConfig {
  std::optional<std::string> backend;
  std::optional<int64_t> flash_attn_version;
};

struct PassConfig {
  std::map<std::string, std::optional<bool>> passes;  // those that an optimization level decides
  std::optional<double> fi_allreduce_fusion_max_size_mb;
  bool enable_qk_norm_rope_fusion = false;
};

struct CompilationConfig {
  std::optional<int64_t> mode;
  std::string backend;
  std::vector<std::string> custom_ops;
  std::optional<std::vector<std::string>> splitting_ops;
  std::optional<std::string> cudagraph_mode;
  std::optional<int64_t> max_cudagraph_capture_size;
  std::optional<std::vector<int64_t>> cudagraph_capture_sizes;
  std::optional<bool> use_inductor_graph_partition;
  PassConfig pass_config;
};

struct EngineConfig {
  ModelConfig model;
  ParallelConfig parallel;
  CacheConfig cache;
  SchedulerConfig scheduler;
  std::optional<SpeculativeConfig> speculative;
  AttentionConfig attention;
  CompilationConfig compilation;
  int64_t optimization_level = 2;
};

// What every step reads.
struct Context {
  const ServeArguments& arguments;
  const std::map<std::string, std::string>& environment;
  const nlohmann::json& hf_config;  // the model's config.json
  const spec::HardwareProfile& hardware;
  Notes* notes;

  std::optional<std::string> Environment(const std::string& name) const {
    const auto found = environment.find(name);
    return found == environment.end() ? std::nullopt : std::optional(found->second);
  }
};

// The groups and fields as the engine nests them: {"model": {...}, "parallel": {...}, ...}.
nlohmann::json ToJson(const EngineConfig& config);

}  // namespace redline::backends::vllm
