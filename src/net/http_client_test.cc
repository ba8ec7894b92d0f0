#include "net/http_client.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/files.h"
#include "base/ids.h"
#include "net/http_server.h"
#include "net/raw_client_for_test.h"

namespace redline::net {
namespace {

// A listener whose connections are served by `script`, one after the other.
class RawServer {
 public:
  using Script = std::function<void(int fd)>;
  explicit RawServer(Script script) {
    auto listening = ListenTcp("127.0.0.1", 0);
    EXPECT_TRUE(listening.ok());
    listen_ = UniqueFd(*listening);
    sockaddr_in address{};
    socklen_t size = sizeof address;
    getsockname(listen_.get(), reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this, script = std::move(script)] { Serve(script); });
  }
  ~RawServer() {
    stop_ = true;
    thread_.join();
  }
  std::string Url(const std::string& path = "/") const {
    return "http://127.0.0.1:" + std::to_string(port_) + path;
  }
  int num_connections() const { return num_connections_; }

  // Reads until an empty line.
  static std::string ReadHead(int fd) {
    std::string head;
    char character = 0;
    while (head.find("\r\n\r\n") == std::string::npos && recv(fd, &character, 1, 0) == 1)
      head += character;
    return head;
  }
  static void Write(int fd, std::string_view text) {
    (void)!send(fd, text.data(), text.size(), MSG_NOSIGNAL);
  }

