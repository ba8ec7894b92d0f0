// The tokens of a choice whose text is not certain yet, so that log-probs and token ids go out with
// the text they stand for: a token is told once all of its text is, and one of which a stop string
// cut off a part never is. One per choice; not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

#include "engine/runtime/engine.h"

namespace redline::engine {

struct LedgerToken {
  TokenId token = 0;
  std::vector<TokenLogprob> logprobs;
  int64_t text_offset = 0;  // code points of text before it
};

class TokenLedger {
 public:
  // Takes the next token, whose decoding gave `text_bytes` bytes in `code_points`. `incomplete`: it
  // ends within a character, which belongs to a later token's text.
  void Add(TokenId token, std::vector<TokenLogprob> logprobs, size_t text_bytes,
           int64_t code_points, bool incomplete);
  // What was incomplete is complete now: the text ended.
  void Close();
  // Tokens, in order, whose text lies within the first `certain_bytes` bytes; each is given once.
  std::vector<LedgerToken> Take(size_t certain_bytes);

 private:
  struct Entry {
    LedgerToken token;
    size_t end = 0;  // bytes of text up to its end
    bool open = false;
  };

  std::deque<Entry> entries_;
  size_t num_open_ = 0;  // at the end of entries_
  size_t text_bytes_ = 0;
  int64_t code_points_ = 0;
};

}  // namespace redline::engine
