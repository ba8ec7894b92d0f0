#include "net/sse.h"

#include <fmt/format.h>

namespace redline::net {

std::string SseEvent(std::string_view data, std::string_view event) {
  std::string out;
  out.reserve(data.size() + event.size() + 18);
  if (!event.empty()) out.append("event: ").append(event).append("\n");
  while (true) {
    const size_t end = data.find_first_of("\r\n");
    out.append("data: ").append(data.substr(0, end)).append("\n");
    if (end == data.npos) break;
    const bool crlf = data.substr(end, 2) == "\r\n";
    data.remove_prefix(end + (crlf ? 2 : 1));
  }
  return out += "\n";
}

Status SseReader::Feed(std::string_view bytes) {
  while (failure_.ok() && !bytes.empty()) {
    if (after_cr_ && bytes[0] == '\n') bytes.remove_prefix(1);
    after_cr_ = false;
    const size_t end = bytes.find_first_of("\r\n");
    line_.append(bytes.substr(0, end));
    if (line_.size() > max_event_bytes_) {
      failure_ = Status(Code::kTooLarge, fmt::format("a line of the event stream has more than {} "
                                                     "bytes",
                                                     max_event_bytes_));
      break;
    }
    if (end == bytes.npos) break;
    after_cr_ = bytes[end] == '\r';
    bytes.remove_prefix(end + 1);
    failure_ = EndLine();
  }
  return failure_;
}

Status SseReader::EndLine() {
  std::string_view line = line_;
  if (at_start_ && line.starts_with("\xEF\xBB\xBF")) line.remove_prefix(3);
  at_start_ = false;
  if (line.empty()) {
    line_.clear();
    return Dispatch();
  }
  const size_t colon = line.find(':');
  const std::string_view field = line.substr(0, colon);
  std::string_view value = colon == line.npos ? std::string_view() : line.substr(colon + 1);
  if (value.starts_with(' ')) value.remove_prefix(1);
  if (field == "data") {
    if (event_.data.size() + value.size() >= max_event_bytes_) {
      return Status(Code::kTooLarge,
                    fmt::format("an event of the stream has more than {} bytes", max_event_bytes_));
    }
    if (has_data_) event_.data += '\n';
    event_.data.append(value);
    has_data_ = true;
  } else if (field == "event") {
    event_.type = value;
  } else if (field == "id" && value.find('\0') == value.npos) {
    event_.id = value;
  }
  line_.clear();
  return OkStatus();
}

Status SseReader::Dispatch() {
  const bool deliver = has_data_;
  if (event_.type.empty()) event_.type = "message";
  const bool go_on = !deliver || sink_(event_);
  event_.type.clear();
  event_.data.clear();
  has_data_ = false;
  return go_on ? OkStatus() : Status(Code::kCancelled, "the event stream's reader stopped");
}

}  // namespace redline::net
