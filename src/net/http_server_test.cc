#include "net/http_server.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <mutex>
#include <thread>

#include "base/clock.h"
#include "base/files.h"
#include "base/ids.h"
#include "base/process.h"
#include "base/strings.h"
#include "net/raw_client_for_test.h"

namespace redline::net {
namespace {

// A server whose handlers cover the ways an answer can be given.
class ServerFixture : public testing::Test {
 protected:
  void StartServer(HttpServerOptions options = {}) {
    router_.Add("GET", "/hello",
                [](auto, auto writer) { writer->Send(TextResponse(200, "hello", "text/plain")); });
    router_.Add("POST", "/echo", [](HttpRequest request, auto writer) {
      writer->Send(TextResponse(200, std::move(request.body), "application/octet-stream"));
    });
    router_.Add("GET", "/drop", [](auto, auto) {});
    router_.Add("GET", "/big", [](auto, auto writer) {
      writer->Send(TextResponse(200, std::string(20 << 20, 'b'), "text/plain"));
    });
    router_.Add("GET", "/hold", [this](auto, auto writer) { Hold(std::move(writer)); });
    router_.Add("GET", "/stream", [this](auto, auto writer) {
      writer->StartStream(200, {{"Content-Type", "text/event-stream"}});
      Hold(std::move(writer));
    });
    router_.Add("GET", "/length", [this](auto, auto writer) {
      writer->StartStream(200, {{"Content-Length", "6"}, {"X-Evil", "a\r\nInjected: yes"}});
      Hold(std::move(writer));
    });
    auto started = HttpServer::Start(options, router_);
    ASSERT_TRUE(started.ok()) << started.status().ToString();
    server_ = std::move(started).value();
  }
  void TearDown() override {
    const std::lock_guard lock(mutex_);
    held_.clear();
  }

  void Hold(std::shared_ptr<ResponseWriter> writer) {
    writer->OnPeerClosed([this] { ++num_peer_closed_; });
    writer->OnDrained([this] { ++num_drained_; });
    const std::lock_guard lock(mutex_);
    held_.push_back(std::move(writer));
  }
  std::shared_ptr<ResponseWriter> TakeHeld() {
    EXPECT_TRUE(WaitFor([this] {
      const std::lock_guard lock(mutex_);
      return !held_.empty();
    }));
    const std::lock_guard lock(mutex_);
    auto writer = std::move(held_.front());
    held_.erase(held_.begin());
    return writer;
  }
  RawClient Connect() { return RawClient(server_->port()); }
  std::string Exchange(const std::string& bytes) {
    RawClient client = Connect();
    client.Send(bytes);
    return client.ReadAll();
  }

