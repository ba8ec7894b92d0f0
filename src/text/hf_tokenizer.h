// A tokenizer.json as a Tokenizer, over text/bridge.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "text/tokenizer.h"

namespace redline::text {

// What stands beside a tokenizer.json: in tokenizer_config.json, or in a GGUF header.
struct TokenizerOptions {
  std::optional<TokenId> bos_id;
  std::optional<TokenId> eos_id;
  std::optional<bool> adds_bos;  // absent: as the post-processor does
};

// kDataLoss when the JSON is damaged.
Result<std::unique_ptr<Tokenizer>> MakeHfTokenizer(std::string_view tokenizer_json,
                                                   const TokenizerOptions& options);

}  // namespace redline::text
