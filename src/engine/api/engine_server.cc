#include "engine/api/engine_server.h"

#include <fmt/format.h>

#include <limits>
#include <utility>

#include "base/clock.h"
#include "base/strings.h"
#include "engine/api/openapi.h"
#include "engine/api/refusal.h"
#include "engine/api/server_info.h"
#include "engine/api/tokenize_api.h"
#include "net/json_body.h"
#include "openai/error.h"
#include "openai/headers.h"

namespace redline::engine {
namespace {

constexpr int kRequestThreads = 2;
constexpr size_t kMaxWaitingRequests = 1024;
constexpr size_t kMaxWaitingGrammars = 256;
constexpr int kLoadingRetrySeconds = 5;
constexpr std::string_view kHealthPath = "/health";

net::HttpResponse JsonReply(int status, std::string body) {
  return net::TextResponse(status, std::move(body), "application/json");
}

// A GET that is answered at once.
template <typename Answer>
net::Handler Immediately(Answer answer) {
  return [answer](const net::HttpRequest& request,
                  const std::shared_ptr<net::ResponseWriter>& writer) {
    writer->Send(WithRequestId(answer(request), RequestIdOf(request)));
  };
}

// Pages are shared within a tenant and a salt; no tenant and salt spell like two others.
std::string SaltOf(const std::string& tenant, const std::string& cache_salt) {
  return fmt::format("{}:{}{}", tenant.size(), tenant, cache_salt);
}

}  // namespace

EngineServer::EngineServer(const ServeOptions& options, MetricsRegistry& metrics)
    : options_(options),
      model_name_(ServedModelName(options)),
      created_(UnixSeconds()),
      metrics_(metrics),
      api_metrics_(metrics),
      output_("output", 1, std::numeric_limits<size_t>::max()),
      grammars_("grammar", 1, kMaxWaitingGrammars),
      requests_("request", kRequestThreads, kMaxWaitingRequests) {
  router_.AddGuard([this](const net::HttpRequest& request) { return CheckKey(request); });
  AddRoutes();
}

void EngineServer::AddRoutes() {
  router_.Add("GET", std::string(kHealthPath),
              Immediately([this](const net::HttpRequest&) { return Health(); }));
  router_.Add("GET", "/metrics", Immediately([this](const net::HttpRequest&) {
                return net::TextResponse(200, metrics_.Render(),
                                         "text/plain; version=0.0.4; charset=utf-8");
              }));
  router_.Add("GET", "/server_info", Immediately([this](const net::HttpRequest&) {
                return JsonReply(200, ServerInfo(options_, model_, StateName()));
              }));
  router_.Add("GET", "/v1/models",
              Immediately([this](const net::HttpRequest&) { return Models(""); }));
  router_.Add("GET", "/v1/models/{model...}", Immediately([this](const net::HttpRequest& request) {
                return Models(request.path_params.at("model"));
              }));
  const KeyPolicy key = options_.api_key.empty() ? KeyPolicy::kNone : KeyPolicy::kRequired;
  router_.Add("GET", "/openapi.json",
              Immediately([document = OpenApiDocument(model_name_, key)](const net::HttpRequest&) {
                return JsonReply(200, document);
              }));
  AddGeneration("/v1/chat/completions", PrepareChat);
  AddGeneration("/v1/completions", PrepareCompletion);
  AddQuestion("/tokenize", AnswerTokenize);
  AddQuestion("/detokenize", AnswerDetokenize);
}

void EngineServer::AddPost(const std::string& path, Work work) {
  router_.Add("POST", path,
              [this, work = std::move(work)](net::HttpRequest request,
                                             std::shared_ptr<net::ResponseWriter> writer) {
                HandlePost(std::move(request), std::move(writer), work);
              });
}

void EngineServer::AddQuestion(const std::string& path,
                               net::HttpResponse (*answer)(std::string_view, const Served&)) {
  AddPost(path, [this, answer](const std::string& body, const Client& client) {
    client.Send(answer(body, served()));
  });
}

void EngineServer::AddGeneration(const std::string& path,
                                 PreparedAnswer (*prepare)(std::string_view, const Served&)) {
  AddPost(path, [this, prepare](const std::string& body, const Client& client) {
    PreparedAnswer prepared = prepare(body, served());
    if (auto* refusal = std::get_if<net::HttpResponse>(&prepared))
      return client.Send(std::move(*refusal));
    Generate(std::get<AnswerRequest>(std::move(prepared)), client);
  });
}

// On an I/O thread: arranges for cancellation, then leaves the work to a request thread.
void EngineServer::HandlePost(net::HttpRequest request, std::shared_ptr<net::ResponseWriter> writer,
                              const Work& work) {
  Client client{.writer = std::move(writer),
                .handle = std::make_shared<CancelHandle>(),
                .request_id = RequestIdOf(request),
                .tenant = std::string(net::FindHeader(request.headers, openai::kTenantHeader))};
  client.writer->OnPeerClosed([handle = client.handle] { handle->Cancel(); });
  if (!IsJsonBody(request)) return client.Send(RefusalOfMediaType(request));
  Status status = CheckReady();
  if (status.ok() && !requests_.Submit([work, client, body = std::move(request.body)] {
        if (!client.handle->cancelled()) work(body, client);
      })) {
    status = ResourceExhausted("too many requests wait to be read; try again later");
  }
  if (!status.ok()) client.Send(RefusalOf(status));
}

// On a request thread. Grammars are compiled on a thread of their own, so that costly ones are in
// nobody else's way.
void EngineServer::Generate(AnswerRequest request, const Client& client) {
  api_metrics_.unknown_fields.Add(static_cast<double>(request.num_unknown_fields));
  request.cache_salt = SaltOf(client.tenant, request.cache_salt);
  if (!request.structure) return StartAnswer(std::move(request), client);
  const auto shared = std::make_shared<AnswerRequest>(std::move(request));  // tasks are copyable
  if (!grammars_.Submit([this, shared, client] { CompileThenStart(std::move(*shared), client); })) {
    client.Send(
        RefusalOf(ResourceExhausted("too many requests wait for their grammar; try again later")));
  }
}

void EngineServer::CompileThenStart(AnswerRequest request, const Client& client) {
  if (client.handle->cancelled()) return;
  const MonotonicTime start = MonotonicNow();
  const Status status = CompileStructure(*model_.load()->constraints, request);
  api_metrics_.grammar_compile_time.Observe(SecondsSince(start));
  if (!status.ok()) return client.Send(RefusalOfStructure(status));
  StartAnswer(std::move(request), client);
}

void EngineServer::StartAnswer(AnswerRequest request, const Client& client) {
  LoadedModel* const model = model_;
  // Shared by the engine's sinks and the tasks of the output thread.
  const auto group =
      std::make_shared<AnswerGroup>(std::move(request), client, model->tokenizer.get());
  output_.Submit([this, group, model] {
    group->Start(model->engine.get(), [this, group](size_t choice, const TokenEvent& event) {
      output_.Submit([group, choice, event] { group->OnEvent(choice, event); });
    });
  });
}

EngineServer::~EngineServer() {
  requests_.WaitUntilIdle();
  grammars_.WaitUntilIdle();
  output_.WaitUntilIdle();  // what was prepared is submitted
  Abort();
}

void EngineServer::SetReady(std::unique_ptr<LoadedModel> model) {
  owned_model_ = std::move(model);
  model_ = owned_model_.get();
  State loading = State::kLoading;
  state_.compare_exchange_strong(loading, State::kReady);  // unless it is draining already
}

bool EngineServer::Drain(double deadline_seconds) {
  state_ = State::kDraining;
  LoadedModel* const model = model_;
  if (model == nullptr) return true;
  requests_.WaitUntilIdle();
  grammars_.WaitUntilIdle();
  output_.WaitUntilIdle();  // what was prepared is submitted
  const bool all_ended = model->engine->Drain(deadline_seconds);
  output_.WaitUntilIdle();
  return all_ended;
}

bool EngineServer::Abort() {
  LoadedModel* const model = model_;
  if (model == nullptr) return true;
  // What is still prepared will be refused.
  const bool is_idle = requests_.IsIdle() && grammars_.IsIdle() && output_.IsIdle();
  return model->engine->Drain(0) && is_idle;
}

Status EngineServer::CheckKey(const net::HttpRequest& request) const {
  if (options_.api_key.empty() || request.path == kHealthPath) return OkStatus();
  constexpr std::string_view kScheme = "Bearer ";
  const std::string_view header = net::FindHeader(request.headers, "Authorization");
  const bool known = header.starts_with(kScheme) &&
                     ConstantTimeEqual(header.substr(kScheme.size()), options_.api_key);
  if (known) return OkStatus();
  return Status(Code::kUnauthenticated,
                "the API key is missing or wrong; send it as \"Authorization: Bearer KEY\"");
}

Status EngineServer::CheckReady() const {
  switch (state_.load()) {
    case State::kReady:
      return OkStatus();
    case State::kDraining:
      return Unavailable("the engine is shutting down");
    case State::kLoading:
      break;
  }
  return Unavailable(
      fmt::format("the model is still loading ({}%)", static_cast<int>(progress_ * 100)));
}

net::HttpResponse EngineServer::Health() const {
  if (state_ == State::kReady) return JsonReply(200, R"({"status":"ok"})");
  if (state_ == State::kDraining) return JsonReply(503, R"({"status":"draining"})");
  net::HttpResponse response =
      JsonReply(503, fmt::format(R"({{"status":"loading","progress":{:.2f}}})", progress_.load()));
  response.headers.emplace_back("Retry-After", std::to_string(kLoadingRetrySeconds));
  return response;
}

// One model by name, or with "" the list.
net::HttpResponse EngineServer::Models(const std::string& model_name) const {
  const LoadedModel* const model = model_;
  if (model == nullptr) return RefusalOf(CheckReady());
  const openai::ModelCard card = {
      .id = model_name_,
      .created = created_,
      .max_model_len = model->engine->resolved().options.context_length};
  if (model_name.empty()) return JsonReply(200, openai::ModelList({&card, 1}));
  if (model_name != model_name_) return openai::ModelNotFoundError(model_name, model_name_);
  return JsonReply(200, openai::ModelObject(card));
}

std::string_view EngineServer::StateName() const {
  switch (state_.load()) {
    case State::kLoading:
      return "loading";
    case State::kReady:
      return "ready";
    case State::kDraining:
      return "draining";
  }
  return "";
}

}  // namespace redline::engine