  Router router_;
  std::mutex mutex_;
  std::vector<std::shared_ptr<ResponseWriter>> held_;
  std::atomic<int> num_peer_closed_{0};
  std::atomic<int> num_drained_{0};
  std::unique_ptr<HttpServer> server_;  // stopped before what its handlers use
};

using HttpServerTest = ServerFixture;

TEST_F(HttpServerTest, AnswersAndKeepsTheConnection) {
  StartServer();
  RawClient client = Connect();
  for (int round = 0; round < 3; ++round) {
    client.Send(GetRequest("/hello"));
    const HttpResponse response = client.ReadResponse();
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.body, "hello");
    EXPECT_EQ(FindHeader(response.headers, "content-length"), "5");
    EXPECT_FALSE(FindHeader(response.headers, "date").empty());
  }
  EXPECT_EQ(server_->NumConnections(), 1u);
  client.Send(GetRequest("/hello", "Connection: close\r\n"));
  EXPECT_EQ(client.ReadResponse().status, 200);
  EXPECT_TRUE(client.WaitForClose());
  EXPECT_TRUE(WaitFor([&] { return server_->NumConnections() == 0; }));
}

TEST_F(HttpServerTest, PipelinedRequestsAreAnsweredInOrder) {
  StartServer();
  RawClient client = Connect();
  std::string all;
  for (int index = 0; index < 50; ++index) all += PostRequest("/echo", std::to_string(index));
  client.Send(all + "\r\n" + GetRequest("/hello"));
  for (int index = 0; index < 50; ++index)
    EXPECT_EQ(client.ReadResponse().body, std::to_string(index));
  EXPECT_EQ(client.ReadResponse().body, "hello");
}

TEST_F(HttpServerTest, RequestsSplitAtEveryByte) {
  StartServer();
  const std::string request =
      "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
      "3;a=b\r\nabc\r\n4\r\ndefg\r\n0\r\nTrailer: x\r\n\r\n";
  RawClient client = Connect();
  for (size_t at = 1; at < request.size(); ++at) {
    client.Send(request.substr(0, at));
    std::this_thread::sleep_for(std::chrono::microseconds(300));
    client.Send(request.substr(at));
    EXPECT_EQ(client.ReadResponse().body, "abcdefg") << at;
  }
}

TEST_F(HttpServerTest, HeadHasNoBody) {
  StartServer();
  RawClient client = Connect();
  client.Send("HEAD /hello HTTP/1.1\r\nHost: x\r\n\r\n" + GetRequest("/hello"));
  const HttpResponse head = client.ReadResponse(30, true);
  EXPECT_EQ(FindHeader(head.headers, "Content-Length"), "5");
  EXPECT_EQ(client.ReadResponse().body, "hello");
}

TEST_F(HttpServerTest, ExpectContinue) {
  StartServer();
  RawClient client = Connect();
  client.Send(
      "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.ReadUntil("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  client.Send("abc");
  EXPECT_EQ(client.ReadResponse().body, "abc");
  EXPECT_NE(Exchange("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: more\r\n\r\n")
                .find("HTTP/1.1 417"),
            std::string::npos);
}

TEST_F(HttpServerTest, Http10) {
  StartServer();
  const std::string answer = Exchange("GET /hello HTTP/1.0\r\n\r\n");
  EXPECT_NE(answer.find("Connection: close"), std::string::npos);
  EXPECT_TRUE(answer.ends_with("hello"));
  RawClient kept = Connect();
  kept.Send("GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_EQ(FindHeader(kept.ReadResponse().headers, "Connection"), "keep-alive");
  kept.Send("GET /stream HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  const auto writer = TakeHeld();
  writer->Write("abc");
  writer->End();
  const std::string stream = kept.ReadAll();
  EXPECT_TRUE(stream.ends_with("\r\n\r\nabc")) << stream;
}

struct Malformed {
  std::string bytes;
  int status;
};

std::string Head(const std::string& line, const std::string& headers = "Host: x\r\n") {
  return line + "\r\n" + headers + "\r\n";
}

TEST_F(HttpServerTest, MalformedRequests) {
  HttpServerOptions options;
  options.max_header_bytes = 4096;
  options.max_body_bytes = 10000;
  StartServer(options);
  using namespace std::string_literals;
  const std::vector<Malformed> cases = {
      {"\x16\x03\x01 hello tls\r\n\r\n", 400},
      {"GET\r\n\r\n", 400},
      {Head("GET /hello"), 400},
      {Head("GET /hello HTTP/2.0"), 505},
      {Head("GET /hello HTTP/0.9"), 505},
      {Head("GET  /hello HTTP/1.1"), 400},
      {Head("G(T /hello HTTP/1.1"), 400},
      {Head("GET hello HTTP/1.1"), 400},
      {Head("GET /he%zzo HTTP/1.1"), 400},
      {Head("GET /he%00lo HTTP/1.1"), 400},
      {Head("GET /../hello HTTP/1.1"), 400},
      {Head("GET /h\x80llo HTTP/1.1"), 400},
      {"GET /he\0llo HTTP/1.1\r\nHost: x\r\n\r\n"s, 400},
      {Head("CONNECT example.com:443 HTTP/1.1"), 400},
      {Head("OPTIONS * HTTP/1.1"), 400},
      {Head("GET /hello HTTP/1.1", ""), 400},
      {Head("GET /hello HTTP/1.1", "Host: a\r\nHost: b\r\n"), 400},
      {Head("GET /hello HTTP/1.1", "Host: a\r\nHost:\r\n"), 400},
      {Head("GET /hello HTTP/1.1", "Host : x\r\n"), 400},
      {Head("GET /hello HTTP/1.1", "Host: x\r\nBad Header: x\r\n"), 400},
      {Head("GET /hello HTTP/1.1", "Host: x\r\nA: b\0c\r\n"s), 400},
      {Head("GET /hello HTTP/1.1", "Host: x\r\nA: b\x01\r\n"), 400},
      {Head("GET /hello HTTP/1.1", "Host: x\r\n: empty\r\n"), 400},
      {"GET /hello HTTP/1.1\nHost: x\n\n\r\n\r\n", 505},
      {Head("POST /echo HTTP/1.1", "Host: x\r\nContent-Length: abc\r\n"), 400},
      {Head("POST /echo HTTP/1.1", "Host: x\r\nContent-Length: -1\r\n"), 400},
      {Head("POST /echo HTTP/1.1", "Host: x\r\nContent-Length: +5\r\n"), 400},
      {Head("POST /echo HTTP/1.1", "Host: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n"), 400},
      {Head("POST /echo HTTP/1.1", "Host: x\r\nContent-Length: 99999999999999999999999\r\n"), 400},
      {Head("POST /echo HTTP/1.1", "Host: x\r\nContent-Length: 10001\r\n"), 413},
      {Head("POST /echo HTTP/1.1", "Host: x\r\nContent-Length: 18446744073709551615\r\n"), 413},
      {Head("POST /echo HTTP/1.1",
            "Host: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n"),
       400},
      {Head("POST /echo HTTP/1.1",
            "Host: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n"),
       400},
      {Head("POST /echo HTTP/1.1", "Host: x\r\nTransfer-Encoding: gzip\r\n"), 501},
      {Head("POST /echo HTTP/1.1", "Host: x\r\nTransfer-Encoding: chunked, gzip\r\n"), 501},
      {Head("POST /echo HTTP/1.1", "Host: x\r\nTransfer-Encoding: xchunked\r\n"), 501},
      {Head("POST /echo HTTP/1.1", "Host: x\r\nTransfer-Encoding: gzip, chunked\r\n"), 501},
      {Head("POST /echo HTTP/1.0", "Transfer-Encoding: chunked\r\n"), 400},
      {Head("POST /echo HTTP/1.1", "Host: x\r\nTransfer-Encoding: chunked\r\n") + "zz\r\n", 400},
      {Head("POST /echo HTTP/1.1", "Host: x\r\nTransfer-Encoding: chunked\r\n") + "3\r\nabcdef\r\n",
       400},
      {Head("POST /echo HTTP/1.1", "Host: x\r\nTransfer-Encoding: chunked\r\n") + "ffffffff\r\n",
       413},
      {Head("POST /echo HTTP/1.1", "Host: x\r\nTransfer-Encoding: chunked\r\n") +
           "ffffffffffffffffffff\r\n",
       400},
      {Head("POST /echo HTTP/1.1", "Host: x\r\nTransfer-Encoding: chunked\r\n") + "1;" +
           std::string(70000, 'x'),
       431},
      {Head("POST /echo HTTP/1.1", "Host: x\r\nTransfer-Encoding: chunked\r\n") + "0\r\n" +
           std::string(70000, 'x'),
       431},
      {"GET /" + std::string(5000, 'a') + " HTTP/1.1\r\nHost: x\r\n\r\n", 431},
      {Head("GET /hello HTTP/1.1", "Host: x\r\nA: " + std::string(5000, 'a') + "\r\n"), 431},
      {std::string(5000, 'A'), 431},
      {Head("GET /nothing HTTP/1.1"), 404},
      {Head("DELETE /hello HTTP/1.1"), 405},
      {Head("GET /drop HTTP/1.1"), 500},
  };
  for (const Malformed& test : cases) {
    RawClient client = Connect();
    client.Send(test.bytes);
    const HttpResponse response = client.ReadResponse();
    EXPECT_EQ(response.status, test.status) << test.bytes.substr(0, 120);
    EXPECT_NE(response.body.find("{\"error\":{\"message\":"), std::string::npos)
        << test.bytes.substr(0, 120);
  }
  EXPECT_NE(Exchange(GetRequest("/hello", "Connection: close\r\n")).find("hello"),
            std::string::npos);
}

TEST_F(HttpServerTest, HandlersSeeTheNormalisedPath) {
  StartServer();
  for (const char* path : {"//hello", "/x/../hello", "/%68ello", "/./hello", "http://a/hello"})
    EXPECT_NE(Exchange(GetRequest(path, "Connection: close\r\n")).find("\r\n\r\nhello"),
              std::string::npos)
        << path;
}

TEST_F(HttpServerTest, BodiesUpToTheLimit) {
  HttpServerOptions options;
  options.max_body_bytes = 8 << 20;
  StartServer(options);
  const std::string body(8 << 20, 'x');
  RawClient client = Connect();
  std::thread sender([&] { client.Send(PostRequest("/echo", body)); });
  EXPECT_EQ(client.ReadResponse().body.size(), body.size());
  sender.join();
  // Too large: answered before the body has been sent, and readable by one who sends it all.
  RawClient large = Connect();
  std::thread large_sender([&] { large.Send(PostRequest("/echo", std::string(12 << 20, 'x'))); });
  EXPECT_EQ(large.ReadResponse().status, 413);
  large_sender.join();
}

TEST_F(HttpServerTest, ManyTinyChunks) {
  StartServer();
  std::string request = "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (int index = 0; index < 500000; ++index) request += "1\r\nx\r\n";
  request += "0\r\n\r\n";
  RawClient client = Connect();
  client.Send(request);
  EXPECT_EQ(client.ReadResponse().body.size(), 500000u);
}

// However they come: some are taken in as they arrive, the rest waits for more.
TEST_F(HttpServerTest, ManySmallHeadersAreCountedTogether) {
  HttpServerOptions options;
  options.max_header_bytes = 4096;
  StartServer(options);
  std::string headers;
  for (int index = 0; index < 50; ++index) headers += "A: " + std::string(100, 'a') + "\r\n";
  for (const size_t first_bytes : {size_t{50}, size_t{1500}, size_t{2600}, size_t{4000}}) {
    RawClient client = Connect();
    client.Send("GET /hello HTTP/1.1\r\nHost: x\r\n");
    for (size_t begin = 0; begin < headers.size(); begin += first_bytes) {
      client.Send(std::string_view(headers).substr(begin, first_bytes));
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    EXPECT_EQ(client.ReadResponse().status, 431) << first_bytes;
  }
}

TEST_F(HttpServerTest, SlowHeadersAndBodiesAreCutOff) {
  HttpServerOptions options;
  options.header_timeout_seconds = 1;  // enough for what is sent at once
  options.body_timeout_seconds = 1;
  options.keep_alive_seconds = 1;
  StartServer(options);
  std::vector<RawClient> slow;
  for (int index = 0; index < 100; ++index) {
    slow.push_back(Connect());
    slow.back().Send("GET /hello HTTP/1.1\r\n");
  }
  RawClient silent = Connect();
  RawClient body = Connect();
  body.Send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc");
  RawClient idle = Connect();
  idle.Send(GetRequest("/hello"));
  EXPECT_EQ(idle.ReadResponse().status, 200);
  for (int step = 0; step < 5; ++step) {  // dripping does not help
    std::this_thread::sleep_for(std::chrono::milliseconds(150));
    for (RawClient& client : slow) client.Send("A");
    body.Send("x");
  }
  for (RawClient& client : slow) EXPECT_EQ(client.ReadResponse().status, 408);
  EXPECT_EQ(silent.ReadResponse().status, 408);
  EXPECT_EQ(body.ReadResponse().status, 408);
  EXPECT_EQ(idle.ReadAll(), "");  // an idle kept connection just ends
  slow.clear();
  body.Close();
  silent.Close();
  EXPECT_TRUE(WaitFor([&] { return server_->NumConnections() == 0; }));
}

TEST_F(HttpServerTest, StreamsFromAnotherThread) {
  StartServer();
  RawClient client = Connect();
  client.Send(GetRequest("/stream") + GetRequest("/hello"));
  const auto writer = TakeHeld();
  std::thread producer([&] {
    for (int index = 0; index < 1000; ++index) EXPECT_TRUE(writer->Write("chunk;"));
    writer->End();
    EXPECT_FALSE(writer->Write("late"));
  });
  const HttpResponse response = client.ReadResponse();
  producer.join();
  EXPECT_EQ(response.body.size(), 6000u);
  EXPECT_EQ(FindHeader(response.headers, "Transfer-Encoding"), "chunked");
  EXPECT_EQ(client.ReadResponse().body, "hello");  // pipelined behind the stream
}

TEST_F(HttpServerTest, DeclaredLengthsAreKept) {
  StartServer();
  RawClient client = Connect();
  client.Send(GetRequest("/length"));
  auto writer = TakeHeld();
  EXPECT_TRUE(writer->Write("abc"));
  EXPECT_TRUE(writer->Write("def"));
  writer->End();
  const HttpResponse response = client.ReadResponse();
  EXPECT_EQ(response.body, "abcdef");
  EXPECT_EQ(FindHeader(response.headers, "Injected"), "");
  client.Send(GetRequest("/length"));
  writer = TakeHeld();
  EXPECT_TRUE(writer->Write("abc"));
  writer->End();  // too short: the peer must see that
  EXPECT_TRUE(client.WaitForClose());
  RawClient again = Connect();
  again.Send(GetRequest("/length"));
  EXPECT_FALSE(TakeHeld()->Write("abcdefg"));
}

TEST_F(HttpServerTest, AbortCutsTheStreamButSendsWhatWasQueued) {
  StartServer();
  RawClient client = Connect();
  client.Send(GetRequest("/stream"));
  const auto writer = TakeHeld();
  writer->Write("data: error\n\n");
  writer->Abort();
  const std::string answer = client.ReadAll();
  EXPECT_NE(answer.find("data: error\n\n"), std::string::npos);
  EXPECT_EQ(answer.find("\r\n0\r\n\r\n"), std::string::npos);
  EXPECT_TRUE(client.WaitForClose());
}

TEST_F(HttpServerTest, DroppedStreamIsCut) {
  StartServer();
  RawClient client = Connect();
  client.Send(GetRequest("/stream"));
  TakeHeld()->Write("x");
  EXPECT_EQ(client.ReadAll().find("0\r\n\r\n"), std::string::npos);
  EXPECT_TRUE(client.WaitForClose());
}

TEST_F(HttpServerTest, NoticesThatThePeerLeft) {
  StartServer();
  struct Way {
    const char* path;
    void (RawClient::*leave)();
  };
  const Way ways[] = {{"/hold", &RawClient::Close},
                      {"/hold", &RawClient::Reset},
                      {"/stream", &RawClient::Close},
                      {"/stream", &RawClient::Reset},
                      {"/stream", &RawClient::ShutdownSend}};
  int expected = 0;
  for (const Way& way : ways) {
    RawClient client = Connect();
    client.Send(GetRequest(way.path) + "GET");  // pipelined bytes do not hide the end
    const auto writer = TakeHeld();
    EXPECT_EQ(num_peer_closed_, expected);
    const MonotonicTime start = MonotonicNow();
    (client.*way.leave)();
    EXPECT_TRUE(WaitFor([&] { return num_peer_closed_ == expected + 1; })) << way.path;
    EXPECT_LT(SecondsSince(start), 10) << "no timeout is as short";
    EXPECT_FALSE(writer->Write("x"));
    ++expected;
  }
  EXPECT_TRUE(WaitFor([&] { return server_->NumConnections() == 0; }));
}

TEST_F(HttpServerTest, AHalfClosedPeerStillGetsItsAnswer) {
  StartServer();
  for (const bool streamed : {false, true}) {
    RawClient client = Connect();
    client.Send(GetRequest("/hold"));
    const auto writer = TakeHeld();
    client.ShutdownSend();
    EXPECT_EQ(client.ReadUntil("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
    if (streamed) {
      writer->StartStream(200, {});
      EXPECT_TRUE(writer->Write("late"));
      writer->End();
    } else {
      writer->Send(TextResponse(200, "late", "text/plain"));
    }
    EXPECT_EQ(client.ReadResponse().body, "late");
    EXPECT_TRUE(client.WaitForClose());
  }
  EXPECT_EQ(num_peer_closed_, 0);
}

TEST_F(HttpServerTest, AnOldHalfClosedPeerCountsAsGone) {
  StartServer();
  RawClient client = Connect();
  client.Send("GET /hold HTTP/1.0\r\n\r\n");
  const auto writer = TakeHeld();
  client.ShutdownSend();
  EXPECT_TRUE(WaitFor([&] { return num_peer_closed_ == 1; }));
}

TEST_F(HttpServerTest, SlowReaderIsCutOffAtTheBufferLimit) {
  HttpServerOptions options;
  options.max_buffered_bytes = 256 << 10;
  StartServer(options);
  RawClient client = Connect();
  client.Send(GetRequest("/stream"));
  const auto writer = TakeHeld();
  size_t written = 0;
  while (written < (64u << 20) && writer->Write(std::string(16 << 10, 'x'))) written += 16 << 10;
  EXPECT_LT(written, 32u << 20);
  EXPECT_LE(writer->BufferedBytes(), 300u << 10);
}

TEST_F(HttpServerTest, ProducersCanFollowTheReader) {
  HttpServerOptions options;
  options.max_buffered_bytes = 256 << 10;
  StartServer(options);
  RawClient client = Connect();
  client.Send(GetRequest("/stream"));
  const auto writer = TakeHeld();
  constexpr size_t kTotal = 32 << 20;
  std::thread producer([&] {
    for (size_t written = 0; written < kTotal; written += 64 << 10) {
      EXPECT_TRUE(WaitFor([&] { return writer->BufferedBytes() < (128 << 10); }));
      EXPECT_TRUE(writer->Write(std::string(64 << 10, 'x')));
    }
    writer->End();
  });
  EXPECT_EQ(client.ReadResponse().body.size(), kTotal);
  producer.join();
  EXPECT_GT(num_drained_, 0);
}

TEST_F(HttpServerTest, AReaderThatStopsIsCutOffInTime) {
  HttpServerOptions options;
  options.write_timeout_seconds = 0.3;
  StartServer(options);
  RawClient client = Connect();
  client.Send(GetRequest("/big"));
  EXPECT_FALSE(client.ReadUntil("bbb").empty());
  EXPECT_TRUE(WaitFor([&] { return server_->NumConnections() == 0; }));
}

TEST_F(HttpServerTest, BigAnswersArriveWhole) {
  StartServer();
  RawClient client = Connect();
  client.Send(GetRequest("/big"));
  EXPECT_EQ(client.ReadResponse().body.size(), 20u << 20);
}

TEST_F(HttpServerTest, TurnsConnectionsAwayOverTheLimit) {
  HttpServerOptions options;
  options.max_connections = 8;
  StartServer(options);
  std::vector<RawClient> clients;
  for (int index = 0; index < 8; ++index) clients.push_back(Connect());
  EXPECT_TRUE(WaitFor([&] { return server_->NumConnections() == 8; }));
  EXPECT_EQ(Connect().ReadResponse().status, 503);
  clients.clear();
  EXPECT_TRUE(WaitFor([&] { return server_->NumConnections() == 0; }));
  EXPECT_NE(Exchange(GetRequest("/hello", "Connection: close\r\n")).find("hello"),
            std::string::npos);
}

TEST_F(HttpServerTest, ManyConnectionsOnSeveralThreads) {
  HttpServerOptions options;
  options.num_io_threads = 3;
  StartServer(options);
  std::vector<RawClient> clients;
  for (int index = 0; index < 400; ++index) clients.push_back(Connect());
  for (int round = 0; round < 3; ++round) {
    for (RawClient& client : clients) client.Send(PostRequest("/echo", "abc"));
    for (RawClient& client : clients) EXPECT_EQ(client.ReadResponse().body, "abc");
  }
  EXPECT_EQ(server_->NumConnections(), 400u);
}

TEST_F(HttpServerTest, DrainFinishesAnswersAndClosesTheRest) {
  StartServer();
  RawClient idle = Connect();
  idle.Send(GetRequest("/hello"));
  EXPECT_EQ(idle.ReadResponse().status, 200);
  RawClient busy = Connect();
  busy.Send(GetRequest("/hold"));
  RawClient streaming = Connect();
  streaming.Send(GetRequest("/stream"));
  const auto first = TakeHeld();
  const auto second = TakeHeld();
  const int port = server_->port();
  std::thread drain([&] { server_->Drain(60); });
  EXPECT_TRUE(idle.WaitForClose());
  EXPECT_EQ(RawClient(port).ReadResponse().status, 0);  // nobody listens
  for (const auto& writer : {first, second}) {
    writer->Write("tail");
    writer->End();
    writer->Send(TextResponse(200, "done", "text/plain"));
  }
  EXPECT_EQ(busy.ReadResponse().body, "done");
  EXPECT_EQ(streaming.ReadResponse().body, "tail");
  busy.Close();
  streaming.Close();
  drain.join();
  EXPECT_EQ(server_->NumConnections(), 0u);
}

TEST_F(HttpServerTest, DrainCutsWhatOutlivesTheDeadline) {
  StartServer();
  RawClient client = Connect();
  client.Send(GetRequest("/stream"));
  const auto writer = TakeHeld();
  const MonotonicTime start = MonotonicNow();
  server_->Drain(0.2);
  EXPECT_LT(SecondsSince(start), 20);
  EXPECT_TRUE(client.WaitForClose());
  EXPECT_TRUE(WaitFor([&] { return !writer->Write("x"); }));
}

TEST_F(HttpServerTest, WritersMayOutliveTheServer) {
  StartServer();
  RawClient client = Connect();
  client.Send(GetRequest("/stream"));
  const auto writer = TakeHeld();
  server_.reset();
  EXPECT_FALSE(writer->Write("x"));
  writer->End();
  EXPECT_TRUE(client.WaitForClose());
}

TEST_F(HttpServerTest, UnixSocket) {
  const std::filesystem::path path =
      std::filesystem::temp_directory_path() / (NewId("redline-net") + ".sock");
  HttpServerOptions options;
  options.unix_path = path;
  StartServer(options);
  struct stat info {};
  ASSERT_EQ(stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  RawClient client(path.string());
  client.Send(GetRequest("/hello"));
  EXPECT_EQ(client.ReadResponse().body, "hello");
  EXPECT_EQ(server_->port(), 0);

  EXPECT_EQ(HttpServer::Start(options, router_).status().code(), Code::kAlreadyExists);
  server_.reset();  // leaves a stale file, as a killed process would
  EXPECT_TRUE(std::filesystem::exists(path));
  auto next = HttpServer::Start(options, router_);
  ASSERT_TRUE(next.ok()) << next.status().ToString();
  next->reset();
  std::filesystem::remove(path);
  // What is no socket stays.
  ASSERT_TRUE(WriteFileAtomic(path, "kept").ok());
  EXPECT_EQ(HttpServer::Start(options, router_).status().code(), Code::kAlreadyExists);
  EXPECT_EQ(*ReadFile(path), "kept");
  std::filesystem::remove(path);
  options.unix_path = "/tmp/" + std::string(200, 'x');
  EXPECT_EQ(HttpServer::Start(options, router_).status().code(), Code::kInvalidArgument);
}

TEST_F(HttpServerTest, InheritedSocketAndPortInUse) {
  const auto fd = ListenTcp("127.0.0.1", 0);
  ASSERT_TRUE(fd.ok());
  EXPECT_NE(fcntl(*fd, F_GETFD) & FD_CLOEXEC, 0);
  HttpServerOptions options;
  options.listen_fd = *fd;
  StartServer(options);
  EXPECT_GT(server_->port(), 0);
  EXPECT_NE(Exchange(GetRequest("/hello", "Connection: close\r\n")).find("hello"),
            std::string::npos);
  const Status taken = ListenTcp("127.0.0.1", server_->port()).status();
  EXPECT_EQ(taken.code(), Code::kAlreadyExists);
  EXPECT_NE(taken.message().find("in use"), std::string::npos);
  EXPECT_EQ(ListenTcp("not an address", 0).status().code(), Code::kInvalidArgument);
  EXPECT_EQ(ListenTcp("127.0.0.1", 70000).status().code(), Code::kInvalidArgument);
}

TEST_F(HttpServerTest, GuardsSeeTheHostOfAbsoluteTargets) {
  router_.AddGuard([](const HttpRequest& request) {
    return FindHeader(request.headers, "Host") == "evil.com" ? Status(Code::kPermissionDenied, "no")
                                                             : OkStatus();
  });
  StartServer();
  EXPECT_NE(Exchange(GetRequest("http://evil.com/hello", "Connection: close\r\n")).find(" 403 "),
            std::string::npos);
}

// A thousand servers of one process, on a few threads.
TEST(SharedIoThreadsTest, ServersComeAndGo) {
  const std::shared_ptr<IoThreads> threads = MakeIoThreads(2);
  std::vector<std::shared_ptr<ResponseWriter>> held;
  std::mutex mutex;
  Router router;
  router.Add("GET", "/hello",
             [](auto, auto writer) { writer->Send(TextResponse(200, "hello", "text/plain")); });
  router.Add("GET", "/hold", [&](auto, auto writer) {
    const std::lock_guard lock(mutex);
    held.push_back(std::move(writer));
  });
  std::vector<std::unique_ptr<HttpServer>> servers;
  for (int index = 0; index < 20; ++index) {
    auto started = HttpServer::Start({.io_threads = threads}, router);
    ASSERT_TRUE(started.ok()) << started.status().ToString();
    servers.push_back(std::move(started).value());
  }
  RawClient kept(servers[19]->port());
  for (int round = 0; round < 19; ++round) {
    // One that waits for its answer, one that is idle, when their server goes.
    RawClient waiting(servers.front()->port());
    RawClient idle(servers.front()->port());
    waiting.Send(GetRequest("/hold"));
    idle.Send(GetRequest("/hello"));
    EXPECT_EQ(idle.ReadResponse().body, "hello");
    EXPECT_TRUE(WaitFor([&] {
      const std::lock_guard lock(mutex);
      return held.size() == static_cast<size_t>(round) + 1;
    }));
    servers.erase(servers.begin());
    EXPECT_TRUE(waiting.WaitForClose());
    EXPECT_TRUE(idle.WaitForClose());
    kept.Send(GetRequest("/hello"));
    EXPECT_EQ(kept.ReadResponse().body, "hello");
  }
  servers.clear();
}

}  // namespace
}  // namespace redline::net
