// One answer of a virtual engine on its way to its client: a stream of events, one token each, or a
// whole. The driver's thread.
#pragma once

#include <memory>

#include "net/http_server.h"
#include "openai/response.h"
#include "planner/virtual/virtual_engine.h"

namespace redline::planner {

class HttpAnswer : public AnswerSink {
 public:
  struct Options {
    openai::ResponseIdentity identity;
    bool is_streaming = false;
    bool tells_usage_always = false;  // in every chunk
    std::string finish_reason;        // "length", "stop"
    int64_t prompt_tokens = 0;
  };
  HttpAnswer(Options options, std::shared_ptr<net::ResponseWriter> writer)
      : options_(std::move(options)), writer_(std::move(writer)) {}

  bool IsStreaming() const override { return options_.is_streaming; }
  bool OnTokens(int64_t count) override;
  void OnFinished(int64_t output_tokens, int64_t cached_tokens) override;
  void OnRefused(const Status& status) override;

  // The engine's name for the request; 0: it has none yet.
  uint64_t id() const { return id_; }
  void set_id(uint64_t id) { id_ = id; }

 private:
  void Begin();
  void AppendChunk(const openai::Choice& choice, std::string& events) const;
  openai::Usage UsageNow() const;

  const Options options_;
  const std::shared_ptr<net::ResponseWriter> writer_;  // the connection's, which may end before
  uint64_t id_ = 0;
  int64_t num_sent_ = 0;
  bool has_begun_ = false;
};

}  // namespace redline::planner
