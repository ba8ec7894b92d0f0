#include "lab/load/response_reader.h"

#include <algorithm>

#include "base/strings.h"
#include "net/http.h"

namespace redline::lab {
namespace {

constexpr size_t kMaxHeadBytes = 64 << 10;
constexpr int kMaxSizeDigits = 15;
constexpr std::string_view kEventStream = "text/event-stream";
constexpr std::string_view kHeadEnd = "\r\n\r\n";

int HexValue(char byte) {
  if (byte >= '0' && byte <= '9') return byte - '0';
  if (byte >= 'a' && byte <= 'f') return byte - 'a' + 10;
  if (byte >= 'A' && byte <= 'F') return byte - 'A' + 10;
  return -1;
}

bool HasNoBody(int status) { return status == 204 || status == 304; }

}  // namespace

void ResponseReader::Begin() {
  state_ = State::kHead;
  head_.clear();
  trailer_bytes_ = 0;
}

ResponseReader::Step ResponseReader::Bad() {
  state_ = State::kBad;
  return Step::kBad;
}

ResponseReader::Step ResponseReader::Next(std::string_view& input, std::string_view& piece) {
  switch (state_) {
    case State::kHead: {
      Step step = ReadHead(input);
      // 100 Continue and the like: the real one follows.
      while (step == Step::kHead && status_ < 200) step = ReadHead(input);
      return step;
    }
    case State::kEnd:
      return Step::kEnd;
    case State::kBad:
      return Step::kBad;
    default:
      return ReadBody(input, piece);
  }
}

ResponseReader::Step ResponseReader::ReadHead(std::string_view& input) {
  if (input.empty()) return Step::kNeedsMore;
  const size_t had = head_.size();
  std::string_view text = input;
  if (had > 0) {
    head_.append(input.substr(0, kMaxHeadBytes + 1));
    text = head_;
  }
  // What cannot become a response is told at once: a server that speaks another protocol may well
  // wait for more.
  if (!text.starts_with(std::string_view("HTTP/1.").substr(0, text.size()))) return Bad();
  const size_t from = had < kHeadEnd.size() ? 0 : had - kHeadEnd.size() + 1;
  const size_t end = text.find(kHeadEnd, from);
  if (end == text.npos) {
    if (text.size() > kMaxHeadBytes) return Bad();
    if (had == 0) head_.assign(input);
    input = {};
    return Step::kNeedsMore;
  }
  const bool is_good = ParseHead(text.substr(0, end));
  input.remove_prefix(end + kHeadEnd.size() - had);
  head_.clear();
  if (!is_good) return Bad();
  return Step::kHead;
}

bool ResponseReader::ParseHead(std::string_view head) {
  is_event_stream_ = is_chunked_ = has_length_ = false;
  const std::string_view line = head.substr(0, head.find("\r\n"));
  const auto status =
      line.size() >= 12 && line[8] == ' ' ? ParseInt64(line.substr(9, 3)) : std::nullopt;
  if (!status || *status < 100 || *status > 599) return false;
  status_ = static_cast<int>(*status);
  keep_alive_ = line[7] != '0';
  for (head.remove_prefix(line.size()); !head.empty();) {
    head.remove_prefix(2);
    const std::string_view header = head.substr(0, head.find("\r\n"));
    if (!ParseHeader(header)) return false;
    head.remove_prefix(header.size());
  }
  if (status_ < 200) return true;
  state_ = is_chunked_ ? State::kChunkSize : has_length_ ? State::kLength : State::kUntilClose;
  if (HasNoBody(status_) || (state_ == State::kLength && remaining_ == 0)) state_ = State::kEnd;
  if (is_chunked_) remaining_ = 0;
  num_size_digits_ = 0;
  return true;
}

bool ResponseReader::ParseHeader(std::string_view line) {
  const size_t colon = line.find(':');
  if (colon == line.npos) return false;
  const std::string_view name = line.substr(0, colon);
  const std::string_view value = Trim(line.substr(colon + 1));
  if (net::EqualHeaderName(name, "content-length")) {
    const auto length = ParseInt64(value);
    if (!length || *length < 0) return false;
    has_length_ = true;
    remaining_ = static_cast<uint64_t>(*length);
  } else if (net::EqualHeaderName(name, "transfer-encoding")) {
    is_chunked_ = net::EqualHeaderName(value, "chunked");
    return is_chunked_;
  } else if (net::EqualHeaderName(name, "connection")) {
    if (net::EqualHeaderName(value, "close")) keep_alive_ = false;
    if (net::EqualHeaderName(value, "keep-alive")) keep_alive_ = true;
  } else if (net::EqualHeaderName(name, "content-type")) {
    is_event_stream_ = net::EqualHeaderName(value.substr(0, kEventStream.size()), kEventStream);
  }
  return true;
}

ResponseReader::Step ResponseReader::ReadBody(std::string_view& input, std::string_view& piece) {
  while (!input.empty()) {
    if (state_ == State::kUntilClose) {
      piece = input;
      input = {};
      return Step::kBody;
    }
    if (state_ == State::kLength || state_ == State::kChunkData) {
      piece = input.substr(0, std::min<uint64_t>(remaining_, input.size()));
      input.remove_prefix(piece.size());
      remaining_ -= piece.size();
      if (remaining_ == 0) state_ = state_ == State::kLength ? State::kEnd : State::kChunkEnd;
      return Step::kBody;
    }
    if (!ReadFrameByte(input.front())) return Bad();
    input.remove_prefix(1);
    if (state_ == State::kEnd) return Step::kEnd;
  }
  return Step::kNeedsMore;
}

bool ResponseReader::ReadFrameByte(char byte) {
  switch (state_) {
    case State::kChunkSize: {
      const int digit = HexValue(byte);
      if (digit >= 0) {
        remaining_ = remaining_ * 16 + static_cast<uint64_t>(digit);
        return ++num_size_digits_ <= kMaxSizeDigits;
      }
      if (byte == '\n') return EndChunkSize();
      if (byte != '\r' && byte != ';' && byte != ' ') return false;
      state_ = State::kChunkExtension;
      return num_size_digits_ > 0;
    }
    case State::kChunkExtension:
      return byte != '\n' ? ++trailer_bytes_ <= kMaxHeadBytes : EndChunkSize();
    case State::kChunkEnd:
      if (byte == '\n') state_ = State::kChunkSize;
      return byte == '\n' || byte == '\r';
    default:  // kTrailer: lines up to an empty one
      if (++trailer_bytes_ > kMaxHeadBytes) return false;
      if (byte == '\n') {
        if (trailer_line_bytes_ == 0) state_ = State::kEnd;
        trailer_line_bytes_ = 0;
      } else if (byte != '\r') {
        ++trailer_line_bytes_;
      }
      return true;
  }
}

bool ResponseReader::EndChunkSize() {
  if (num_size_digits_ == 0) return false;
  num_size_digits_ = 0;
  trailer_bytes_ = 0;
  trailer_line_bytes_ = 0;
  state_ = remaining_ == 0 ? State::kTrailer : State::kChunkData;
  return true;
}

}  // namespace redline::lab
