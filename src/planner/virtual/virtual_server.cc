#include "planner/virtual/virtual_server.h"

#include <fmt/format.h>

#include <utility>

#include "base/clock.h"
#include "base/strings.h"
#include "openai/response.h"

namespace redline::planner {
namespace {

// Nobody's descriptors are all used up by one of a thousand engines.
constexpr size_t kMostConnections = 16384;

net::HttpResponse JsonAnswer(const std::string& text) {
  return text.empty() ? net::TextResponse(200, "", "text/plain")
                      : net::TextResponse(200, text, "application/json");
}

// As the engines': the API alone needs the key.
net::Router::Guard KeyGuard(const std::string& key) {
  return [expected = "Bearer " + key](const net::HttpRequest& request) {
    const std::string_view given = net::FindHeader(request.headers, "Authorization");
    const bool is_open = !request.path.starts_with("/v1/");
    if (is_open || ConstantTimeEqual(given, expected)) return OkStatus();
    return Status(
        Code::kUnauthenticated,
        "the engine was started with --api-key: send it as \"Authorization: Bearer KEY\"");
  };
}

}  // namespace

VirtualServer::VirtualServer(const VirtualSetup& setup, VirtualDriver& driver,
                             const VirtualServerOptions& options)
    : setup_(setup),
      driver_(driver),
      options_(options),
      dialect_(FindDialect(setup.engine)),
      cost_(*setup.plan.cost, options.truth) {}

Result<std::unique_ptr<VirtualServer>> VirtualServer::Start(const VirtualSetup& setup,
                                                            VirtualDriver& driver,
                                                            const VirtualServerOptions& options) {
  std::unique_ptr<VirtualServer> server(new VirtualServer(setup, driver, options));
  RL_RETURN_IF_ERROR(server->Open());
  return server;
}

Status VirtualServer::Open() {
  if (dialect_ == nullptr) {
    return Status(Code::kUnimplemented,
                  fmt::format("{} has no virtual server; with --workload its timing is computed",
                              setup_.engine),
                  "as");
  }
  const EngineCalibration& calibration = setup_.plan.calibration.calibration;
  RL_ASSIGN_OR_RETURN(engine_, VirtualEngine::Make(setup_.plan.policy, cost_,
                                                   {.seconds = calibration.first_token_ms * 1e-3,
                                                    .steps = calibration.first_token_steps}));
  calls_ = std::make_unique<CompletionCalls>(setup_, driver_, *engine_, dialect_->checks_model);
  if (options_.log) LogSteps();
  Log(dialect_->loading_log(setup_));
  AddRoutes();
  RL_ASSIGN_OR_RETURN(server_, net::HttpServer::Start({.address = options_.host,
                                                       .port = options_.port,
                                                       .unix_path = options_.unix_path,
                                                       .io_threads = options_.io_threads,
                                                       .max_connections = kMostConnections},
                                                      router_));
  Log(dialect_->ready_log(setup_, options_.unix_path.empty()
                                      ? fmt::format("http://{}:{}", options_.host, server_->port())
                                      : "unix socket " + options_.unix_path));
  return OkStatus();
}

void VirtualServer::AddRoutes() {
  if (!setup_.front_end.api_key.empty()) router_.AddGuard(KeyGuard(setup_.front_end.api_key));
  using openai::AnswerKind;
  for (const auto& [path, kind] : {std::pair("/v1/completions", AnswerKind::kCompletion),
                                   std::pair("/v1/chat/completions", AnswerKind::kChat)}) {
    router_.Add("POST", path, [this, kind = kind](net::HttpRequest request, auto writer) {
      calls_->Handle(kind, request, std::move(writer));
    });
  }
  AddStaticAnswers();
  AddMetrics();
}

void VirtualServer::AddStaticAnswers() {
  const openai::ModelCard card{.id = setup_.front_end.served_name,
                               .created = UnixSeconds(),
                               .owned_by = setup_.engine,
                               .max_model_len = setup_.context_length,
                               .is_virtual = true};
  std::vector<StaticAnswer> answers = dialect_->static_answers(setup_);
  answers.push_back({"/v1/models", openai::ModelList({&card, 1})});
  for (StaticAnswer& answer : answers) {
    router_.Add("GET", answer.path,
                [text = std::move(answer.json)](const net::HttpRequest&, auto writer) {
                  writer->Send(JsonAnswer(text));
                });
  }
}

// The numbers are the engine's, and so are asked for on its thread.
void VirtualServer::AddMetrics() {
  const std::string path = dialect_->metrics_path(setup_);
  if (path.empty()) return;
  router_.Add("GET", path, [this](const net::HttpRequest&, auto writer) {
    driver_.Post(engine_.get(), [this, writer] {
      writer->Send(net::TextResponse(200, dialect_->metrics(setup_, engine_->Stats()),
                                     "text/plain; version=0.0.4; charset=utf-8"));
    });
  });
}

void VirtualServer::LogSteps() {
  engine_->OnStep([this](const StepReport& step) {
    Log(dialect_->step_log(setup_, step, engine_->Stats(), num_steps_++));
  });
}

void VirtualServer::Log(const std::vector<std::string>& lines) const {
  if (!options_.log) return;
  for (const std::string& line : lines) options_.log(line);
}

}  // namespace redline::planner
