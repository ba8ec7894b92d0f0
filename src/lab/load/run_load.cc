#include "lab/load/run_load.h"

#include <fmt/format.h>
#include <pthread.h>

#include <algorithm>
#include <condition_variable>
#include <latch>
#include <memory>
#include <mutex>
#include <thread>

#include "base/process.h"
#include "lab/load/load_thread.h"
#include "lab/load/merge_stats.h"
#include "lab/monotonic_ns.h"

namespace redline::lab {
namespace {

constexpr int kMaxThreads = 256;
constexpr int64_t kMaxConcurrency = 1'000'000;
constexpr int64_t kOtherDescriptors = 64;
constexpr int64_t kBeginDelayNs = 1'000'000;  // from the threads' start to the first request

Status CheckRange(std::string_view name, double value, double low, double high) {
  if (value >= low && value <= high) return OkStatus();
  return InvalidArgument(fmt::format("{} must be {} to {}, got {}", name, low, high, value),
                         std::string(name));
}

Status Validate(const LoadOptions& options) {
  if (options.plan == nullptr || options.prompts == nullptr)
    return Internal("the load generator needs a plan and a prompt writer");
  if (options.plan->size() >= Schedule::kNone)
    return InvalidArgument(
        fmt::format("num_requests must be below {}, got {}", Schedule::kNone, options.plan->size()),
        "num_requests");
  const double most = static_cast<double>(kMaxConcurrency);
  const LoadTimeouts& timeouts = options.timeouts;
  RL_RETURN_IF_ERROR(CheckRange("concurrency", static_cast<double>(options.concurrency), 0, most));
  RL_RETURN_IF_ERROR(CheckRange("threads", options.num_threads, 0, kMaxThreads));
  RL_RETURN_IF_ERROR(CheckRange("abort_share", options.abort_share, 0, 1));
  RL_RETURN_IF_ERROR(CheckRange("connect timeout", timeouts.connect_s, 0.001, 1e6));
  RL_RETURN_IF_ERROR(CheckRange("first token timeout", timeouts.first_token_s, 0.001, 1e6));
  RL_RETURN_IF_ERROR(CheckRange("between tokens timeout", timeouts.between_tokens_s, 0.001, 1e6));
  RL_RETURN_IF_ERROR(CheckRange("whole timeout", timeouts.whole_s, 0.001, 1e6));
  RL_RETURN_IF_ERROR(CheckRange("max_seconds", options.max_seconds, 0, 1e6));
  if (options.abort_share > 0 && !options.stream)
    return InvalidArgument("abort_share counts the tokens of a stream: leave it out, or stream",
                           "abort_share");
  return OkStatus();
}

Status AllowDescriptors(int64_t num_connections) {
  const uint64_t most = RaiseDescriptorLimit();
  const auto needed = static_cast<uint64_t>(num_connections + kOtherDescriptors);
  if (most == 0 || needed <= most) return OkStatus();
  return ResourceExhausted(
      fmt::format("concurrency {} needs {} open descriptors, and the hard limit is {}: raise it "
                  "(ulimit -Hn), or ask for less",
                  num_connections, needed, most));
}

class LoadRun {
 public:
  LoadRun(const LoadOptions& options, const TargetAddress& target, const RequestWriter& writer,
          LoadResult& result)
      : options_(options),
        result_(result),
        schedule_(*options.plan, result.records),
        context_{options, target, writer, schedule_, result.records, nullptr, 1} {}

  Status Open() {
    RL_RETURN_IF_ERROR(schedule_.Check());
    if (!schedule_.is_open_loop() && options_.concurrency < 1)
      return InvalidArgument("concurrency must be at least 1 in a closed loop, got 0",
                             "concurrency");
    RL_RETURN_IF_ERROR(AllowDescriptors(NumPlaces()));
    if (!options_.raw_samples_path.empty()) {
      RL_RETURN_IF_ERROR(samples_.Open(options_.raw_samples_path));
      context_.samples = &samples_;
    }
    return OpenThreads();
  }

