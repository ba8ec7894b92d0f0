// Reads the token counts out of an answer on its way through, and takes the usage chunk out of a
// stream whose client did not ask for one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace redline::platform {

struct TokenUsage {
  int64_t prompt_tokens = 0;
  int64_t completion_tokens = 0;
};

// The "usage" object of a JSON text, if it has one.
std::optional<TokenUsage> UsageOf(std::string_view json);

// One per streamed answer; one owner at a time.
class StreamMeter {
 public:
  // `strip_usage`: the gateway asked for usage on its own account.
  explicit StreamMeter(bool strip_usage) : strip_usage_(strip_usage) {}

  // Bytes from the engine, in any pieces; returns what goes to the client: whole events only, so
  // that whatever follows a cut begins at an event. Line ends may be LF or CRLF. An "event" that
  // grows past 1 MiB is passed on unread.
  std::string Push(std::string_view bytes);
  // What is left when the stream ended without a last blank line.
  std::string Finish();
  const std::optional<TokenUsage>& usage() const { return usage_; }

 private:
  bool Keep(std::string_view event);

  const bool strip_usage_;
  std::string pending_;  // the beginning of an event
  size_t searched_ = 0;  // of pending_, for the blank line
  std::optional<TokenUsage> usage_;
};

}  // namespace redline::platform
