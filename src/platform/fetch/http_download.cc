#include "platform/fetch/http_download.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>

#include "base/files.h"
#include "base/strings.h"
#include "base/version.h"
#include "platform/fetch/partial_file.h"
#include "platform/fetch/url_policy.h"

namespace redline::platform {
namespace {

constexpr int kMaxFailuresInARow = 3;
constexpr int kMaxRedirects = 5;
constexpr double kMaxRetryDelaySeconds = 30;

// What one attempt came to.
struct Outcome {
  Status status;
  bool worth_retrying = false;
  double retry_after_seconds = 0;  // asked for by the server
};

Outcome Final(Status status) { return {.status = std::move(status)}; }
Outcome Again(Status status) { return {.status = std::move(status), .worth_retrying = true}; }

// The first byte and the total of "bytes 100-199/200".
std::optional<std::pair<int64_t, int64_t>> ParseContentRange(std::string_view text) {
  constexpr std::string_view kUnit = "bytes ";
  const size_t dash = text.find('-');
  const size_t slash = text.find('/');
  if (!text.starts_with(kUnit) || dash == std::string_view::npos ||
      slash == std::string_view::npos || slash < dash)
    return std::nullopt;
  const auto first = ParseInt64(text.substr(kUnit.size(), dash - kUnit.size()));
  const auto total = ParseInt64(text.substr(slash + 1));
  if (!first || !total) return std::nullopt;
  return std::pair(*first, *total);
}

std::string_view ReasonOf(int status) {
  switch (status) {
    case 401:
    case 403:
      return " (no access: set HF_TOKEN when the model is gated)";
    case 404:
      return " (no such file or revision)";
    case 429:
      return " (too many requests)";
    default:
      return "";
  }
}

bool IsRedirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

bool IsTransient(int status) { return status == 408 || status == 429 || status >= 500; }

// One download, over as many exchanges as it takes. The exchange's callbacks run on the client's
// thread and touch the partial file; the downloading thread waits for their end before it does.
class Download {
 public:
  Download(net::HttpClient& client, const DownloadSource& source, const spec::ModelFile& file,
           PartialFile partial, std::filesystem::path etag_path, ProgressMeter& meter,
           const std::stop_token& stop)
      : client_(client),
        source_(source),
        file_(file),
        partial_(std::move(partial)),
        etag_path_(std::move(etag_path)),
        meter_(meter),
        stop_(stop) {}

  Status Run();

 private:
  Outcome Attempt();
  Outcome Exchange(const std::string& url);
  net::ClientRequest MakeRequest(const std::string& url) const;
  void OnHead(int status, const net::Headers& headers);
  Status AcceptWhole(const net::Headers& headers);
  Status AcceptRest(const net::Headers& headers);
  void OnBody(std::string_view bytes);
  void Fail(Outcome outcome);
  Outcome AwaitEnd(const std::shared_ptr<net::Exchange>& exchange);
  std::string StoredEtag() const;
  void Pause(double seconds);
  bool CanForget(const Status& status);

  net::HttpClient& client_;
  const DownloadSource& source_;
  const spec::ModelFile& file_;
  PartialFile partial_;
  const std::filesystem::path etag_path_;
  ProgressMeter& meter_;
  const std::stop_token& stop_;
  bool forgot_ = false;  // has started again from nothing once already

  std::mutex mutex_;  // guards what follows; all of it is about the exchange under way
  std::condition_variable_any changed_;
  bool accepting_ = false;
  std::string location_;
  std::optional<Outcome> failure_;
  std::optional<Status> done_;
};

Status Download::Run() {
  int failures_in_a_row = 0;
  while (true) {
    const int64_t before = partial_.num_bytes();
    meter_.SkipTo(before);
    Outcome outcome = Attempt();
    if (outcome.status.ok()) outcome = Final(partial_.Finish());
    if (outcome.status.ok()) return OkStatus();
    if (stop_.stop_requested()) return Status(Code::kCancelled, "cancelled");
    if (before > 0 && CanForget(outcome.status)) continue;
    if (partial_.num_bytes() > before) failures_in_a_row = 0;
    if (!outcome.worth_retrying || ++failures_in_a_row > kMaxFailuresInARow) return outcome.status;
    const double delay = source_.retry_delay_seconds * (1 << (failures_in_a_row - 1));
    Pause(std::min(std::max(delay, outcome.retry_after_seconds), kMaxRetryDelaySeconds));
  }
}

// Bytes from an earlier attempt may be what was wrong: once, it is tried without them.
bool Download::CanForget(const Status& status) {
  if (forgot_ || status.code() != Code::kDataLoss) return false;
  forgot_ = true;
  return partial_.Restart().ok();
}

void Download::Pause(double seconds) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, stop_, std::chrono::duration<double>(seconds), [] { return false; });
}

Outcome Download::Attempt() {
  if (partial_.num_bytes() == file_.num_bytes) return {};
  std::string url = source_.url;
  for (int hop = 0; hop <= kMaxRedirects; ++hop) {
    Outcome outcome = Exchange(url);
    if (!outcome.status.ok() || location_.empty()) return outcome;
    const auto next = ResolveLocation(url, location_);
    if (!next.ok()) return Final(next.status());
    if (const Status status = CheckRedirect(source_.endpoint, *next); !status.ok())
      return {.status = status, .worth_retrying = status.code() == Code::kUnavailable};
    url = *next;
  }
  return Final(Unavailable("too many redirects"));
}

