#include "lab/mock/mock_thread.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "lab/monotonic_ns.h"
#include "lab/thread_latency.h"

namespace redline::lab {
namespace {

constexpr uint64_t kListenerId = 0;
constexpr uint64_t kWakeId = 1;
constexpr size_t kMaxEvents = 256;
constexpr size_t kReadBufferBytes = 256 << 10;
constexpr size_t kTruthBatch = 1 << 16;
// The kernel wakes a thread some 50 us late: the last part of a wait is spent awake.
constexpr int64_t kSpinNs = 60'000;
constexpr int64_t kCalibrationNs = 100'000'000;
constexpr int64_t kIdleWaitNs = 1'000'000'000;

bool Watch(int epoll, int fd, uint32_t events, uint64_t id, int operation) {
  epoll_event event = {.events = events, .data = {.u64 = id}};
  return epoll_ctl(epoll, operation, fd, &event) == 0;
}

}  // namespace

MockThread::MockThread(const MockOptions& options, int index, UniqueFd listener, TruthLog* truth)
    : options_(options),
      listener_(std::move(listener)),
      truth_(truth),
      read_buffer_(kReadBufferBytes, '\0'),
      context_{.options = options_,
               .read_buffer = read_buffer_,
               .truth = truth == nullptr ? nullptr : &truth_events_,
               .thread_index = static_cast<uint32_t>(index)} {}

Result<std::unique_ptr<MockThread>> MockThread::Start(const MockOptions& options, int index,
                                                      UniqueFd listener, TruthLog* truth) {
  std::unique_ptr<MockThread> thread(new MockThread(options, index, std::move(listener), truth));
  RL_RETURN_IF_ERROR(thread->Open());
  thread->thread_ = std::thread([raw = thread.get()] { raw->Run(); });
  pthread_setname_np(thread->thread_.native_handle(), fmt::format("mock-{}", index).c_str());
  return thread;
}

MockThread::~MockThread() {
  if (!thread_.joinable()) return;
  stop_ = true;
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = write(wake_.get(), &one, sizeof one);
  thread_.join();
  if (truth_ != nullptr) truth_->Append(truth_events_);
}

Status MockThread::Open() {
  epoll_ = UniqueFd(epoll_create1(EPOLL_CLOEXEC));
  wake_ = UniqueFd(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!epoll_.valid() || !wake_.valid() ||
      !Watch(epoll_.get(), listener_.get(), EPOLLIN, kListenerId, EPOLL_CTL_ADD) ||
      !Watch(epoll_.get(), wake_.get(), EPOLLIN, kWakeId, EPOLL_CTL_ADD))
    return ErrnoStatus("watching the mock server's sockets", errno);
  return OkStatus();
}

void MockThread::Run() {
  PreferLowLatency();
  std::array<epoll_event, kMaxEvents> events;
  while (!stop_) {
    const int64_t now_ns = MonotonicNs();
    int64_t wait_ns = timers_.empty() ? kIdleWaitNs : timers_.top().due_ns - now_ns - kSpinNs;
    wait_ns = std::clamp<int64_t>(wait_ns, 0, kIdleWaitNs);
    const timespec timeout = {.tv_sec = wait_ns / kIdleWaitNs, .tv_nsec = wait_ns % kIdleWaitNs};
    const int count = epoll_pwait2(epoll_.get(), events.data(), kMaxEvents, &timeout, nullptr);
    for (int i = 0; i < count; ++i) OnEvent(events[i].data.u64, events[i].events);
    RunTimers();
    Calibrate();
    if (truth_ != nullptr && truth_events_.size() >= kTruthBatch) {
      truth_->Append(truth_events_);
      truth_events_.clear();
    }
  }
}

void MockThread::Calibrate() {
  const int64_t now_ns = MonotonicNs();
  if (now_ns < next_calibration_ns_) return;
  context_.clock.Calibrate();
  next_calibration_ns_ = now_ns + kCalibrationNs;
}

void MockThread::RunTimers() {
  while (!timers_.empty() && timers_.top().due_ns <= MonotonicNs()) {
    const Timer timer = timers_.top();
    timers_.pop();
    const auto found = connections_.find(timer.connection_id);
    if (found == connections_.end() || found->second.timer_ns != timer.due_ns) continue;
    found->second.timer_ns = -1;
    found->second.connection.Advance(context_, MonotonicNs());
    Settle(found->first, found->second);
  }
}

void MockThread::OnEvent(uint64_t id, uint32_t events) {
  if (id == kListenerId) return Accept();
  const auto found = connections_.find(id);
  if (found == connections_.end()) return;
  MockConnection& connection = found->second.connection;
  if (events & EPOLLOUT) connection.OnWritable(context_);
  if (!connection.closed() && (events & ~EPOLLOUT)) connection.OnReadable(context_);
  Settle(id, found->second);
}

// After anything was done with a connection: its end, its timer, its wish to write.
void MockThread::Settle(uint64_t id, Entry& entry) {
  MockConnection& connection = entry.connection;
  if (connection.closed()) {
    connections_.erase(id);
    if (!is_listening_) SetListening(true);
    return;
  }
  if (connection.wants_writable() != entry.watches_writable) {
    entry.watches_writable = connection.wants_writable();
    Watch(epoll_.get(), connection.fd(),
          EPOLLIN | EPOLLRDHUP | (entry.watches_writable ? EPOLLOUT : 0u), id, EPOLL_CTL_MOD);
  }
  const int64_t due_ns = connection.due_ns();
  if (due_ns < 0 || due_ns == entry.timer_ns || connection.wants_writable()) return;
  entry.timer_ns = due_ns;
  timers_.push({due_ns, id});
}

void MockThread::SetListening(bool is_listening) {
  is_listening_ = is_listening;
  Watch(epoll_.get(), listener_.get(), is_listening ? EPOLLIN : 0u, kListenerId, EPOLL_CTL_MOD);
}

void MockThread::Accept() {
  while (true) {
    UniqueFd fd(accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!fd.valid()) {
      // Without a descriptor left, the listener would be readable for ever.
      if (errno == EMFILE || errno == ENFILE) SetListening(false);
      return;
    }
    const int on = 1;
    setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (options_.ttft_ms > 0 || truth_ != nullptr) ArrivalClock::Enable(fd.get());
    const uint64_t id = next_id_++;
    if (!Watch(epoll_.get(), fd.get(), EPOLLIN | EPOLLRDHUP, id, EPOLL_CTL_ADD)) continue;
    connections_.emplace(id, Entry(std::move(fd)));
  }
}

}  // namespace redline::lab
