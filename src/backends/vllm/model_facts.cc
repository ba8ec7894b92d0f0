#include "backends/vllm/model_facts.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include "backends/vllm/data.h"
#include "backends/vllm/names.h"

namespace redline::backends::vllm {
namespace {

using nlohmann::json;

constexpr std::string_view kArchitecturesFile = "architectures_0.13.0.json";

constexpr std::array<std::string_view, 9> kMlaModelTypes = {
    "deepseek_v2", "deepseek_v3",   "deepseek_v32",    "deepseek_mtp",       "kimi_k2",
    "kimi_linear", "longcat_flash", "pangu_ultra_moe", "pangu_ultra_moe_mtp"};

}  // namespace

json TextConfig(const json& hf_config) {
  for (const char* key : {"text_config", "llm_config", "language_config"}) {
    const auto found = hf_config.find(key);
    if (found != hf_config.end() && found->is_object()) return *found;
  }
  return hf_config;
}

int64_t ConfigInt(const json& config, const std::string& key, int64_t fallback) {
  const auto found = config.find(key);
  return found != config.end() && found->is_number() ? found->get<int64_t>() : fallback;
}

std::string ConfigText(const json& config, const std::string& key) {
  const auto found = config.find(key);
  return found != config.end() && found->is_string() ? found->get<std::string>() : "";
}

int64_t NumExperts(const json& text_config) {
  for (const char* key :
       {"num_experts", "moe_num_experts", "n_routed_experts", "num_local_experts"}) {
    const auto found = text_config.find(key);
    if (found == text_config.end()) continue;
    if (found->is_array() && !found->empty()) return (*found)[0].get<int64_t>();
    return found->is_number() ? found->get<int64_t>() : 0;
  }
  return 0;
}

int64_t NumKvHeads(const json& text_config) {
  for (const char* key :
       {"n_head_kv", "num_kv_heads", "num_key_value_heads", "multi_query_group_num"}) {
    const int64_t heads = ConfigInt(text_config, key);
    if (heads > 0) return heads;
  }
  return ConfigInt(text_config, "num_attention_heads");
}

bool IsDeepSeekMla(const json& text_config) {
  if (!Contains(kMlaModelTypes, ConfigText(text_config, "model_type"))) return false;
  // The classes of these models have a rank by default.
  const auto rank = text_config.find("kv_lora_rank");
  return rank == text_config.end() || !rank->is_null();
}

std::optional<int64_t> SlidingWindow(const json& text_config) {
  const auto use = text_config.find("use_sliding_window");
  if (use != text_config.end() && *use == false) return std::nullopt;
  const auto window = text_config.find("sliding_window");
  if (window == text_config.end() || !window->is_number()) return std::nullopt;
  return window->get<int64_t>();
}

ArchitectureFacts FactsOfArchitecture(const std::string& architecture) {
  static const json all = json::parse(DataFile(kArchitecturesFile), nullptr, false);
  ArchitectureFacts facts;
  const auto found = all.find(architecture);
  if (found == all.end()) return facts;
  const auto can = [&](std::string_view trait) {
    return std::find(found->begin(), found->end(), trait) != found->end();
  };
  facts.is_known = true;
  facts.generates = can("generate");
  facts.pools = can("pooling");
  facts.supports_pipeline = can("pipeline");
  facts.is_multimodal = can("multimodal");
  facts.is_hybrid = can("hybrid");
  facts.is_attention_free = can("attention_free");
  return facts;
}

}  // namespace redline::backends::vllm
