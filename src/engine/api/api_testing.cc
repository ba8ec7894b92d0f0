#include "engine/api/api_testing.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <chrono>
#include <cstring>
#include <thread>

#include "base/strings.h"

namespace redline::engine {
namespace {

constexpr timeval kReadTimeout = {60, 0};

// A socket's file is there before somebody listens on it: a refusal is tried again for a second.
UniqueFd ConnectTo(int family, const sockaddr* address, socklen_t size) {
  UniqueFd fd(socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &kReadTimeout, sizeof kReadTimeout);
  int connected = connect(fd.get(), address, size);
  for (int attempt = 0; attempt < 100 && connected != 0 && errno == ECONNREFUSED; ++attempt) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    connected = connect(fd.get(), address, size);
  }
  EXPECT_EQ(connected, 0) << std::strerror(errno);
  return fd;
}

// Takes the chunks apart; nullopt when the last one is missing.
std::optional<std::string> Dechunk(std::string_view body) {
  std::string text;
  for (;;) {
    const size_t line_end = body.find("\r\n");
    if (line_end == std::string_view::npos) return std::nullopt;
    const size_t size = std::stoul(std::string(body.substr(0, line_end)), nullptr, 16);
    if (size == 0) return text;
    if (body.size() < line_end + 2 + size + 2) return std::nullopt;
    text += body.substr(line_end + 2, size);
    body.remove_prefix(line_end + 2 + size + 2);
  }
}

// As much text as whole chunks hold.
std::string DechunkWhatCame(std::string_view body) {
  std::string text;
  while (!body.empty()) {
    const size_t line_end = body.find("\r\n");
    if (line_end == std::string_view::npos) break;
    const size_t size = std::stoul(std::string(body.substr(0, line_end)), nullptr, 16);
    text += body.substr(line_end + 2, size);
    body.remove_prefix(std::min(body.size(), line_end + 2 + size + 2));
  }
  return text;
}

void ParseHead(std::string_view head, HttpReply& reply) {
  const std::vector<std::string> lines = Split(head, '\n');
  reply.status = static_cast<int>(ParseInt64(lines[0].substr(9, 3)).value_or(0));
  for (size_t index = 1; index < lines.size(); ++index) {
    const size_t colon = lines[index].find(':');
    if (colon == std::string::npos) continue;
    reply.headers.emplace_back(lines[index].substr(0, colon),
                               Trim(std::string_view(lines[index]).substr(colon + 1)));
  }
}

}  // namespace

Result<std::vector<TokenId>> TestingTokenizer::Encode(std::string_view utf8,
                                                      text::SpecialTokens) const {
  std::vector<TokenId> ids;
  for (const char byte : utf8) ids.push_back(2 + static_cast<unsigned char>(byte) % 58);
  return ids;
}

Result<std::string> TestingTokenizer::Decode(std::span<const TokenId> ids, bool) const {
  text::StreamDecoder decoder(this);
  std::string text;
  for (const TokenId id : ids) text += decoder.Push(id);
  return text + decoder.Finish();
}

std::string TestingTokenizer::TokenBytes(TokenId id) const {
  static const std::vector<std::string> kSpelt = {
      " ",    "\n", "\xE6", "\x97", "\xA5", "\xE6\x97", "\xA5x",   "日", "é",
      "\xC3", "ab", "abc",  " the", "{",    "}",        "\"",      ":",  ",",
      "[",    "]",  "0",    "1",    "-",    ".",        "\\",      "/",  "<",
      ">",    "_",  "(",    ")",    "=",    "<think>",  "</think>"};
  if (id < 2) return id == 1 ? "<eos>" : "<pad>";
  if (id < 28) return std::string(1, static_cast<char>('a' + id - 2));
  return kSpelt[static_cast<size_t>(id - 28) % kSpelt.size()];
}

std::optional<TokenId> TestingTokenizer::TokenToId(std::string_view token) const {
  for (TokenId id = 0; id < VocabSize(); ++id) {
    if (TokenBytes(id) == token) return id;
  }
  return std::nullopt;
}

std::vector<TokenId> TestingTokenizer::Spell(std::string_view text) const {
  std::vector<TokenId> ids;
  while (!text.empty()) {
    TokenId longest = -1;
    size_t length = 0;
    for (TokenId id = 2; id < TestingModel::kPoison; ++id) {
      const std::string bytes = TokenBytes(id);
      if (bytes.size() <= length || !text.starts_with(bytes)) continue;
      longest = id;
      length = bytes.size();
    }
    EXPECT_GE(longest, 0) << "no token for " << text;
    if (longest < 0) break;
    ids.push_back(longest);
    text.remove_prefix(length);
  }
  return ids;
}

