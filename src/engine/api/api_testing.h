// What the tests of this room share: a tokenizer for TestingModel, a server over it, and a client
// on a bare socket that can also hang up in the middle.
#pragma once

#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/files.h"
#include "engine/api/engine_server.h"
#include "engine/runtime/testing_model.h"

namespace redline::engine {

// Every byte of text is a token; tokens are letters, short words, parts of UTF-8 sequences and what
// JSON is made of, so that what the model hashes together is hard on decoders and stop strings.
class TestingTokenizer final : public text::Tokenizer {
 public:
  Result<std::vector<TokenId>> Encode(std::string_view utf8, text::SpecialTokens) const override;
  Result<std::string> Decode(std::span<const TokenId> ids, bool skip_special) const override;
  std::string TokenBytes(TokenId id) const override;
  bool IsSpecial(TokenId id) const override { return id < 2; }
  int64_t VocabSize() const override { return TestingModel::kVocabSize; }
  std::optional<TokenId> TokenToId(std::string_view token) const override;
  bool AddsBos() const override { return false; }
  std::optional<TokenId> BosId() const override { return std::nullopt; }
  // Tokens that decode to `text`, the longest first. (Encode makes prompts of any bytes, which
  // decode to something else.)
  std::vector<TokenId> Spell(std::string_view text) const;
};

struct HttpReply {
  int status = 0;
  net::Headers headers;
  std::string body;
  bool complete = false;  // ended as HTTP says it must

  nlohmann::json json() const { return nlohmann::json::parse(body, nullptr, false); }
  // Data of the SSE events of the body.
  std::vector<std::string> events() const;
};

// One connection to a TCP port of this machine, or to a Unix socket.
class TestClient {
 public:
  explicit TestClient(int port);
  explicit TestClient(const std::string& unix_path);
  void Send(const std::string& method, const std::string& path, const std::string& body = {},
            const net::Headers& headers = {});
  // The whole answer; the connection is closed after it.
  HttpReply Read();
  // Reads until the bytes so far contain `text`.
  void ReadUntil(const std::string& text);
  void Close() { fd_.Reset(); }

 private:
  bool ReadSome();
  UniqueFd fd_;
  std::string received_;
};

struct TestServerOptions {
  ServeOptions serve = {.model_path = "testing", .served_model_name = "tiny"};
  bool has_tokenizer = true;
  std::string chat_template = "{% for m in messages %}{{ m.content }}|{% endfor %}";
  std::function<void(const Batch&)> on_forward;
  bool ready = true;
  std::string unix_path;
  size_t max_buffered_bytes = 256 << 10;
};

class TestServer {
 public:
  explicit TestServer(TestServerOptions options = {});
  ~TestServer();

  HttpReply Call(const std::string& method, const std::string& path, const std::string& body = {},
                 const net::Headers& headers = {});
  HttpReply Post(const std::string& path, const nlohmann::json& body) {
    return Call("POST", path, body.dump());
  }
  TestClient Connect() { return TestClient(http_->port()); }
  void BecomeReady();
  bool AllPagesFree() const { return engine_->FreePages() == total_pages_; }

  EngineServer& server() { return *server_; }
  Engine& engine() { return *engine_; }
  MetricsRegistry& metrics() { return testing_->metrics; }

 private:
  TestServerOptions options_;
  std::unique_ptr<TestingEngine> testing_;
  Engine* engine_ = nullptr;
  int64_t total_pages_ = 0;
  std::unique_ptr<EngineServer> server_;
  std::unique_ptr<net::HttpServer> http_;
};

// Waits for up to 30 s until `condition` holds.
bool Eventually(const std::function<bool()>& condition);

}  // namespace redline::engine
