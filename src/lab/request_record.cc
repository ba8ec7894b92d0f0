#include "lab/request_record.h"

#include <iterator>

namespace redline::lab {

std::string_view NameOf(Outcome outcome) {
  static constexpr std::string_view kNames[] = {
      "ok",        "connect_failed", "reset",          "timeout", "http_error", "bad_http",
      "bad_event", "no_done",        "usage_mismatch", "aborted", "not_sent"};
  static_assert(std::size(kNames) == kNumOutcomes);
  return kNames[static_cast<size_t>(outcome)];
}

}  // namespace redline::lab
