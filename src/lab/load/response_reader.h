// The framing of one HTTP/1.x response, read from bytes in any pieces. Body bytes are handed on
// where they lie. Limits: 64 KiB for a head, chunks of less than 2^60 bytes. One owner thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace redline::lab {

class ResponseReader {
 public:
  enum class Step : uint8_t {
    kNeedsMore,  // all of the input was taken
    kHead,       // the head is known
    kBody,       // `piece` is body
    kEnd,        // the response is complete
    kBad,        // not HTTP
  };

  void Begin();
  // Takes what it understands off the front of `input`. Call it until kNeedsMore, kEnd or kBad.
  Step Next(std::string_view& input, std::string_view& piece);
  // Whether a response may end by the connection's end, here.
  bool MayEndHere() const { return state_ == State::kUntilClose; }

  int status() const { return status_; }
  bool is_event_stream() const { return is_event_stream_; }
  bool keep_alive() const { return keep_alive_; }
  bool has_begun() const { return state_ != State::kHead || !head_.empty(); }

 private:
  enum class State : uint8_t {
    kHead,
    kLength,
    kUntilClose,
    kChunkSize,
    kChunkExtension,
    kChunkData,
    kChunkEnd,
    kTrailer,
    kEnd,
    kBad,
  };

  Step Bad();
  Step ReadHead(std::string_view& input);
  bool ParseHead(std::string_view head);
  bool ParseHeader(std::string_view line);
  Step ReadBody(std::string_view& input, std::string_view& piece);
  // One byte of a chunk's frame. False: not HTTP.
  bool ReadFrameByte(char byte);
  bool EndChunkSize();

  State state_ = State::kHead;
  std::string head_;  // the part of it that has come
  int status_ = 0;
  bool is_event_stream_ = false;
  bool keep_alive_ = true;
  bool is_chunked_ = false;
  bool has_length_ = false;
  uint64_t remaining_ = 0;  // of the body or of the chunk
  int num_size_digits_ = 0;
  size_t trailer_line_bytes_ = 0;
  size_t trailer_bytes_ = 0;
};

}  // namespace redline::lab
