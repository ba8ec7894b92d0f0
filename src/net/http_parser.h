// Incremental HTTP/1.x message parser: Boost.Beast's, held to stricter rules. Internal to net.
//
// Refused beyond Beast: a Transfer-Encoding other than "chunked" (or any in HTTP/1.0), more than
// one Host or none in HTTP/1.1, chunk lines and trailers longer than the header limit, control
// characters in targets.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "net/http.h"

namespace redline::net {

enum class MessageKind { kRequest, kResponse };

struct ParserLimits {
  size_t max_header_bytes = 32 << 10;
  uint64_t max_body_bytes = UINT64_MAX;
};

struct MessageHead {
  std::string method;  // requests
  std::string target;
  int status = 0;  // responses
  int version = 11;
  Headers headers;
};

class HttpParser {
 public:
  // Where parsing stands.
  enum class State { kHead, kBody, kDone, kFailed };

  static std::unique_ptr<HttpParser> Create(MessageKind kind, const ParserLimits& limits);
  virtual ~HttpParser() = default;

  // A response to HEAD has no body, whatever its headers say. Before the first byte.
  virtual void ExpectNoBody() = 0;
  // Consumes what it can of `bytes` and returns how much. Stops after the head, so that the caller
  // can act on it, and after the end of the message. 0 without a change of state: more bytes are
  // needed behind the ones given.
  virtual size_t Feed(std::string_view bytes) = 0;
  // The peer will send no more: ends a body without a length, or fails.
  virtual void FeedEof() = 0;

  virtual State state() const = 0;
  virtual bool got_any_byte() const = 0;
  virtual bool keep_alive() const = 0;  // valid after the head

  // The decoded body since the last call.
  std::string TakeBody() { return std::exchange(body_, {}); }
  size_t body_size() const { return body_.size(); }
  MessageHead& head() { return head_; }
  // After kFailed: what a server answers, and why.
  int failure_status() const { return failure_status_; }
  const std::string& failure() const { return failure_; }

 protected:
  MessageHead head_;
  std::string body_;
  int failure_status_ = 0;
  std::string failure_;
};

}  // namespace redline::net
