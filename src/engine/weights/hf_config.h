// What a Hugging Face model directory's JSON files say of the model.
#pragma once

#include <filesystem>
#include <string>

#include "base/status.h"
#include "engine/weights/checkpoint.h"

namespace redline::engine {

// config.json's text, and generation_config.json's (empty when the model has none; its eos_token_id
// and bos_token_id win). model_type "llama", "qwen2" and "qwen3". kUnimplemented naming the key for
// anything this engine would compute differently; kDataLoss for damaged files. The result has
// passed CheckConfig.
Result<ModelConfig> ConfigFromHf(std::string_view config_json,
                                 std::string_view generation_config_json);

// The tokenizer's texts that templates need.
struct HfTemplates {
  std::string chat_template;
  std::string bos_token;
  std::string eos_token;
};
// tokenizer_config.json's text; the template named "default" where it lists several.
Result<HfTemplates> TemplatesFromHf(std::string_view tokenizer_config_json);

}  // namespace redline::engine
