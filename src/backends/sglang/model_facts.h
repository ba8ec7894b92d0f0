// What SGLang reads off a model's config.json before it starts: configs/model_config.py and
// utils/hf_transformers_utils.py.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace redline::backends::sglang {

class ServerArgs;

// A config.json as the engine sees it: DeepSeek-V3.2's own type stands for DeepSeek-V3 with an
// indexer.
class HfConfig {
 public:
  // `overrides`, an object, replaces members of `config`. kInvalidArgument: no object, or it names
  // no architecture.
  static Result<HfConfig> Make(nlohmann::json config, const nlohmann::json& overrides);

  const std::string& architecture() const { return architecture_; }
  const nlohmann::json& json() const { return config_; }
  // The part that describes the language model.
  const nlohmann::json& text() const;
  const nlohmann::json& Get(std::string_view key) const;  // null when absent
  // quantization_config.quant_method; "": none.
  std::string QuantMethod() const;
  bool IsSparseAttention() const;  // DeepSeek's, "nsa" in the engine

 private:
  nlohmann::json config_;
  std::string architecture_;
};

struct ModelFacts {
  HfConfig config;
  int64_t context_length = 0;
  bool uses_mla = false;  // multi-head latent attention
  bool is_multimodal = false;
  std::string quantization;           // as ModelConfig has it; "": none
  std::vector<std::string> warnings;  // what ModelConfig logs
};

// kInvalidArgument, naming the field, where ModelConfig raises.
Result<ModelFacts> MakeModelFacts(const HfConfig& config, const ServerArgs& args);

}  // namespace redline::backends::sglang
