// Server-sent events for the hot path: bytes in any pieces in, the data of each event out. An event
// that lies whole in a piece is handed on where it lies; only what a piece cuts is copied. Lines
// end with LF or CRLF (net/sse.h takes a lone CR, too; no inference server sends it). Comments and
// other fields are skipped; several data lines are joined by LF. One owner thread.
#pragma once

#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>

namespace redline::lab {

class SseScanner {
 public:
  static constexpr size_t kMaxEventBytes = 1 << 20;

  void Begin() {
    line_.clear();
    owned_.clear();
    data_ = {};
    has_data_ = false;
    too_long_ = false;
  }

  // Calls on_event(std::string_view data) for each event; it returns false to stop. False when
  // stopped, or when a line or an event is longer than kMaxEventBytes (too_long()).
  template <typename OnEvent>
  bool Feed(std::string_view bytes, OnEvent&& on_event) {
    while (!bytes.empty()) {
      const void* found = std::memchr(bytes.data(), '\n', bytes.size());
      if (found == nullptr) return KeepLine(bytes) && OwnData();
      const auto size = static_cast<size_t>(static_cast<const char*>(found) - bytes.data());
      const std::string_view line = bytes.substr(0, size);
      bytes.remove_prefix(size + 1);
      if (!line_.empty() ? !EndKeptLine(line, on_event) : !EndLine(line, on_event)) return false;
    }
    return OwnData();
  }

  // The stream has ended: an event whose empty line did not come is handed on, too.
  template <typename OnEvent>
  bool End(OnEvent&& on_event) {
    if (!line_.empty() && !EndKeptLine({}, on_event)) return false;
    return Dispatch(on_event);
  }

  bool too_long() const { return too_long_; }

 private:
  bool KeepLine(std::string_view part) {
    too_long_ = line_.size() + part.size() > kMaxEventBytes;
    if (!too_long_) line_.append(part);
    return !too_long_;
  }

  // A line whose beginning came in an earlier piece.
  template <typename OnEvent>
  bool EndKeptLine(std::string_view rest, OnEvent&& on_event) {
    if (!KeepLine(rest)) return false;
    const bool goes_on = EndLine(line_, on_event) && OwnData();
    line_.clear();
    return goes_on;
  }

  template <typename OnEvent>
  bool EndLine(std::string_view line, OnEvent&& on_event) {
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    if (line.empty()) return Dispatch(on_event);
    if (!line.starts_with("data:")) return true;
    line.remove_prefix(line.size() > 5 && line[5] == ' ' ? 6 : 5);
    if (has_data_) {
      if (!OwnData()) return false;
      owned_ += '\n';
      owned_ += line;
      line = owned_;
    }
    data_ = line;
    has_data_ = true;
    too_long_ = data_.size() > kMaxEventBytes;
    return !too_long_;
  }

  template <typename OnEvent>
  bool Dispatch(OnEvent&& on_event) {
    if (!has_data_) return true;
    has_data_ = false;
    return on_event(data_);
  }

  // The piece, or the kept line, that data_ lies in is about to go.
  bool OwnData() {
    if (!has_data_ || data_.data() == owned_.data()) return true;
    owned_.assign(data_);
    data_ = owned_;
    return true;
  }

  std::string line_;   // the part of a line that has come
  std::string owned_;  // holds data_ when the bytes it came in are gone
  std::string_view data_;
  bool has_data_ = false;
  bool too_long_ = false;
};

}  // namespace redline::lab
