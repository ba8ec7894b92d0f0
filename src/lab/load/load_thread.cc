#include "lab/load/load_thread.h"

#include <fmt/format.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "lab/load/thread_usage.h"
#include "lab/monotonic_ns.h"
#include "lab/thread_latency.h"
#include "workload/abort_choice.h"

namespace redline::lab {
namespace {

constexpr int64_t kSecond = 1'000'000'000;
constexpr int64_t kSweepNs = 50'000'000;
// Before answers are read again: reading frees connections, and a new one costs more than a
// request.
constexpr int kMaxSendsAtOnce = 32;
constexpr size_t kMaxEvents = 512;
constexpr size_t kReadBufferBytes = 256 << 10;
constexpr size_t kSampleBatch = 4096;

int64_t ToNs(double seconds) {
  return static_cast<int64_t>(std::min(seconds, 1e9) * static_cast<double>(kSecond));
}

void SleepUntil(int64_t time_ns) {
  const timespec time = {.tv_sec = time_ns / kSecond, .tv_nsec = time_ns % kSecond};
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, nullptr) == EINTR) {
  }
}

}  // namespace

LoadThread::LoadThread(const LoadContext& context, int index, int64_t num_places)
    : context_(context),
      index_(index),
      num_places_(num_places),
      is_open_loop_(context.schedule.is_open_loop()),
      rules_{.api = context.options.api,
             .stream = context.options.stream,
             .check_input_tokens = context.options.check_input_tokens},
      read_buffer_(kReadBufferBytes, '\0'),
      next_head_(static_cast<size_t>(index)) {
  if (!is_open_loop_) free_places_.assign(static_cast<size_t>(num_places), 0);
  if (context.samples != nullptr) samples_.reserve(kSampleBatch);
}

Status LoadThread::Open() {
  epoll_ = UniqueFd(epoll_create1(EPOLL_CLOEXEC));
  return epoll_.valid() ? OkStatus() : ErrnoStatus("epoll_create1", errno);
}

int64_t LoadThread::Now() const { return MonotonicNs() - begin_ns_; }

void LoadThread::Watch(LoadConnection& connection, bool writable, int operation) {
  connection.watches_writable = writable;
  epoll_event event = {.events = EPOLLIN | EPOLLRDHUP | (writable ? EPOLLOUT : 0u),
                       .data = {.ptr = &connection}};
  // Fails for want of memory only; the connection then ends by its deadline.
  epoll_ctl(epoll_.get(), operation, connection.fd.get(), &event);
}

void LoadThread::Warm() {
  if (is_open_loop_) return;
  begin_ns_ = MonotonicNs();
  const int64_t deadline_ns = ToNs(context_.options.timeouts.connect_s);
  std::vector<LoadConnection*> opened;
  for (int64_t place = 0; place < num_places_; ++place) {
    LoadConnection& connection = FreeConnection();
    connection.index = Schedule::kNone;
    if (!connection.Open(context_.target)) {
      closed_.push_back(&connection);
      return;  // the requests will tell why
    }
    connection.deadline_ns = deadline_ns;
    Watch(connection, true, EPOLL_CTL_ADD);
    opened.push_back(&connection);
  }
  const auto is_connecting = [](const LoadConnection* connection) {
    return connection->state == LoadConnection::State::kConnecting;
  };
  while (std::any_of(opened.begin(), opened.end(), is_connecting)) {
    Wait(Now() + kSweepNs);
    Sweep();
  }
}

void LoadThread::Run(int64_t begin_ns) {
  PreferLowLatency();
  const ThreadUsage before = CurrentThreadUsage();
  begin_ns_ = begin_ns;
  next_sweep_ns_ = 0;
  SleepUntil(begin_ns);
  while (HasWork()) {
    SendDue();
    Wait(WaitLimit(Now()));
    if (wake_ns_ >= next_sweep_ns_) Sweep();
  }
  const ThreadUsage after = CurrentThreadUsage();
  stats_.health.cpu_s = after.cpu_s - before.cpu_s;
  if (before.run_queue_wait_s >= 0)
    stats_.health.run_queue_wait_s = after.run_queue_wait_s - before.run_queue_wait_s;
  if (!samples_.empty()) context_.samples->Append(samples_);
  Publish();
}

bool LoadThread::HasHeads() const {
  return is_open_loop_ ? next_head_ < context_.schedule.num_heads() : context_.schedule.HasHeads();
}

bool LoadThread::HasWork() const {
  return in_flight_ > 0 || (!sends_no_more_ && (HasHeads() || !turns_.empty()));
}

