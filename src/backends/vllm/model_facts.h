// What vLLM reads out of a model's config.json. Pure functions; `text_config` is the language
// model's part (TextConfig), which for most models is the whole.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "base/status.h"

namespace redline::backends::vllm {

nlohmann::json TextConfig(const nlohmann::json& hf_config);

// A key that is missing, or no number, counts as `fallback`.
int64_t ConfigInt(const nlohmann::json& config, const std::string& key, int64_t fallback = 0);
std::string ConfigText(const nlohmann::json& config, const std::string& key);

// config/model.py: ModelConfig.get_num_experts, get_total_num_kv_heads, is_deepseek_mla,
// get_sliding_window.
int64_t NumExperts(const nlohmann::json& text_config);
int64_t NumKvHeads(const nlohmann::json& text_config);
bool IsDeepSeekMla(const nlohmann::json& text_config);
std::optional<int64_t> SlidingWindow(const nlohmann::json& text_config);

// What the class of an architecture can do (architectures_0.13.0.json).
struct ArchitectureFacts {
  bool is_known = false;
  bool generates = false;
  bool pools = false;
  bool supports_pipeline = false;
  bool is_multimodal = false;
  bool is_hybrid = false;
  bool is_attention_free = false;
};
ArchitectureFacts FactsOfArchitecture(const std::string& architecture);

}  // namespace redline::backends::vllm
