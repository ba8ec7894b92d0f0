// One answer on its way to the client: tokens to text, stop strings, frames, usage.
//
// Owner: the output thread, from the first event on.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/api/answer_format.h"
#include "engine/api/request_handle.h"
#include "engine/api/stop_matcher.h"
#include "engine/runtime/engine.h"
#include "net/http_server.h"
#include "text/tokenizer.h"

namespace redline::engine {

// What a client asked for, validated.
struct GenerationRequest {
  openai::ResponseIdentity identity;
  const AnswerFormat* format = nullptr;
  bool stream = false;
  std::vector<std::string> stop;
  EngineRequest engine;
};

// Where the answer goes.
struct Client {
  std::shared_ptr<net::ResponseWriter> writer;  // shared with the connection
  std::shared_ptr<RequestHandle> handle;        // shared with the writer's OnPeerClosed
  std::string request_id;                       // X-Request-Id of the answer
};

class Generation {
 public:
  // `tokenizer` may be null: the answer is then token ids. It outlives this.
  Generation(const GenerationRequest& request, Client client, const text::Tokenizer* tokenizer);

  void OnEvent(const TokenEvent& event);

 private:
  void AddToken(TokenId token);
  void AddText(const std::string& text);
  void FinishAnswer(std::string_view finish_reason);
  void FailAnswer(const TokenEvent& event);
  void StartStreamOnce();
  void WriteFrame(std::string_view json);
  void SendWhole(std::string_view finish_reason);
  std::string TagTokens(std::string json, std::span<const TokenId> token_ids) const;
  openai::Usage usage() const { return {num_prompt_tokens_, num_completion_tokens_, 0}; }

  const openai::ResponseIdentity identity_;
  const AnswerFormat* const format_;
  const bool stream_;
  const int64_t num_prompt_tokens_;
  const Client client_;
  const text::Tokenizer* const tokenizer_;
  text::StreamDecoder decoder_;
  StopMatcher stops_;

  std::string text_;                // so far; whole answers only
  std::vector<TokenId> token_ids_;  // so far; whole answers without a tokenizer only
  int64_t num_completion_tokens_ = 0;
  bool stream_started_ = false;
  bool done_ = false;  // answered, failed, or nobody listens
};

// X-Request-Id: what the client sent when it is fit to be repeated (1 to 128 visible ASCII
// characters), or a new one.
std::string RequestIdOf(const net::HttpRequest& request);
// The response with its X-Request-Id.
net::HttpResponse WithRequestId(net::HttpResponse response, const std::string& request_id);

}  // namespace redline::engine