// ---- sending

void LoadThread::SendDue() {
  uint32_t index = 0;
  for (int sends = 0; sends < kMaxSendsAtOnce && !sends_no_more_; ++sends) {
    const int64_t now_ns = Now();
    if (!TakeDue(now_ns, index)) break;
    Start(index, now_ns);
  }
  if (is_open_loop_) Prepare();
}

bool LoadThread::TakeDue(int64_t now_ns, uint32_t& index) {
  const bool is_full = is_open_loop_ && num_places_ > 0 && in_flight_ >= num_places_;
  if (is_full) return false;
  if (turns_.empty() || turns_.top().due_ns > now_ns) return TakeHead(now_ns, index);
  index = turns_.top().index;
  context_.records[index].intended_ns = turns_.top().due_ns;
  turns_.pop();
  return true;
}

bool LoadThread::TakeHead(int64_t now_ns, uint32_t& index) {
  if (is_open_loop_) {
    if (!HasHeads()) return false;
    index = context_.schedule.Head(next_head_);
    if (context_.records[index].intended_ns > now_ns) return false;
    next_head_ += static_cast<size_t>(context_.num_threads);
    return true;
  }
  if (free_places_.empty()) return false;
  index = context_.schedule.TakeHead();
  if (index == Schedule::kNone) return false;
  context_.records[index].intended_ns = free_places_.back();
  free_places_.pop_back();
  return true;
}

void LoadThread::Prepare() {
  if (!HasHeads()) return;
  const uint32_t index = context_.schedule.Head(next_head_);
  if (index == prepared_index_) return;
  context_.writer.Write(index, context_.records[index].output_tokens, prepared_);
  prepared_index_ = index;
}

void LoadThread::Start(uint32_t index, int64_t now_ns) {
  RequestRecord& record = context_.records[index];
  stats_.schedule_lag_ns.Record(now_ns - record.intended_ns);
  ++in_flight_;
  LoadConnection& connection = FreeConnection();
  connection.index = index;
  connection.num_sent = 0;
  if (index == prepared_index_) {
    std::swap(connection.out, prepared_);
    prepared_index_ = Schedule::kNone;
  } else {
    context_.writer.Write(index, record.output_tokens, connection.out);
  }
  connection.answer.Begin(rules_, record);
  // llama.cpp's server says keep-alive and ends the connection after a streamed answer.
  connection.may_be_stale = connection.state == LoadConnection::State::kIdle;
  if (connection.state == LoadConnection::State::kIdle) {
    Send(connection);
  } else {
    Connect(connection);
  }
}

LoadConnection& LoadThread::FreeConnection() {
  for (std::vector<LoadConnection*>* free : {&idle_, &closed_}) {
    if (free->empty()) continue;
    LoadConnection& connection = *free->back();
    free->pop_back();
    return connection;
  }
  return *connections_.emplace_back(std::make_unique<LoadConnection>());
}

void LoadThread::Connect(LoadConnection& connection) {
  if (!connection.Open(context_.target)) return FailConnect(connection, errno);
  connection.deadline_ns = Now() + ToNs(context_.options.timeouts.connect_s);
  Watch(connection, true, EPOLL_CTL_ADD);
}

void LoadThread::Send(LoadConnection& connection) {
  RequestRecord& record = context_.records[connection.index];
  const LoadTimeouts& timeouts = context_.options.timeouts;
  if (record.sent_ns < 0) {
    record.sent_ns = Now();
    ++stats_.num_sent;
    Sample(connection.index, RawSample::kSent, 1, record.sent_ns);
  }
  connection.whole_deadline_ns = record.sent_ns + ToNs(timeouts.whole_s);
  connection.deadline_ns = connection.whole_deadline_ns;
  if (context_.options.stream)
    connection.deadline_ns =
        std::min(connection.deadline_ns, record.sent_ns + ToNs(timeouts.first_token_s));
  const LoadConnection::SendResult result = connection.Send();
  if (result == LoadConnection::SendResult::kFailed)
    return Fail(connection, Outcome::kReset, std::string("sending: ") + std::strerror(errno));
  const bool is_part = result == LoadConnection::SendResult::kPart;
  connection.state = is_part ? LoadConnection::State::kSending : LoadConnection::State::kReading;
  if (is_part != connection.watches_writable) Watch(connection, is_part, EPOLL_CTL_MOD);
}

// ---- reading