  Status Run() {
    std::latch is_warm(static_cast<ptrdiff_t>(threads_.size()) + 1);
    std::latch has_begin(1);
    std::vector<std::jthread> runners;
    for (size_t i = 0; i < threads_.size(); ++i) {
      runners.emplace_back([&, i] {
        threads_[i]->Warm();
        is_warm.count_down();
        has_begin.wait();
        threads_[i]->Run(result_.begin_ns);
        OnThreadEnd();
      });
      pthread_setname_np(runners.back().native_handle(), fmt::format("load-{}", i).c_str());
    }
    is_warm.arrive_and_wait();
    result_.begin_ns = MonotonicNs() + kBeginDelayNs;
    has_begin.count_down();
    WatchProgress();
    runners.clear();  // joins
    std::vector<ThreadStats*> stats;
    for (const auto& thread : threads_) stats.push_back(&thread->stats());
    MergeStats(stats, result_);
    return context_.samples == nullptr ? OkStatus() : samples_.Close();
  }

 private:
  // Closed loop: no more places than heads. Open loop: 0 is no limit.
  int64_t NumPlaces() const {
    if (schedule_.is_open_loop()) return options_.concurrency;
    return std::min(options_.concurrency, static_cast<int64_t>(schedule_.num_heads()));
  }

  Status OpenThreads() {
    const int64_t places = NumPlaces();
    int64_t count = options_.num_threads > 0 ? options_.num_threads : AvailableCpus();
    const int64_t most = places > 0 ? places : static_cast<int64_t>(schedule_.num_heads());
    count = std::clamp<int64_t>(std::min(count, most), 1, kMaxThreads);
    context_.num_threads = static_cast<int>(count);
    for (int64_t i = 0; i < count; ++i) {
      const int64_t share = places / count + (i < places % count ? 1 : 0);
      threads_.push_back(std::make_unique<LoadThread>(context_, static_cast<int>(i), share));
      RL_RETURN_IF_ERROR(threads_.back()->Open());
    }
    return OkStatus();
  }

  void OnThreadEnd() {
    const std::lock_guard lock(mutex_);
    ++num_ended_;
    ended_.notify_one();
  }

  // Until every thread has ended; shows what they have seen meanwhile.
  void WatchProgress() {
    const auto interval = std::chrono::duration<double>(std::max(options_.progress_seconds, 0.01));
    std::unique_lock lock(mutex_);
    while (num_ended_ < threads_.size()) {
      ended_.wait_for(lock, interval);
      if (!options_.on_progress) continue;
      lock.unlock();
      ShowProgress();
      lock.lock();
    }
  }

  void ShowProgress() {
    LoadProgress progress;
    progress.elapsed_s = static_cast<double>(MonotonicNs() - result_.begin_ns) * 1e-9;
    progress.total = result_.records.size();
    for (const auto& thread : threads_) AddTo(thread->Snapshot(), progress);
    options_.on_progress(progress);
  }

  const LoadOptions& options_;
  LoadResult& result_;
  Schedule schedule_;
  LoadContext context_;
  RawSampleWriter samples_;
  std::vector<std::unique_ptr<LoadThread>> threads_;
  std::mutex mutex_;
  std::condition_variable ended_;
  size_t num_ended_ = 0;  // under mutex_
};

}  // namespace

Result<LoadResult> RunLoad(const LoadOptions& options) {
  RL_RETURN_IF_ERROR(Validate(options));
  RL_ASSIGN_OR_RETURN(const TargetAddress target, ResolveTarget(options.url));
  RL_ASSIGN_OR_RETURN(const RequestWriter writer,
                      RequestWriter::Make(options, target.host, target.base_path));
  LoadResult result;
  LoadRun run(options, target, writer, result);
  RL_RETURN_IF_ERROR(run.Open());
  RL_RETURN_IF_ERROR(run.Run());
  return result;
}

}  // namespace redline::lab
