#include "text/tokenizer.h"
#include "text/utf8_lossy.h"

namespace redline::text {

std::string StreamDecoder::Push(TokenId id) {
  if (skip_special_ && tokenizer_->IsSpecial(id)) return {};
  return PushUtf8(&pending_, tokenizer_->TokenBytes(id));
}

std::string StreamDecoder::Finish() { return FinishUtf8(&pending_); }

}  // namespace redline::text
