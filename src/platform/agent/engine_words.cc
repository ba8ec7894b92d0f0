#include "platform/agent/engine_words.h"

#include <atomic>

#include "platform/agent/cancellable_fetch.h"

namespace redline::platform {
namespace {

constexpr double kTimeoutSeconds = 10;
constexpr size_t kMostBytes = 4 << 20;

}  // namespace

// Written on the client's thread; the body is read once `done` was seen.
struct WordsReader::Answer {
  std::string body;
  std::atomic<int> status{0};
  std::atomic<bool> done{false};
};

WordsReader::WordsReader(net::HttpClient& client, std::string endpoint,
                         std::vector<std::string> paths, std::string start_log)
    : client_(client), endpoint_(std::move(endpoint)), paths_(std::move(paths)) {
  words_.start_log = std::move(start_log);
}

WordsReader::~WordsReader() {
  if (exchange_) exchange_->Cancel();
}

std::optional<backends::EngineWords> WordsReader::Tick() {
  if (is_told_) return std::nullopt;
  if (answer_ && !answer_->done) return std::nullopt;
  if (answer_) {
    if (answer_->status == 200) words_.answers[paths_[next_]] = std::move(answer_->body);
    answer_.reset();
    exchange_.reset();
    ++next_;
  }
  if (next_ < paths_.size()) {
    Start();
    return std::nullopt;
  }
  is_told_ = true;
  return std::move(words_);
}

void WordsReader::Start() {
  net::ClientRequest request;
  request.url = UrlOf(endpoint_, paths_[next_]);
  request.idle_timeout_seconds = kTimeoutSeconds;
  answer_ = std::make_shared<Answer>();
  exchange_ = client_.Start(
      std::move(request),
      {.on_head = [answer = answer_](int status, const net::Headers&) { answer->status = status; },
       .on_body =
           [answer = answer_](std::string_view bytes) {
             if (answer->body.size() + bytes.size() <= kMostBytes) answer->body += bytes;
           },
       .on_done =
           [answer = answer_](const Status& status) {
             if (!status.ok()) answer->status = 0;
             answer->done = true;
           }});
}

}  // namespace redline::platform