int64_t LoadThread::WaitLimit(int64_t now_ns) const {
  if (!HasWork()) return now_ns;
  int64_t limit_ns = std::max(next_sweep_ns_, now_ns);
  const bool is_full = is_open_loop_ && num_places_ > 0 && in_flight_ >= num_places_;
  if (is_full || sends_no_more_) return limit_ns;
  if (!free_places_.empty() && HasHeads()) return now_ns;
  if (!turns_.empty()) limit_ns = std::min(limit_ns, turns_.top().due_ns);
  if (is_open_loop_ && HasHeads())
    limit_ns = std::min(limit_ns, context_.records[context_.schedule.Head(next_head_)].intended_ns);
  return limit_ns;
}

void LoadThread::Wait(int64_t limit_ns) {
  std::array<epoll_event, kMaxEvents> events;
  const int64_t wait_ns = std::max<int64_t>(limit_ns - Now(), 0);
  const timespec timeout = {.tv_sec = wait_ns / kSecond, .tv_nsec = wait_ns % kSecond};
  const int count = epoll_pwait2(epoll_.get(), events.data(), kMaxEvents, &timeout, nullptr);
  wake_ns_ = Now();
  for (int i = 0; i < count; ++i)
    OnEvent(*static_cast<LoadConnection*>(events[i].data.ptr), events[i].events);
}

void LoadThread::OnEvent(LoadConnection& connection, uint32_t events) {
  using State = LoadConnection::State;
  switch (connection.state) {
    case State::kClosed:
      return;
    case State::kConnecting:
      return OnConnected(connection);
    case State::kIdle:  // the server has ended it, or speaks unasked
      idle_.erase(std::find(idle_.begin(), idle_.end(), &connection));
      connection.Close();
      closed_.push_back(&connection);
      return;
    case State::kSending:
      if (events & EPOLLOUT) Send(connection);
      break;
    case State::kReading:
      break;
  }
  const bool is_busy = connection.state == State::kSending || connection.state == State::kReading;
  if (is_busy && (events & ~EPOLLOUT)) Read(connection);
}

void LoadThread::OnConnected(LoadConnection& connection) {
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(connection.fd.get(), SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) return FailConnect(connection, error);
  if (connection.index != Schedule::kNone) return Send(connection);
  Watch(connection, false, EPOLL_CTL_MOD);
  Release(connection);
}

void LoadThread::Read(LoadConnection& connection) {
  RequestRecord& record = context_.records[connection.index];
  const Arrival arrival =
      clock_.Receive(connection.fd.get(), read_buffer_.data(), read_buffer_.size());
  const ssize_t size = arrival.size;
  if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
  const int64_t last_ns = record.last_token_ns;
  const int64_t head_ns = record.head_ns;
  // Never before what caused it, however the clocks were set.
  const int64_t now_ns = std::max({arrival.arrived_ns - begin_ns_, record.sent_ns, last_ns});
  stats_.read_delay_ns.Record(arrival.read_ns - arrival.arrived_ns);
  if (size < 0)
    return Fail(connection, Outcome::kReset, std::string("reading: ") + std::strerror(errno));
  bool has_ended = true;
  if (size == 0) {
    if (connection.may_be_stale && !connection.answer.has_begun())
      return Fail(connection, Outcome::kReset, "the connection ended");
    connection.answer.FeedEnd(now_ns);
  } else {
    has_ended = connection.answer.Feed({read_buffer_.data(), static_cast<size_t>(size)}, now_ns);
  }
  if (head_ns < 0 && record.head_ns >= 0) Sample(record.index, RawSample::kHead, 1, now_ns);
  if (connection.answer.new_outputs() > 0) OnOutputs(connection, last_ns, now_ns);
  if (has_ended) return Finish(connection, connection.answer.error());
  if (MustAbort(record)) {
    record.outcome = Outcome::kAborted;
    record.end_ns = now_ns;
    Finish(connection, "closed by the client, as the workload says");
  }
}

void LoadThread::OnOutputs(LoadConnection& connection, int64_t last_ns, int64_t now_ns) {
  const RequestRecord& record = context_.records[connection.index];
  const int32_t count = connection.answer.new_outputs();
  stats_.CountOutputs(record, count, last_ns, now_ns);
  Sample(record.index, RawSample::kOutput, count, now_ns);
  connection.deadline_ns = std::min(connection.whole_deadline_ns,
                                    now_ns + ToNs(context_.options.timeouts.between_tokens_s));
}

bool LoadThread::MustAbort(const RequestRecord& record) const {
  const LoadOptions& options = context_.options;
  return options.abort_share > 0 && record.num_events >= options.abort_after_tokens &&
         workload::IsAborted(record.index, options.abort_share);
}

