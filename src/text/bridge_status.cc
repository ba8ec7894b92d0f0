#include "text/bridge_status.h"

namespace redline::text {

std::string TakeString(rb_string text) {
  std::string copy(reinterpret_cast<const char*>(text.data), text.len);
  rb_string_free(text);
  return copy;
}

Status BridgeStatus(rb_code code, rb_string error) {
  if (code == RB_OK) return OkStatus();
  std::string message = error.data == nullptr ? "no message" : TakeString(error);
  switch (code) {
    case RB_INVALID_ARGUMENT:
      return InvalidArgument(std::move(message));
    case RB_RESOURCE_EXHAUSTED:
      return ResourceExhausted(std::move(message));
    case RB_DATA_LOSS:
      return DataLoss(std::move(message));
    default:
      return Internal(std::move(message));
  }
}

}  // namespace redline::text
