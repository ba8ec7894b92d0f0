#include "engine/api/token_ledger.h"

#include <utility>

namespace redline::engine {

void TokenLedger::Add(TokenId token, std::vector<TokenLogprob> logprobs, size_t text_bytes,
                      int64_t code_points, bool incomplete) {
  const int64_t offset = code_points_;
  text_bytes_ += text_bytes;
  code_points_ += code_points;
  if (text_bytes > 0) Close();
  const bool open = incomplete || num_open_ > 0;  // behind an open one, as tokens keep their order
  entries_.push_back({{token, std::move(logprobs), offset}, text_bytes_, open});
  if (open) ++num_open_;
}

void TokenLedger::Close() {
  for (; num_open_ > 0; --num_open_) {
    Entry& entry = entries_[entries_.size() - num_open_];
    entry.end = text_bytes_;
    entry.open = false;
  }
}

std::vector<LedgerToken> TokenLedger::Take(size_t certain_bytes) {
  std::vector<LedgerToken> tokens;
  while (!entries_.empty() && !entries_.front().open && entries_.front().end <= certain_bytes) {
    tokens.push_back(std::move(entries_.front().token));
    entries_.pop_front();
  }
  return tokens;
}

}  // namespace redline::engine