// ---- ending

void LoadThread::FailConnect(LoadConnection& connection, int error_number) {
  if (connection.index != Schedule::kNone)
    return Fail(connection, Outcome::kConnectFailed,
                std::string("connecting: ") + std::strerror(error_number));
  connection.Close();
  closed_.push_back(&connection);
}

void LoadThread::Fail(LoadConnection& connection, Outcome outcome, const std::string& error) {
  if (outcome == Outcome::kReset && connection.may_be_stale && !connection.answer.has_begun()) {
    connection.may_be_stale = false;
    connection.num_sent = 0;
    connection.Close();
    return Connect(connection);
  }
  RequestRecord& record = context_.records[connection.index];
  record.outcome = outcome;
  record.end_ns = Now();
  Finish(connection, error);
}

void LoadThread::Finish(LoadConnection& connection, const std::string& error) {
  const uint32_t index = connection.index;
  const RequestRecord& record = context_.records[index];
  stats_.CountEnd(record, error);
  Sample(index, RawSample::kEnd, 1, record.end_ns);
  --in_flight_;
  const bool can_reuse = connection.state == LoadConnection::State::kReading &&
                         record.outcome != Outcome::kAborted && connection.answer.can_reuse();
  if (!can_reuse) connection.Close();
  Release(connection);
  FreePlace(index, record.end_ns);
}

void LoadThread::Release(LoadConnection& connection) {
  connection.index = Schedule::kNone;
  if (connection.state == LoadConnection::State::kClosed) {
    closed_.push_back(&connection);
    return;
  }
  connection.state = LoadConnection::State::kIdle;
  idle_.push_back(&connection);
}

// The request's place goes to its session's next turn, after its pause, or becomes free.
void LoadThread::FreePlace(uint32_t index, int64_t now_ns) {
  const uint32_t next = context_.schedule.NextTurn(index);
  if (next != Schedule::kNone) {
    const float think_s = context_.options.plan->At(next).think_s;
    turns_.push({now_ns + ToNs(std::max(think_s, 0.0f)), next});
  } else if (!is_open_loop_) {
    free_places_.push_back(now_ns);
  }
}

// Deadlines, the run's end, the live view: what need not be exact.
void LoadThread::Sweep() {
  const int64_t now_ns = Now();
  const LoadOptions& options = context_.options;
  const bool is_stopped = options.stop != nullptr && options.stop->load();
  if (is_stopped || (options.max_seconds > 0 && now_ns >= ToNs(options.max_seconds)))
    sends_no_more_ = true;
  for (const auto& connection : connections_) SweepConnection(*connection, now_ns, is_stopped);
  if (options.on_progress) Publish();
  clock_.Calibrate();
  next_sweep_ns_ = now_ns + kSweepNs;
}

void LoadThread::SweepConnection(LoadConnection& connection, int64_t now_ns, bool is_stopped) {
  using State = LoadConnection::State;
  if (connection.state == State::kClosed || connection.state == State::kIdle) return;
  if (connection.index == Schedule::kNone) {
    if (now_ns >= connection.deadline_ns) FailConnect(connection, ETIMEDOUT);
  } else if (is_stopped) {
    Fail(connection, Outcome::kAborted, "the run was stopped");
  } else if (now_ns >= connection.deadline_ns) {
    const bool is_connecting = connection.state == State::kConnecting;
    Fail(connection, is_connecting ? Outcome::kConnectFailed : Outcome::kTimeout,
         is_connecting ? "no connection in time" : "no answer in time");
  }
}

void LoadThread::Sample(uint32_t index, RawSample::Kind kind, int32_t count, int64_t time_ns) {
  if (context_.samples == nullptr) return;
  for (; count > 0; count -= UINT16_MAX) {
    const auto part = static_cast<uint16_t>(std::min<int32_t>(count, UINT16_MAX));
    samples_.push_back({index, static_cast<uint16_t>(kind), part, time_ns});
  }
  if (samples_.size() < kSampleBatch) return;
  context_.samples->Append(samples_);
  samples_.clear();
}

void LoadThread::Publish() {
  stats_.num_in_flight = static_cast<uint64_t>(in_flight_);
  const std::lock_guard lock(snapshot_mutex_);
  snapshot_ = stats_;
}

ThreadStats LoadThread::Snapshot() {
  const std::lock_guard lock(snapshot_mutex_);
  return snapshot_;
}

}  // namespace redline::lab
