#include "net/http_server.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <future>
#include <mutex>
#include <unordered_map>

#include "base/files.h"
#include "base/log.h"
#include "net/io_thread.h"
#include "net/listen.h"
#include "net/server_connection.h"

namespace redline::net {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr int kMaxAcceptsPerWakeup = 64;
constexpr std::chrono::milliseconds kAcceptPause(100);

// Answers 503 without ever owning a connection.
void TurnAway(int fd) {
  const HttpResponse response =
      ErrorResponse(Unavailable("too many connections; try again later"), "too_many_connections");
  const std::string text = fmt::format(
      "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nRetry-After: 1\r\n"
      "Connection: close\r\nContent-Length: {}\r\n\r\n{}",
      response.body.size(), response.body);
  (void)!send(fd, text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  shutdown(fd, SHUT_WR);
  char discarded[4096];
  while (recv(fd, discarded, sizeof discarded, MSG_DONTWAIT) > 0) {
  }
}

class SharedIoThreads : public IoThreads {
 public:
  explicit SharedIoThreads(int num_threads) : threads_(StartIoThreads(num_threads)) {}
  ~SharedIoThreads() override {
    for (const auto& thread : threads_) thread->Join();
  }
  const std::vector<std::shared_ptr<IoThread>>& threads() const { return threads_; }

 private:
  const std::vector<std::shared_ptr<IoThread>> threads_;
};

class Server : public HttpServer, public ConnectionHost {
 public:
  Server(const HttpServerOptions& options, const Router& router, UniqueFd listen_fd);
  ~Server() override;

  int port() const override { return port_; }
  void Drain(double deadline_seconds) override;
  size_t NumConnections() const override { return num_connections_; }

  const HttpServerOptions& options() const override { return options_; }
  const Router& router() const override { return router_; }
  bool draining() const override { return draining_; }
  void OnClosed(ServerConnection* connection) override;

 private:
  // The open connections of one I/O thread, until they close themselves; touched on it alone.
  struct Shard {
    std::shared_ptr<IoThread> io_thread;  // shared with writers that outlive the server
    std::unordered_map<ServerConnection*, std::shared_ptr<ServerConnection>> connections;
  };

  void WatchListener();
  void AcceptSome();
  void Adopt(Shard& shard, UniqueFd fd);
  void StopAccepting();
  void ForEachConnection(void (ServerConnection::*action)());
  void AwaitIoThreads();

  const HttpServerOptions options_;
  const Router& router_;
  const int port_;
  std::vector<std::unique_ptr<Shard>> shards_;
  std::unique_ptr<asio::posix::stream_descriptor> listener_;  // first shard's thread
  std::unique_ptr<asio::steady_timer> accept_pause_;          // first shard's thread
  size_t next_shard_ = 0;
  std::atomic<size_t> num_connections_{0};
  std::atomic<bool> draining_{false};
  std::atomic<bool> stopping_{false};
  std::mutex idle_mutex_;
  std::condition_variable idle_;  // num_connections_ became 0
};

Server::Server(const HttpServerOptions& options, const Router& router, UniqueFd listen_fd)
    : options_(options), router_(router), port_(PortOf(listen_fd.get())) {
  const auto* shared = static_cast<const SharedIoThreads*>(options.io_threads.get());
  for (const auto& thread :
       shared != nullptr ? shared->threads() : StartIoThreads(options.num_io_threads)) {
    shards_.push_back(std::make_unique<Shard>());
    shards_.back()->io_thread = thread;
  }
  auto& context = shards_[0]->io_thread->context();
  listener_ = std::make_unique<asio::posix::stream_descriptor>(context, listen_fd.Release());
  accept_pause_ = std::make_unique<asio::steady_timer>(context);
  shards_[0]->io_thread->Post([this] { WatchListener(); });
}

Server::~Server() {
  stopping_ = true;
  draining_ = true;
  StopAccepting();
  ForEachConnection(&ServerConnection::Close);
  if (options_.io_threads == nullptr) {
    for (const auto& shard : shards_) shard->io_thread->Join();
  } else {
    AwaitIoThreads();
  }
  // Before the contexts, which writers may keep alive.
  listener_.reset();
  accept_pause_.reset();
}

void Server::WatchListener() {
  listener_->async_wait(asio::posix::stream_descriptor::wait_read, [this](const error_code& ec) {
    if (!ec) AcceptSome();
  });
}

void Server::AcceptSome() {
  for (int count = 0; count < kMaxAcceptsPerWakeup; ++count) {
    UniqueFd fd(
        accept4(listener_->native_handle(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!fd.valid() &&
        (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)) {
      LogWarn("net", "cannot accept connections: {}", ErrnoStatus("accept", errno).message());
      accept_pause_->expires_after(kAcceptPause);
      return accept_pause_->async_wait([this](const error_code& ec) {
        if (!ec) WatchListener();
      });
    }
    if (!fd.valid() && errno != ECONNABORTED && errno != EINTR) break;
    if (!fd.valid()) continue;
    if (num_connections_ >= options_.max_connections) {
      TurnAway(fd.get());
      continue;
    }
    ++num_connections_;
    Shard& shard = *shards_[next_shard_++ % shards_.size()];
    shard.io_thread->Post([this, &shard, raw = fd.Release()] { Adopt(shard, UniqueFd(raw)); });
  }
  WatchListener();
}

void Server::Adopt(Shard& shard, UniqueFd fd) {
  sockaddr_storage peer{};
  socklen_t size = sizeof peer;
  const bool is_tcp = getsockname(fd.get(), reinterpret_cast<sockaddr*>(&peer), &size) == 0 &&
                      peer.ss_family != AF_UNIX;
  const int on = 1;
  if (is_tcp) setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  ServerConnection::Socket socket(shard.io_thread->context());
  error_code ec;
  socket.assign(asio::generic::stream_protocol(peer.ss_family, is_tcp ? IPPROTO_TCP : 0), fd.get(),
                ec);
  if (ec || stopping_) {
    if (!ec) fd.Release();
    return OnClosed(nullptr);
  }
  fd.Release();
  auto connection = std::make_shared<ServerConnection>(*this, shard.io_thread, std::move(socket));
  shard.connections[connection.get()] = connection;
  connection->Start();
  if (draining_) connection->BeginDrain();
}

void Server::OnClosed(ServerConnection* connection) {
  for (const auto& shard : shards_) {
    if (connection != nullptr && shard->io_thread.get() == &connection->io_thread())
      shard->connections.erase(connection);
  }
  const std::lock_guard lock(idle_mutex_);
  if (--num_connections_ == 0) idle_.notify_all();
}

void Server::StopAccepting() {
  std::promise<void> done;
  shards_[0]->io_thread->Post([this, &done] {
    error_code ec;
    listener_->close(ec);
    accept_pause_->cancel();
    done.set_value();
  });
  done.get_future().wait();
}

// Until all that was posted to shared threads has run: closed connections do not come back to us.
void Server::AwaitIoThreads() {
  for (const auto& shard : shards_) {
    std::promise<void> done;
    shard->io_thread->Post([&done] { done.set_value(); });
    done.get_future().wait();
  }
}

void Server::ForEachConnection(void (ServerConnection::*action)()) {
  for (const auto& shard : shards_) {
    shard->io_thread->Post([&shard = *shard, action] {
      std::vector<std::shared_ptr<ServerConnection>> all;
      for (const auto& [key, connection] : shard.connections) all.push_back(connection);
      for (const auto& connection : all) ((*connection).*action)();
    });
  }
}

void Server::Drain(double deadline_seconds) {
  draining_ = true;
  StopAccepting();
  ForEachConnection(&ServerConnection::BeginDrain);
  std::unique_lock lock(idle_mutex_);
  idle_.wait_for(lock, std::chrono::duration<double>(deadline_seconds),
                 [this] { return num_connections_ == 0; });
  lock.unlock();
  if (num_connections_ > 0) ForEachConnection(&ServerConnection::Close);
}

}  // namespace

std::shared_ptr<IoThreads> MakeIoThreads(int num_threads) {
  return std::make_shared<SharedIoThreads>(std::clamp(num_threads, 1, 256));
}

Result<std::unique_ptr<HttpServer>> HttpServer::Start(const HttpServerOptions& options,
                                                      const Router& router) {
  if (options.num_io_threads < 1 || options.num_io_threads > 256)
    return InvalidArgument("num_io_threads must be 1 to 256", "num_io_threads");
  UniqueFd fd(options.listen_fd);
  // Several processes may accept from an inherited socket: none may block when another was faster.
  if (fd.valid()) fcntl(fd.get(), F_SETFL, fcntl(fd.get(), F_GETFL) | O_NONBLOCK);
  if (options.listen_fd < 0) {
    RL_ASSIGN_OR_RETURN(const int raw, options.unix_path.empty()
                                           ? ListenTcp(options.address, options.port)
                                           : ListenUnix(options.unix_path));
    fd = UniqueFd(raw);
  }
  try {
    return std::unique_ptr<HttpServer>(std::make_unique<Server>(options, router, std::move(fd)));
  } catch (const std::exception& error) {
    return Internal(fmt::format("cannot start the HTTP server: {}", error.what()));
  }
}

}  // namespace redline::net