std::vector<std::string> HttpReply::events() const {
  std::vector<std::string> data;
  for (const std::string& line : Split(body, '\n')) {
    if (line.starts_with("data: ")) data.push_back(line.substr(6));
  }
  return data;
}

TestClient::TestClient(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  fd_ = ConnectTo(AF_INET, reinterpret_cast<sockaddr*>(&address), sizeof address);
}

TestClient::TestClient(const std::string& unix_path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, unix_path.c_str(), sizeof address.sun_path - 1);
  fd_ = ConnectTo(AF_UNIX, reinterpret_cast<sockaddr*>(&address), sizeof address);
}

void TestClient::Send(const std::string& method, const std::string& path, const std::string& body,
                      const net::Headers& headers) {
  std::string text = method + " " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n";
  for (const auto& [name, value] : headers) text += name + ": " + value + "\r\n";
  text += "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  size_t sent = 0;
  while (sent < text.size()) {
    const ssize_t size = send(fd_.get(), text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
    if (size <= 0) return;  // refused early: the answer says why
    sent += static_cast<size_t>(size);
  }
}

bool TestClient::ReadSome() {
  char buffer[16 << 10];
  const ssize_t size = recv(fd_.get(), buffer, sizeof buffer, 0);
  if (size > 0) received_.append(buffer, static_cast<size_t>(size));
  return size > 0;
}

void TestClient::ReadUntil(const std::string& text) {
  while (received_.find(text) == std::string::npos) {
    if (!ReadSome()) {
      ADD_FAILURE() << "connection ended before \"" << text << "\"";
      return;
    }
  }
}

HttpReply TestClient::Read() {
  while (ReadSome()) {
  }
  HttpReply reply;
  const size_t head_end = received_.find("\r\n\r\n");
  if (head_end == std::string::npos) return reply;
  ParseHead(std::string_view(received_).substr(0, head_end), reply);
  const std::string_view body = std::string_view(received_).substr(head_end + 4);
  if (net::FindHeader(reply.headers, "Transfer-Encoding") != "chunked") {
    reply.body = body;
    const auto length = ParseInt64(net::FindHeader(reply.headers, "Content-Length"));
    reply.complete = length && *length == static_cast<int64_t>(body.size());
    return reply;
  }
  const std::optional<std::string> whole = Dechunk(body);
  reply.complete = whole.has_value();
  reply.body = whole ? *whole : DechunkWhatCame(body);
  return reply;
}

TestServer::TestServer(TestServerOptions options) : options_(std::move(options)) {
  testing_ = StartTestingEngine(options_.serve.engine, options_.on_forward);
  EXPECT_NE(testing_, nullptr);
  engine_ = testing_->engine.get();
  total_pages_ = engine_->FreePages();
  server_ = std::make_unique<EngineServer>(options_.serve, testing_->metrics);
  net::HttpServerOptions http;
  http.unix_path = options_.unix_path;
  http.max_buffered_bytes = options_.max_buffered_bytes;
  auto started = net::HttpServer::Start(http, server_->router());
  EXPECT_TRUE(started.ok()) << started.status().ToString();
  http_ = std::move(started).value();
  if (options_.ready) BecomeReady();
}

TestServer::~TestServer() {
  http_.reset();
  server_.reset();
}

void TestServer::BecomeReady() {
  auto model = std::make_unique<LoadedModel>();
  model->engine = std::move(testing_->engine);
  if (options_.has_tokenizer) {
    model->tokenizer = std::make_unique<TestingTokenizer>();
    model->max_token_bytes = LongestTokenBytes(*model->tokenizer);
    model->constraints = std::make_unique<ConstraintSource>(
        model->tokenizer.get(), std::vector<TokenId>{TestingModel::kEos});
    if (!options_.chat_template.empty()) {
      const Status set = SetChatTemplate(options_.chat_template, options_.serve, *model);
      EXPECT_TRUE(set.ok()) << set.ToString();
    }
  }
  server_->SetReady(std::move(model));
}

HttpReply TestServer::Call(const std::string& method, const std::string& path,
                           const std::string& body, const net::Headers& headers) {
  TestClient client = Connect();
  client.Send(method, path, body, headers);
  return client.Read();
}

bool Eventually(const std::function<bool()>& condition) {
  for (int attempt = 0; attempt < 6000; ++attempt) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return false;
}

}  // namespace redline::engine
