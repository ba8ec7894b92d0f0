#include "lab/mock/truth_log.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <iterator>

namespace redline::lab {

Status TruthLog::Open(const std::filesystem::path& path) {
  file_ = UniqueFd(open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  return file_.valid() ? OkStatus() : ErrnoStatus("opening " + path.string(), errno);
}

void TruthLog::Append(const std::vector<TruthEvent>& events) {
  const std::lock_guard lock(mutex_);
  if (!file_.valid()) {
    events_.insert(events_.end(), events.begin(), events.end());
    return;
  }
  std::string text;
  for (const TruthEvent& event : events)
    fmt::format_to(std::back_inserter(text), "{} {} {}\n", event.request, event.event,
                   event.time_ns);
  for (size_t done = 0; done < text.size();) {
    const ssize_t written = write(file_.get(), text.data() + done, text.size() - done);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;  // a full disk shortens the log; the answers go on
    done += static_cast<size_t>(written);
  }
}

std::vector<TruthEvent> TruthLog::Take() {
  const std::lock_guard lock(mutex_);
  return std::move(events_);
}

}  // namespace redline::lab
