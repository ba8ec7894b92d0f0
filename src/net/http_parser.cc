#include "net/http_parser.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <utility>

namespace redline::net {
namespace {

namespace http = boost::beast::http;
using boost::system::error_code;
using StringView = boost::beast::string_view;

std::string_view View(StringView text) { return {text.data(), text.size()}; }

constexpr size_t kMaxReservedBody = 1 << 20;
constexpr size_t kMaxHeaderFields = 128;

int StatusOf(const error_code& ec) {
  if (ec == http::error::header_limit) return 431;
  if (ec == http::error::body_limit) return 413;
  if (ec == http::error::bad_version) return 505;
  return 400;
}

template <bool kIsRequest>
class BeastParser : public HttpParser, private http::basic_parser<kIsRequest> {
  using Base = http::basic_parser<kIsRequest>;

 public:
  explicit BeastParser(const ParserLimits& limits) : limits_(limits) {
    Base::header_limit(static_cast<uint32_t>(limits.max_header_bytes));
    Base::body_limit(limits.max_body_bytes);  // never "none": 1.74 then refuses every length
  }

  void ExpectNoBody() override { Base::skip(true); }
  bool got_any_byte() const override { return Base::got_some(); }
  bool keep_alive() const override { return Base::keep_alive(); }

  State state() const override {
    if (failure_status_ != 0) return State::kFailed;
    if (Base::is_done()) return State::kDone;
    return Base::is_header_done() ? State::kBody : State::kHead;
  }

  size_t Feed(std::string_view bytes) override {
    if (state() == State::kDone || state() == State::kFailed || bytes.empty()) return 0;
    const bool in_head = !Base::is_header_done();
    Base::eager(!in_head);
    error_code ec;
    const size_t consumed = Base::put(boost::asio::const_buffer(bytes.data(), bytes.size()), ec);
    // Beast limits what it has to look at again, not the sum of what it has consumed.
    if (in_head) head_bytes_ += consumed;
    if (head_bytes_ > limits_.max_header_bytes) Fail(431, HeaderTooLong());
    if (ec == http::error::need_more) {
      // All that waits for more belongs to the head, the chunk line or the trailer.
      const size_t waiting = bytes.size() - consumed;
      const size_t head_bytes = Base::is_header_done() ? 0 : head_bytes_;
      if (head_bytes + waiting > limits_.max_header_bytes) Fail(431, HeaderTooLong());
    } else if (ec) {
      FailWith(ec);
    }
    return consumed;
  }

  void FeedEof() override {
    if (state() == State::kDone || state() == State::kFailed) return;
    error_code ec;
    if (Base::got_some()) Base::put_eof(ec);
    if (ec || !Base::is_done()) Fail(400, "the message ended early");
  }

 private:
  void Fail(int status, std::string reason) {
    if (failure_status_ != 0) return;
    failure_status_ = status;
    failure_ = std::move(reason);
  }
  void FailWith(const error_code& ec) {
    const int status = StatusOf(ec);
    if (status == 413) return Fail(status, BodyTooLong());
    Fail(status, status == 431 ? HeaderTooLong() : ec.message());
  }
  std::string BodyTooLong() const {
    return fmt::format("the body is longer than {} bytes: send less in one message",
                       limits_.max_body_bytes);
  }
  std::string HeaderTooLong() const {
    return fmt::format(
        "the headers, or a chunk line or trailer, are longer than {} bytes: send fewer or shorter "
        "ones",
        limits_.max_header_bytes);
  }
  // Stops Beast from inside a callback; the first reason given stays.
  void Refuse(int status, std::string reason, error_code& ec) {
    Fail(status, std::move(reason));
    ec = http::error::bad_value;
  }

  void on_request_impl(http::verb, StringView method, StringView target, int version,
                       error_code& ec) override {
    head_.method = View(method);
    head_.target = View(target);
    head_.version = version;
    const auto is_bad = [](char character) {
      const auto byte = static_cast<unsigned char>(character);
      return byte <= 0x20 || byte >= 0x7F;
    };
    if (std::any_of(target.begin(), target.end(), is_bad))
      Refuse(400, "the request target holds characters that must be percent-encoded", ec);
  }

  void on_response_impl(int code, StringView, int version, error_code&) override {
    head_.status = code;
    head_.version = version;
  }

  void on_field_impl(http::field name, StringView name_text, StringView value,
                     error_code& ec) override {
    if (Base::is_header_done()) return;  // trailers are read and dropped
    if (head_.headers.size() >= kMaxHeaderFields)
      return Refuse(431, "more than 128 header fields: send fewer", ec);
    if (name == http::field::transfer_encoding) {
      const bool is_chunked = boost::beast::iequals(value, "chunked");
      if (!is_chunked) return Refuse(501, "only Transfer-Encoding: chunked is understood", ec);
      if (head_.version < 11) return Refuse(400, "Transfer-Encoding needs HTTP/1.1", ec);
    }
    if (kIsRequest && name == http::field::host && std::exchange(has_host_, true))
      return Refuse(400, "more than one Host header", ec);
    head_.headers.emplace_back(View(name_text), View(value));
  }

  void on_header_impl(error_code& ec) override {
    if (kIsRequest && head_.version >= 11 && !has_host_)
      Refuse(400, "HTTP/1.1 needs a Host header", ec);
  }

  void on_body_init_impl(const boost::optional<uint64_t>& length, error_code&) override {
    if (length) body_.reserve(std::min<uint64_t>(*length, kMaxReservedBody));
  }
  size_t on_body_impl(StringView bytes, error_code&) override {
    body_.append(bytes.data(), bytes.size());
    return bytes.size();
  }
  void on_chunk_header_impl(uint64_t, StringView, error_code&) override {}
  size_t on_chunk_body_impl(uint64_t, StringView bytes, error_code&) override {
    body_.append(bytes.data(), bytes.size());
    return bytes.size();
  }
  void on_finish_impl(error_code&) override {}

  const ParserLimits limits_;
  size_t head_bytes_ = 0;
  bool has_host_ = false;
};

}  // namespace

std::unique_ptr<HttpParser> HttpParser::Create(MessageKind kind, const ParserLimits& limits) {
  if (kind == MessageKind::kRequest) return std::make_unique<BeastParser<true>>(limits);
  return std::make_unique<BeastParser<false>>(limits);
}

}  // namespace redline::net
