// Finds words of which a text of any length has a known number of tokens, with nothing but a
// counter of tokens: a server's /tokenize, the usage of probe requests, or a tokenizer at hand.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace redline::workload {

// The number of tokens of each text, in order. What is added to every text alike (BOS, a chat
// template) may be included.
using TokenCounter =
    std::function<Result<std::vector<int64_t>>(const std::vector<std::string>& texts)>;

// The text `anchor` + `separator` + word + `separator` + word ... has overhead_tokens + 1 + (number
// of words) tokens.
struct OneTokenWords {
  std::string anchor;
  std::string separator;
  std::vector<std::string> words;
  int64_t overhead_tokens = 0;

  int64_t CountOf(size_t num_words) const {
    return overhead_tokens + 1 + static_cast<int64_t>(num_words);
  }
};

// Common English words; letters one after the other where too few of them are one token. About 35
// texts of at most 512 words are counted when all goes well. kFailedPrecondition when the tokenizer
// has too few such words; errors of the counter as they are.
Result<OneTokenWords> FindOneTokenWords(const TokenCounter& counter);

}  // namespace redline::workload