 private:
  void Serve(const Script& script) {
    while (!stop_) {
      const UniqueFd fd(accept4(listen_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (!fd.valid()) {
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
        continue;
      }
      ++num_connections_;
      script(fd.get());
    }
  }

  UniqueFd listen_;
  int port_ = 0;
  std::atomic<bool> stop_{false};
  std::atomic<int> num_connections_{0};
  std::thread thread_;
};

// A script that answers every connection's first request with `answer` and closes.
RawServer::Script Answer(std::string answer) {
  return [answer = std::move(answer)](int fd) {
    RawServer::ReadHead(fd);
    RawServer::Write(fd, answer);
  };
}

ClientRequest Get(const std::string& url) {
  ClientRequest request;
  request.url = url;
  return request;
}

// Collects what a streamed exchange reports.
struct Recorder {
  ExchangeCallbacks Callbacks() {
    ExchangeCallbacks callbacks;
    callbacks.on_connected = [this] { connected = true; };
    callbacks.on_head = [this](int status, const Headers&) { head_status = status; };
    callbacks.on_body = [this](std::string_view bytes) {
      body_bytes += bytes.size();
      const std::lock_guard lock(mutex);
      body.append(bytes);
    };
    callbacks.on_done = [this](const Status& status) {
      const std::lock_guard lock(mutex);
      result = status;
      ++num_done;
      changed.notify_all();
    };
    return callbacks;
  }
  Status Wait() {
    std::unique_lock lock(mutex);
    EXPECT_TRUE(changed.wait_for(lock, std::chrono::seconds(30), [this] { return num_done > 0; }));
    return result;
  }

  std::atomic<bool> connected{false};
  std::atomic<int> head_status{0};
  std::atomic<size_t> body_bytes{0};
  std::mutex mutex;
  std::condition_variable changed;
  std::string body;
  Status result;
  int num_done = 0;
};

struct UrlCase {
  std::string text;
  std::string scheme;
  std::string host;
  int port;
  std::string target;
};

TEST(ParseUrl, Table) {
  const UrlCase cases[] = {
      {"http://a", "http", "a", 80, "/"},
      {"HTTPS://a.b/c?d=e#f", "https", "a.b", 443, "/c?d=e"},
      {"http://127.0.0.1:8080/x", "http", "127.0.0.1", 8080, "/x"},
      {"http://[::1]:90/", "http", "::1", 90, "/"},
      {"http://[::1]", "http", "::1", 80, "/"},
      {"http://a?q", "http", "a", 80, "/?q"},
      {"unix:/run/x.sock", "unix", "/run/x.sock", 0, "/"},
      {"unix:/run/x.sock:/v1/models?a=b:/c", "unix", "/run/x.sock", 0, "/v1/models?a=b:/c"},
  };
  for (const UrlCase& test : cases) {
    const auto url = ParseUrl(test.text);
    ASSERT_TRUE(url.ok()) << test.text;
    EXPECT_EQ(url->scheme, test.scheme) << test.text;
    EXPECT_EQ(url->host, test.host) << test.text;
    EXPECT_EQ(url->port, test.port) << test.text;
    EXPECT_EQ(url->target, test.target) << test.text;
  }
  for (const char* bad :
       {"", "a", "ftp://a", "http://", "http:///x", "http://a:0", "http://a:70000", "http://a:x",
        "http://u@a", "http://[::1", "http://[::1]x", "http://a b", "http://a/\r\nX: y",
        "unix:relative", "unix:", "http://:80"})
    EXPECT_EQ(ParseUrl(bad).status().code(), Code::kInvalidArgument) << bad;
}

// A well-behaved server for the ordinary cases.
class HttpClientTest : public testing::Test {
 protected:
  void SetUp() override {
    router_.Add("GET", "/hello",
                [](auto, auto writer) { writer->Send(TextResponse(200, "hello", "text/plain")); });
    router_.Add("POST", "/echo", [](HttpRequest request, auto writer) {
      writer->Send(TextResponse(201, request.method + request.body, "text/plain"));
    });
    router_.Add("GET", "/stream", [](auto, auto writer) {
      writer->StartStream(200, {});
      for (int index = 0; index < 100; ++index) writer->Write("0123456789");
      writer->End();
    });
    router_.Add("GET", "/flood", [](auto, auto writer) {
      writer->StartStream(200, {});
      auto more = [weak = std::weak_ptr(writer)] {
        if (const auto alive = weak.lock()) alive->Write(std::string(64 << 10, 'f'));
      };
      writer->OnDrained([more, writer] { more(); });
      more();
    });
    router_.Add("GET", "/hang", [this](auto, auto writer) {
      writer->OnPeerClosed([this, writer] { ++num_gone_; });
      ++num_hanging_;
    });
    HttpServerOptions options;
    auto started = HttpServer::Start(options, router_);
    ASSERT_TRUE(started.ok());
    server_ = std::move(started).value();
  }
  std::string Url(const std::string& path) const {
    return "http://127.0.0.1:" + std::to_string(server_->port()) + path;
  }

  Router router_;
  std::atomic<int> num_hanging_{0};
  std::atomic<int> num_gone_{0};
  std::unique_ptr<HttpServer> server_;
  HttpClient client_;
};

TEST_F(HttpClientTest, FetchesAndReusesTheConnection) {
  for (int round = 0; round < 5; ++round) {
    const auto response = client_.Fetch(Get(Url("/hello")));
    ASSERT_TRUE(response.ok()) << response.status().ToString();
    EXPECT_EQ(response->status, 200);
    EXPECT_EQ(response->body, "hello");
    EXPECT_EQ(FindHeader(response->headers, "content-type"), "text/plain");
  }
  EXPECT_EQ(server_->NumConnections(), 1u);
  ClientRequest post = Get(Url("/echo"));
  post.method = "POST";
  post.body = std::string(3 << 20, 'x');
  EXPECT_EQ(client_.Fetch(post)->body.size(), (3u << 20) + 4);
  ClientRequest head = Get(Url("/hello"));
  head.method = "HEAD";
  EXPECT_EQ(client_.Fetch(head)->body, "");
  EXPECT_EQ(client_.Fetch(Get(Url("/stream")))->body.size(), 1000u);
  EXPECT_EQ(client_.Fetch(Get(Url("/nope")))->status, 404);
  EXPECT_EQ(server_->NumConnections(), 1u);
}

TEST_F(HttpClientTest, LocalhostIsResolved) {
  const auto response =
      client_.Fetch(Get("http://localhost:" + std::to_string(server_->port()) + "/hello"));
  ASSERT_TRUE(response.ok()) << response.status().ToString();
  EXPECT_EQ(response->body, "hello");
}

TEST_F(HttpClientTest, ManyAtOnce) {
  std::vector<Recorder> recorders(100);
  std::vector<std::shared_ptr<Exchange>> exchanges;
  for (Recorder& recorder : recorders)
    exchanges.push_back(client_.Start(Get(Url("/stream")), recorder.Callbacks()));
  for (Recorder& recorder : recorders) {
    EXPECT_TRUE(recorder.Wait().ok());
    EXPECT_EQ(recorder.body_bytes, 1000u);
    EXPECT_EQ(recorder.head_status, 200);
  }
}

TEST_F(HttpClientTest, UnixSocket) {
  const std::filesystem::path path =
      std::filesystem::temp_directory_path() / (NewId("redline-client") + ".sock");
  HttpServerOptions options;
  options.unix_path = path;
  auto server = HttpServer::Start(options, router_);
  ASSERT_TRUE(server.ok()) << server.status().ToString();
  for (int round = 0; round < 3; ++round)
    EXPECT_EQ(client_.Fetch(Get("unix:" + path.string() + ":/hello"))->body, "hello");
  EXPECT_EQ((*server)->NumConnections(), 1u);
  server->reset();
  EXPECT_EQ(client_.Fetch(Get("unix:" + path.string() + ":/hello")).status().code(),
            Code::kUnavailable);
  std::filesystem::remove(path);
  EXPECT_EQ(client_.Fetch(Get("unix:" + path.string())).status().code(), Code::kUnavailable);
}

TEST_F(HttpClientTest, CancelClosesTheConnection) {
  Recorder recorder;
  const auto exchange = client_.Start(Get(Url("/hang")), recorder.Callbacks());
  EXPECT_TRUE(WaitFor([&] { return num_hanging_ == 1; }));
  EXPECT_TRUE(recorder.connected);
  EXPECT_EQ(server_->NumConnections(), 1u);
  exchange->Cancel();
  exchange->Cancel();
  EXPECT_EQ(recorder.Wait().code(), Code::kCancelled);
  EXPECT_TRUE(WaitFor([&] { return num_gone_ == 1; }));
  EXPECT_EQ(recorder.num_done, 1);
}

TEST_F(HttpClientTest, PausedReadingHoldsTheServerBack) {
  Recorder recorder;
  const auto exchange = client_.Start(Get(Url("/flood")), recorder.Callbacks());
  EXPECT_TRUE(WaitFor([&] { return recorder.body_bytes > (1 << 20); }));
  exchange->SetPaused(true);
  size_t when_paused = 0;
  EXPECT_TRUE(WaitFor([&] {  // what was under way comes to rest
    when_paused = recorder.body_bytes;
    std::this_thread::sleep_for(std::chrono::milliseconds(150));
    return recorder.body_bytes == when_paused;
  }));
  exchange->SetPaused(false);
  EXPECT_TRUE(WaitFor([&] { return recorder.body_bytes > when_paused + (16 << 20); }));
  exchange->Cancel();
  EXPECT_EQ(recorder.Wait().code(), Code::kCancelled);
}

TEST_F(HttpClientTest, TimesOut) {
  ClientRequest request = Get(Url("/hang"));
  request.idle_timeout_seconds = 0.2;
  const MonotonicTime start = MonotonicNow();
  EXPECT_EQ(client_.Fetch(request).status().code(), Code::kDeadlineExceeded);
  EXPECT_LT(SecondsSince(start), 20);
  EXPECT_TRUE(WaitFor([&] { return num_gone_ == 1; }));
}

TEST_F(HttpClientTest, ReportsConnectionsThatCannotBeMade) {
  const int port = server_->port();
  server_.reset();
  Recorder recorder;
  client_.Start(Get("http://127.0.0.1:" + std::to_string(port)), recorder.Callbacks());
  const Status refused = recorder.Wait();
  EXPECT_EQ(refused.code(), Code::kUnavailable);
  EXPECT_NE(refused.message().find("refused"), std::string::npos) << refused.message();
  EXPECT_FALSE(recorder.connected);
  ClientRequest request = Get("http://a b/");
  EXPECT_EQ(client_.Fetch(request).status().code(), Code::kInvalidArgument);
  request = Get("http://127.0.0.1/");
  request.headers = {{"X", "a\r\nY: b"}};
  EXPECT_EQ(client_.Fetch(request).status().code(), Code::kInvalidArgument);
  request.headers.clear();
  request.method = "GET /x";
  EXPECT_EQ(client_.Fetch(request).status().code(), Code::kInvalidArgument);
}

TEST_F(HttpClientTest, DestructionEndsWhatRuns) {
  Recorder recorder;
  std::shared_ptr<Exchange> exchange;
  {
    HttpClient client;
    exchange = client.Start(Get(Url("/hang")), recorder.Callbacks());
    EXPECT_TRUE(WaitFor([&] { return recorder.connected.load(); }));
  }
  EXPECT_EQ(recorder.Wait().code(), Code::kCancelled);
  exchange->Cancel();  // harmless
  exchange->SetPaused(false);
}

TEST_F(HttpClientTest, FetchOnItsOwnThreadIsRefused) {
  Recorder recorder;
  Status inner;
  ExchangeCallbacks callbacks = recorder.Callbacks();
  callbacks.on_head = [&](int, const Headers&) {
    inner = client_.Fetch(Get(Url("/hello"))).status();
  };
  client_.Start(Get(Url("/hello")), std::move(callbacks));
  EXPECT_TRUE(recorder.Wait().ok());
  EXPECT_EQ(inner.code(), Code::kFailedPrecondition);
}

struct AnswerCase {
  std::string answer;
  Code code;
  std::string body;
};

TEST(HttpClientAnswers, CompleteOnlyWhenHttpSaysSo) {
  const std::string chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  const AnswerCase cases[] = {
      {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", Code::kOk, "ok"},
      {"HTTP/1.0 200 OK\r\n\r\nto the end", Code::kOk, "to the end"},
      {"HTTP/1.1 200 OK\r\n\r\nto the end", Code::kOk, "to the end"},
      {"HTTP/1.1 204 No Content\r\n\r\n", Code::kOk, ""},
      {"HTTP/1.1 304 Not Modified\r\nContent-Length: 10\r\n\r\n", Code::kOk, ""},
      {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nA: b\r\n\r\nHTTP/1.1 200 "
       "OK\r\nContent-Length: 1\r\n\r\nx",
       Code::kOk, "x"},
      {chunked + "3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n", Code::kOk, "abcde"},
      {chunked + "0\r\nTrailer: x\r\n\r\n", Code::kOk, ""},
      {chunked + "3\r\nabc\r\n", Code::kUnavailable, ""},
      {chunked + "3\r\nabc\r\n0\r\n", Code::kUnavailable, ""},
      {chunked + "zz\r\n", Code::kUnavailable, ""},
      {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nok", Code::kUnavailable, ""},
      {"HTTP/1.1 200 OK\r\nContent-Le", Code::kUnavailable, ""},
      {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nokk", Code::kUnavailable,
       ""},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nx", Code::kUnavailable, ""},
      {"HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n", Code::kUnavailable, ""},
      {"HTTP/1.1 200 OK\r\nA: " + std::string(70000, 'a') + "\r\n\r\n", Code::kUnavailable, ""},
      {"nonsense\r\n\r\n", Code::kUnavailable, ""},
      {"", Code::kUnavailable, ""},
      {"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n", Code::kTooLarge, ""},
      {chunked + "ffffffff\r\n", Code::kTooLarge, ""},
  };
  HttpClient client;
  for (const AnswerCase& test : cases) {
    const RawServer server(Answer(test.answer));
    const auto response = client.Fetch(Get(server.Url()));
    EXPECT_EQ(response.status().code(), test.code)
        << test.answer.substr(0, 100) << response.status().ToString();
    EXPECT_EQ(response.ok() ? response->body : "", test.body) << test.answer.substr(0, 100);
  }
}

TEST(HttpClientAnswers, InAnyPieces) {
  const std::string answer =
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
  const RawServer server([&](int fd) {
    RawServer::ReadHead(fd);
    for (const char character : answer) {
      RawServer::Write(fd, {&character, 1});
      std::this_thread::sleep_for(std::chrono::microseconds(200));
    }
  });
  HttpClient client;
  EXPECT_EQ(client.Fetch(Get(server.Url()))->body, "abcde");
}

TEST(HttpClientAnswers, EndlessBodiesStopAtTheLimit) {
  const RawServer server([](int fd) {
    RawServer::ReadHead(fd);
    RawServer::Write(fd, "HTTP/1.1 200 OK\r\n\r\n");
    const std::string bytes(64 << 10, 'x');
    while (send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL) > 0) {
    }
  });
  HttpClient client;
  ClientRequest request = Get(server.Url());
  request.max_response_bytes = 1 << 20;
  EXPECT_EQ(client.Fetch(request).status().code(), Code::kTooLarge);
}

TEST(HttpClientAnswers, AnEarlyAnswerIsReadWhileSending) {
  std::atomic<bool> is_read{false};
  const RawServer server([&](int fd) {
    RawServer::ReadHead(fd);
    RawServer::Write(fd, "HTTP/1.1 413 No\r\nContent-Length: 3\r\n\r\nbig");
    WaitFor([&] { return is_read.load(); });  // and takes no more of the body
  });
  HttpClient client;
  ClientRequest request = Get(server.Url());
  request.method = "POST";
  request.body = std::string(32 << 20, 'x');
  const auto response = client.Fetch(request);
  is_read = true;
  ASSERT_TRUE(response.ok()) << response.status().ToString();
  EXPECT_EQ(response->status, 413);
  EXPECT_EQ(response->body, "big");
}

TEST(HttpClientAnswers, AResetIsAnError) {
  const RawServer server([](int fd) {
    RawServer::ReadHead(fd);
    RawServer::Write(fd, "HTTP/1.1 200 OK\r\n\r\npart");
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    const linger hard{1, 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
  });
  HttpClient client;
  EXPECT_EQ(client.Fetch(Get(server.Url())).status().code(), Code::kUnavailable);
}

// The peer closes a kept connection just when it is used again.
TEST(HttpClientAnswers, OnlyHarmlessRequestsAreSentTwice) {
  std::atomic<int> num_requests{0};
  const RawServer server([&](int fd) {
    RawServer::ReadHead(fd);
    ++num_requests;
    RawServer::Write(fd, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    RawServer::ReadHead(fd);  // swallows the second one
    ++num_requests;
  });
  HttpClient client;
  EXPECT_EQ(client.Fetch(Get(server.Url()))->body, "ok");
  EXPECT_EQ(client.Fetch(Get(server.Url()))->body, "ok");
  EXPECT_EQ(num_requests, 3);
  ClientRequest post = Get(server.Url());
  post.method = "POST";
  EXPECT_EQ(client.Fetch(post).status().code(), Code::kUnavailable);
  EXPECT_EQ(num_requests, 4);
}

TEST(HttpClientAnswers, ConnectTimeout) {
  // A listener that never accepts: its queue is full after a few connections.
  const UniqueFd listening(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(bind(listening.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(listen(listening.get(), 0), 0);
  socklen_t size = sizeof address;
  getsockname(listening.get(), reinterpret_cast<sockaddr*>(&address), &size);
  const int port = ntohs(address.sin_port);
  const RawClient first(port);
  HttpClient client;
  ClientRequest request = Get("http://127.0.0.1:" + std::to_string(port));
  request.connect_timeout_seconds = 0.3;
  request.idle_timeout_seconds = 0.3;
  const auto start = MonotonicNow();
  EXPECT_EQ(client.Fetch(request).status().code(), Code::kDeadlineExceeded);
  EXPECT_LT(SecondsSince(start), 20);
}

}  // namespace
}  // namespace redline::net
