// The settings of an engine that decide memory and speed, under one set of names: what each
// engine's reader takes from its resolved configuration. Plain values and pure functions.
#pragma once

#include <compare>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "planner/cost/engine_kernels.h"
#include "planner/model/model_shape.h"
#include "planner/simulate/scheduler_policy.h"

namespace redline::planner {

// Speculation with the model's own prediction layers or a draft; kNone: off.
enum class Drafting { kNone, kPredictionLayers, kOther };

struct EngineSettings {
  std::string engine;   // "sglang"
  std::string version;  // "0.5.6.post2"
  ParallelLayout layout;
  bool ranks_in_lockstep = false;
  SchedulerPolicy::Kind policy = SchedulerPolicy::Kind::kMixed;
  SchedulerPolicy::Dispatch dispatch = SchedulerPolicy::Dispatch::kRoundRobin;

  // Per data-parallel rank.
  int64_t max_running_requests = 0;  // 0: as many as the KV cache suggests
  int64_t step_token_budget = 8192;
  int64_t max_prefill_tokens = 16384;
  bool chunk_prompts = true;
  bool mixed_chunk = false;
  double conservativeness = 1;
  bool prefix_cache = true;
  int64_t page_size = 1;
  int64_t max_total_tokens = 0;  // of the KV cache; 0: what fits
  int64_t context_length = 0;    // 0: the model's

  // Of a GPU's memory, for weights and KV cache; `of_free`: for the KV cache, of what is free once
  // the weights are loaded (TensorRT-LLM).
  double memory_fraction = 0.9;
  bool of_free = false;
  // Activations that the engine measures and takes off (vLLM), in bytes per token of a step.
  bool counts_activations = false;

  CacheDtype cache_dtype = CacheDtype::kBf16;
  bool dense_short_prompts = false;
  bool pads_heads_in_prefill = true;
  bool pads_heads_in_decode = true;
  bool requantizes_pool = false;
  bool has_graphs = true;
  int64_t max_graph_tokens = 512;
  bool pads_graphs = true;
  std::vector<int64_t> graph_sizes;

  Drafting drafting = Drafting::kNone;
  int64_t draft_tokens = 0;

  auto operator<=>(const EngineSettings&) const = default;
};

// Of a resolved configuration, as `redline engine resolve` gives it. kUnimplemented for an engine
// whose scheduler is not modelled.
Result<EngineSettings> SettingsOfResolved(std::string_view engine, std::string_view version,
                                          const nlohmann::json& resolved, const ModelShape& shape);

// What the engine's defaults make of a layout: for versions that no resolver knows.
Result<EngineSettings> DefaultSettings(std::string_view engine, std::string_view version,
                                       const ParallelLayout& layout, const ModelShape& shape);

// Engines that have a model here: "sglang", "tensorrt_llm", "vllm".
std::vector<std::string_view> ModelledEngines();

// Whether the model's attention chooses the tokens that it sees.
bool HasSparseAttention(const ModelShape& shape);

}  // namespace redline::planner
