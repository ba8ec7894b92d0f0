#include "platform/agent/fetch_task.h"

namespace redline::platform {

FetchTask::FetchTask(FetchRequest request, FetchEnvironment environment) {
  thread_ = std::jthread([this, request = std::move(request),
                          environment = std::move(environment)](const std::stop_token& stop) {
    const auto note = [this](const spec::Progress& progress) {
      const std::lock_guard lock(mutex_);
      progress_ = progress;
    };
    auto result = FetchModel(request, environment, note, stop);
    const std::lock_guard lock(mutex_);
    result_ = std::move(result);
  });
}

FetchState FetchTask::state() const {
  const std::lock_guard lock(mutex_);
  if (!result_) return FetchState::kRunning;
  return result_->ok() ? FetchState::kDone : FetchState::kFailed;
}

spec::Progress FetchTask::progress() const {
  const std::lock_guard lock(mutex_);
  return progress_;
}

Result<std::filesystem::path> FetchTask::result() const {
  const std::lock_guard lock(mutex_);
  return result_ ? *result_ : Result<std::filesystem::path>(Unavailable("still fetching"));
}

}  // namespace redline::platform
