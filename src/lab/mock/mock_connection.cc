#include "lab/mock/mock_connection.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <limits>

#include "lab/monotonic_ns.h"

namespace redline::lab {
namespace {

constexpr int64_t kNsPerMs = 1'000'000;
// Tokens that are rendered at a time where all are due: some 64 KiB.
constexpr int32_t kTokensPerPart = 320;
constexpr size_t kLongLineBytes = 2 << 20;

// Evenly spread over the requests, the same ones in every run.
bool IsFaulty(uint32_t request_number, double share) {
  const uint32_t mixed = (request_number + 1) * 0x9E3779B1u;
  return static_cast<double>(mixed) < share * 4294967296.0;
}

bool IsStreamFault(Fault fault) {
  switch (fault) {
    case Fault::kStall:
    case Fault::kReset:
    case Fault::kCloseEarly:
    case Fault::kSplitUtf8:
    case Fault::kBadUtf8:
    case Fault::kGarbage:
    case Fault::kLongLine:
      return true;
    default:
      return false;
  }
}

}  // namespace

void MockConnection::Record(MockContext& context, int32_t event, int64_t time_ns) {
  if (context.truth != nullptr) context.truth->push_back({request_number_, event, time_ns});
}

void MockConnection::OnReadable(MockContext& context) {
  std::string& buffer = context.read_buffer;
  const Arrival arrival = context.clock.Receive(fd_.get(), buffer.data(), buffer.size());
  if (arrival.size < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (arrival.size <= 0) return Close();
  if (in_.size() > kMaxMockHeadBytes + kMaxMockBodyBytes) return Close();  // a flood of requests
  in_.append(buffer.data(), static_cast<size_t>(arrival.size));
  if (!answering_) ReadRequests(context, arrival.arrived_ns);
}

void MockConnection::ReadRequests(MockContext& context, int64_t arrived_ns) {
  while (!answering_ && !closed() && !close_after_flush_ && !wants_writable() && !in_.empty() &&
         in_.size() >= needed_) {
    size_t size = 0;
    const MockReadState state = ReadMockRequest(in_, request_, size);
    needed_ = size;
    if (state == MockReadState::kIncomplete) return;
    needed_ = 0;
    arrived_ns_ = arrived_ns;
    if (state == MockReadState::kComplete) {
      in_.erase(0, size);
      StartAnswer(context);
      continue;
    }
    const bool is_too_large = state == MockReadState::kTooLarge;
    AppendErrorAnswer(is_too_large ? 413 : 400, is_too_large ? "too large" : "not a request", out_);
    close_after_flush_ = true;
    Flush();
  }
}

void MockConnection::StartAnswer(MockContext& context) {
  const uint32_t number = context.num_requests++;
  request_number_ =
      request_.request_id >= 0
          ? static_cast<uint32_t>(request_.request_id)
          : number * static_cast<uint32_t>(context.options.num_threads) + context.thread_index;
  close_after_flush_ = !request_.keep_alive;
  switch (request_.route) {
    case MockRoute::kUnknown:
      AppendErrorAnswer(404, "the mock server has no such path", out_);
      return Flush();
    case MockRoute::kHealth:
      AppendJsonAnswer(200, R"({"status":"ok"})", out_);
      return Flush();
    case MockRoute::kModels:
      AppendJsonAnswer(200, R"({"object":"list","data":[{"id":"mock","object":"model"}]})", out_);
      return Flush();
    default:
      break;
  }
  fault_ =
      IsFaulty(request_number_, context.options.fault_share) ? context.options.fault : Fault::kNone;
  StartReply(context);
}

void MockConnection::StartReply(MockContext& context) {
  const MockOptions& options = context.options;
  Record(context, -1, arrived_ns_);
  answering_ = true;
  next_token_ = 0;
  // A whole answer comes when its last token would.
  const double tokens_before = request_.stream ? 0 : std::max(request_.max_tokens - 1, 0);
  due_ns_ = arrived_ns_ + static_cast<int64_t>((options.ttft_ms + tokens_before * options.itl_ms) *
                                               static_cast<double>(kNsPerMs));
  if (due_ns_ == arrived_ns_) Proceed(context, MonotonicNs());
}

void MockConnection::Advance(MockContext& context, int64_t now_ns) {
  Proceed(context, now_ns);
  ReadRequests(context, now_ns);  // that came meanwhile
}

void MockConnection::Proceed(MockContext& context, int64_t now_ns) {
  if (closed() || !answering_ || due_ns_ < 0 || due_ns_ > now_ns || wants_writable()) return;
  switch (fault_) {
    case Fault::kBadHttp:
      out_ += "220 mock ready for mail\r\n\r\n";
      close_after_flush_ = true;
      break;
    case Fault::kError500:
      AppendErrorAnswer(500, "the mock server fails as told", out_);
      break;
    case Fault::kError429:
      AppendErrorAnswer(429, "the mock server is busy as told", out_);
      break;
    default:
      if (request_.stream) return SendTokens(context, now_ns);
      return FinishReply(context);
  }
  answering_ = false;
  due_ns_ = -1;
  Flush();
}

// How many tokens are due, and are rendered now. Renders them.
int32_t MockConnection::AppendDueTokens(MockContext& context, int64_t now_ns) {
  const bool at_once = context.options.itl_ms == 0;
  int32_t end = request_.max_tokens;
  if (IsStreamFault(fault_) && next_token_ < end / 2) end /= 2;
  const int32_t count = std::min(end - next_token_, at_once ? kTokensPerPart : 1);
  for (int32_t i = 0; i < count; ++i) Record(context, next_token_ + i, now_ns);
  AppendTokenEvents(request_, next_token_, count, out_);
  return count;
}

void MockConnection::SendTokens(MockContext& context, int64_t now_ns) {
  const auto itl_ns = static_cast<int64_t>(context.options.itl_ms * kNsPerMs);
  if (next_token_ == 0) AppendStreamHead(out_);
  while (!closed() && !wants_writable() && due_ns_ >= 0 && due_ns_ <= now_ns) {
    if (IsStreamFault(fault_) && next_token_ == request_.max_tokens / 2) {
      AppendFault();
      if (fault_ != Fault::kNone) return;  // nothing comes after it
      continue;
    }
    next_token_ += AppendDueTokens(context, now_ns);
    if (next_token_ >= request_.max_tokens) return FinishReply(context);
    due_ns_ += itl_ns;
    Flush();
    now_ns = MonotonicNs();
  }
}

void MockConnection::AppendFault() {
  const auto event = [this](std::string_view text) {
    AppendEvent(TokenEventData(request_.route, text, 0, next_token_ + 1), out_);
  };
  switch (fault_) {
    case Fault::kGarbage:
      AppendEvent(R"({"choices":[{"delta":{"content":"unfinis)", out_);
      break;
    case Fault::kBadUtf8:
      event("\xE4\xBD");
      break;
    case Fault::kLongLine:
      event(std::string(kLongLineBytes, 'x'));
      break;
    case Fault::kSplitUtf8: {
      const std::string data =
          "data: " + TokenEventData(request_.route, "\xE4\xBD\xA0", 0, 0) + "\n\n";
      const size_t middle = data.find('\xBD');
      AppendChunk(data.substr(0, middle), out_);
      Flush();
      AppendChunk(data.substr(middle), out_);
      ++next_token_;
      fault_ = Fault::kNone;
      break;
    }
    default:  // a stall, a reset, an end: nothing is said
      break;
  }
  Flush();
  if (fault_ == Fault::kReset) return Reset();
  if (fault_ == Fault::kCloseEarly) return Close();
  if (fault_ != Fault::kNone) due_ns_ = -1;
}

// The last part of a stream, or a whole answer.
void MockConnection::FinishReply(MockContext& context) {
  MockUsage usage = {request_.prompt_tokens, request_.max_tokens};
  if (fault_ == Fault::kUsageLie) usage.completion_tokens += request_.max_tokens + 7;
  answering_ = false;
  due_ns_ = -1;
  if (request_.stream) {
    AppendFinishEvents(request_, usage, out_);
    if (fault_ != Fault::kNoDone) AppendDone(out_);
    AppendLastChunk(out_);
  } else {
    Record(context, request_.max_tokens - 1, MonotonicNs());
    std::string answer;
    AppendWholeAnswer(request_, usage, answer);
    SendFaultyWhole(std::move(answer));
  }
  if (!closed()) Flush();
}

void MockConnection::SendFaultyWhole(std::string answer) {
  switch (fault_) {
    case Fault::kGarbage:
    case Fault::kBadUtf8:
      answer[answer.size() - 2] = '\xFF';
      break;
    case Fault::kStall:
    case Fault::kReset:
    case Fault::kCloseEarly:
      answer.resize(answer.size() - 10);
      break;
    default:
      break;
  }
  out_ += answer;
  if (fault_ == Fault::kStall) answering_ = true;  // for ever: nothing is due
  if (fault_ == Fault::kReset || fault_ == Fault::kCloseEarly) Flush();
  if (fault_ == Fault::kReset) Reset();
  if (fault_ == Fault::kCloseEarly) Close();
}

void MockConnection::OnWritable(MockContext& context) {
  Flush();
  if (closed() || wants_writable()) return;
  Advance(context, MonotonicNs());
}

void MockConnection::Flush() {
  while (sent_ < out_.size()) {
    const ssize_t size = send(fd_.get(), out_.data() + sent_, out_.size() - sent_, MSG_NOSIGNAL);
    if (size < 0 && errno == EINTR) continue;
    is_blocked_ = size < 0 && errno == EAGAIN;
    if (is_blocked_) return;
    if (size <= 0) return Close();
    sent_ += static_cast<size_t>(size);
  }
  out_.clear();
  sent_ = 0;
  if (close_after_flush_ && !answering_) Close();
}

void MockConnection::Reset() {
  const linger hard = {.l_onoff = 1, .l_linger = 0};
  setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
  Close();
}

}  // namespace redline::lab
