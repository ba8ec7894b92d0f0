// Server-sent events (WHATWG HTML, 9.2): writing them, and reading them from bytes that arrive in
// any pieces.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/status.h"

namespace redline::net {

// "data: DATA\n\n"; a line break in `data` starts another data line. `event` names the type.
std::string SseEvent(std::string_view data, std::string_view event = {});

struct ServerSentEvent {
  std::string type;  // "message" unless the stream named one
  std::string data;  // lines joined by '\n'
  std::string id;    // last id the stream gave
};

// Incremental reader. Lines end with LF, CR or CRLF; comments and unknown fields are skipped; an
// event without data is none. One owner thread.
class SseReader {
 public:
  // Called for each complete event; false stops reading.
  using Sink = std::function<bool(const ServerSentEvent&)>;
  explicit SseReader(Sink sink, size_t max_event_bytes = 1 << 20)
      : sink_(std::move(sink)), max_event_bytes_(max_event_bytes) {}

  // kTooLarge when a line or an event's data is longer than the limit; kCancelled when the sink
  // stopped. After a failure every further call fails alike.
  Status Feed(std::string_view bytes);

 private:
  Status EndLine();
  Status Dispatch();

  Sink sink_;
  size_t max_event_bytes_;
  std::string line_;
  ServerSentEvent event_;
  bool has_data_ = false;
  bool after_cr_ = false;  // an LF that follows belongs to that CR
  bool at_start_ = true;   // a byte order mark may come
  Status failure_;
};

}  // namespace redline::net