net::ClientRequest Download::MakeRequest(const std::string& url) const {
  net::ClientRequest request;
  request.url = url;
  request.headers = {{"User-Agent", std::string("redline/") + kVersion},
                     {"Accept-Encoding", "identity"}};
  if (!source_.bearer_token.empty() && SameOrigin(url, source_.endpoint))
    request.headers.emplace_back("Authorization", "Bearer " + source_.bearer_token);
  if (partial_.num_bytes() == 0) return request;
  request.headers.emplace_back("Range", fmt::format("bytes={}-", partial_.num_bytes()));
  if (const std::string etag = StoredEtag(); !etag.empty())
    request.headers.emplace_back("If-Range", etag);
  return request;
}

Outcome Download::Exchange(const std::string& url) {
  {
    const std::lock_guard lock(mutex_);
    accepting_ = false;
    location_.clear();
    failure_.reset();
    done_.reset();
  }
  const auto exchange = client_.Start(
      MakeRequest(url),
      {.on_head = [this](int status, const net::Headers& headers) { OnHead(status, headers); },
       .on_body = [this](std::string_view bytes) { OnBody(bytes); },
       .on_done =
           [this](const Status& status) {
             const std::lock_guard lock(mutex_);
             done_ = status;
             changed_.notify_all();
           }});
  return AwaitEnd(exchange);
}

// Only here, on the downloading thread, is an exchange cancelled: its callbacks cannot know it yet.
Outcome Download::AwaitEnd(const std::shared_ptr<net::Exchange>& exchange) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, stop_, [this] { return failure_ || done_; });
  if (!done_) {
    lock.unlock();
    exchange->Cancel();
    lock.lock();
    changed_.wait(lock, [this] { return done_.has_value(); });
  }
  if (failure_) return *failure_;
  if (!done_->ok()) return Again(*done_);
  if (!location_.empty()) return {};
  if (partial_.num_bytes() < file_.num_bytes)
    return Again(Unavailable(fmt::format("the answer ended after {} of {} bytes",
                                         partial_.num_bytes(), file_.num_bytes)));
  return {};
}

void Download::Fail(Outcome outcome) {
  accepting_ = false;
  failure_ = std::move(outcome);
  changed_.notify_all();
}

void Download::OnHead(int status, const net::Headers& headers) {
  const std::lock_guard lock(mutex_);
  if (IsRedirect(status)) {
    location_ = net::FindHeader(headers, "Location");
    if (location_.empty()) Fail(Final(DataLoss("a redirect without a Location")));
    return;
  }
  if (status == 416) {
    const Status restarted = partial_.Restart();
    return Fail(restarted.ok() ? Again(Unavailable("HTTP 416")) : Final(restarted));
  }
  if (status != 200 && status != 206) {
    Outcome outcome = Final(Unavailable(fmt::format("HTTP {}{}", status, ReasonOf(status))));
    outcome.worth_retrying = IsTransient(status);
    outcome.retry_after_seconds = ParseDouble(net::FindHeader(headers, "Retry-After")).value_or(0);
    return Fail(std::move(outcome));
  }
  // Nothing is ever inflated here: an encoded answer could be any size.
  const std::string encoding(net::FindHeader(headers, "Content-Encoding"));
  if (!encoding.empty() && ToLower(encoding) != "identity")
    return Fail(Final(DataLoss("the answer is encoded as " + EscapeControl(encoding))));
  const Status accepted = status == 200 ? AcceptWhole(headers) : AcceptRest(headers);
  if (!accepted.ok()) return Fail(Final(accepted));
  accepting_ = true;
}

Status Download::AcceptWhole(const net::Headers& headers) {
  const auto length = ParseInt64(net::FindHeader(headers, "Content-Length"));
  if (length && *length != file_.num_bytes)
    return FailedPrecondition(
        fmt::format("it has {} bytes there, not {}", *length, file_.num_bytes));
  RL_RETURN_IF_ERROR(partial_.Restart());
  // Only a strong validator can vouch for a byte range.
  const std::string_view etag = net::FindHeader(headers, "ETag");
  return WriteFileAtomic(etag_path_, etag.starts_with('"') ? etag : "");
}

Status Download::AcceptRest(const net::Headers& headers) {
  const auto range = ParseContentRange(net::FindHeader(headers, "Content-Range"));
  const std::string etag = StoredEtag();
  const std::string_view etag_now = net::FindHeader(headers, "ETag");
  const bool fits = range && *range == std::pair(partial_.num_bytes(), file_.num_bytes);
  const bool same = etag.empty() || etag_now.empty() || etag == etag_now;
  return fits && same ? OkStatus() : DataLoss("the rest of the file does not fit its beginning");
}

void Download::OnBody(std::string_view bytes) {
  const std::lock_guard lock(mutex_);
  if (!accepting_) return;
  if (const Status status = partial_.Append(bytes); !status.ok()) return Fail(Final(status));
  meter_.SetCurrent(partial_.num_bytes());
}

std::string Download::StoredEtag() const {
  auto etag = ReadFile(etag_path_, 1024);
  return etag.ok() ? *etag : std::string();
}

}  // namespace

Status DownloadFile(net::HttpClient& client, const DownloadSource& source,
                    const spec::ModelFile& file, const std::filesystem::path& partial_path,
                    ProgressMeter& meter, const std::stop_token& stop) {
  RL_ASSIGN_OR_RETURN(PartialFile partial, PartialFile::Open(partial_path, file, stop));
  return Download(client, source, file, std::move(partial), partial_path.string() + ".etag", meter,
                  stop)
      .Run();
}

}  // namespace redline::platform
