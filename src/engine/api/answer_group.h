// One answer on its way to the client: prompts times n choices, each a request of the engine; the
// order of frames, usage, failures.
//
// Owner: the output thread, from Start on.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/api/answer_request.h"
#include "engine/api/cancel_handle.h"
#include "engine/api/choice_stream.h"
#include "net/http_server.h"

namespace redline::engine {

// Where the answer goes.
struct Client {
  std::shared_ptr<net::ResponseWriter> writer;  // shared with the connection
  std::shared_ptr<CancelHandle> handle;         // shared with the writer's OnPeerClosed
  std::string request_id;                       // X-Request-Id of the answer
  std::string tenant;                           // as the gateway says; "" without one

  // A whole answer, with its X-Request-Id.
  void Send(net::HttpResponse response) const;
};

class AnswerGroup {
 public:
  // `tokenizer` may be null: the answer is then token ids. It outlives this.
  AnswerGroup(AnswerRequest request, Client client, const text::Tokenizer* tokenizer);

  // Submits every choice, all or none: what the engine refuses is refused to the client. `deliver`
  // is called on the engine's thread and arranges for OnEvent on the output thread, after this
  // returns.
  using Deliver = std::function<void(size_t choice, const TokenEvent& event)>;
  void Start(Engine* engine, const Deliver& deliver);
  void OnEvent(size_t choice, const TokenEvent& event);

 private:
  EngineRequest RequestOf(size_t choice);
  Status Renamed(const Status& status) const;
  void Stream(openai::Choice delta);
  void StreamHead();
  void WriteChunk(const openai::Choice& chunk);
  void WriteFrame(std::string_view json);
  void FinishAnswer();
  void FailWith(const TokenEvent& event);
  void Fail(const Status& status, std::string_view code);
  openai::Usage UsageSoFar() const;
  void Stop();

  AnswerRequest request_;
  const Client client_;
  std::vector<std::unique_ptr<ChoiceStream>> streams_;  // by choice
  std::vector<openai::Choice> choices_;                 // by choice; whole answers only
  std::vector<RequestId> ids_;                          // by choice
  Engine* engine_ = nullptr;
  size_t num_done_ = 0;
  bool stream_started_ = false;
  bool done_ = false;  // answered, failed, or nobody listens
};

// X-Request-Id: what the client sent when it is fit to be repeated (1 to 128 visible ASCII
// characters), or a new one.
std::string RequestIdOf(const net::HttpRequest& request);
// The response with its X-Request-Id.
net::HttpResponse WithRequestId(net::HttpResponse response, const std::string& request_id);

}  // namespace redline::engine
