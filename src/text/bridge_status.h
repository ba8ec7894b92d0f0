// What every caller of text/bridge needs: statuses and owned strings out of the C API.
#pragma once

#include <string>
#include <string_view>

#include "base/status.h"
#include "text/bridge/bridge.h"

namespace redline::text {

inline const uint8_t* BridgeBytes(std::string_view text) {
  return reinterpret_cast<const uint8_t*>(text.data());
}
// Copies and frees a string that the bridge returned.
std::string TakeString(rb_string text);
// OK, or the failure with the bridge's message, which is freed.
Status BridgeStatus(rb_code code, rb_string error);

}  // namespace redline::text
