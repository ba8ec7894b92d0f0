#include "platform/gateway/gateway_routes.h"

#include <fmt/format.h>

#include "base/ids.h"
#include "base/strings.h"
#include "net/origin_guard.h"
#include "openai/error.h"
#include "openai/response.h"
#include "platform/gateway/inference_request.h"

namespace redline::platform {
namespace {

constexpr std::string_view kBearer = "Bearer ";
constexpr size_t kLongestRequestId = 128;

net::HttpResponse JsonResponse(std::string body) {
  return net::TextResponse(200, std::move(body), "application/json");
}

openai::ModelCard CardOf(const GatewayModel& model) {
  openai::ModelCard card;
  card.id = model.name;
  card.created = model.created;
  card.is_virtual = model.is_virtual;
  return card;
}

std::string ServedNames(const Snapshot& snapshot) {
  std::vector<std::string> names;
  for (const GatewayModel& model : snapshot.models) names.push_back(model.name);
  return Join(names, ", ");
}

// A client's own id is kept when it is plain text; it never keys anything here.
std::string RequestIdOf(const net::HttpRequest& request) {
  const std::string_view given = net::FindHeader(request.headers, "x-request-id");
  if (given.empty() || given.size() > kLongestRequestId || EscapeControl(given) != given)
    return NewId("req");
  return std::string(given);
}

// The key of "Authorization: Bearer KEY", or "". No other header, cookie or query field counts, nor
// does the peer's address.
std::string_view BearerKey(const net::HttpRequest& request) {
  const std::string_view header = net::FindHeader(request.headers, "Authorization");
  if (ToLower(header.substr(0, kBearer.size())) != ToLower(kBearer)) return {};
  return Trim(header.substr(kBearer.size()));
}

net::HttpResponse Unauthenticated(bool is_missing) {
  return net::ErrorResponse(
      Status(Code::kUnauthenticated,
             is_missing ? "an API key is needed: send Authorization: Bearer KEY; the first key is "
                          "in the data directory's admin.key"
                        : "this API key is not known"));
}

}  // namespace

GatewayRoutes::GatewayRoutes(SnapshotHolder& snapshots, std::string server_socket)
    : snapshots_(snapshots), proxy_(std::move(server_socket), client_) {}

net::Handler GatewayRoutes::WithKey(std::string_view scope, net::Handler handler) const {
  return [this, scope, handler = std::move(handler)](net::HttpRequest request, Writer writer) {
    const std::string_view key = BearerKey(request);
    const auto snapshot = snapshots_.Current();
    const GatewayKey* found = key.empty() ? nullptr : snapshot->FindKey(key);
    if (found == nullptr) return writer->Send(Unauthenticated(key.empty()));
    if (!found->HasScope(scope))
      return writer->Send(net::ErrorResponse(
          Status(Code::kPermissionDenied, fmt::format("this key has no \"{}\" scope", scope))));
    handler(std::move(request), std::move(writer));
  };
}

void GatewayRoutes::ListModels(const Writer& writer) const {
  std::vector<openai::ModelCard> cards;
  for (const GatewayModel& model : snapshots_.Current()->models) cards.push_back(CardOf(model));
  writer->Send(JsonResponse(openai::ModelList(cards)));
}

void GatewayRoutes::GetModel(const std::string& name, const Writer& writer) const {
  const auto snapshot = snapshots_.Current();
  const GatewayModel* model = snapshot->FindModel(name);
  if (model == nullptr) {
    writer->Send(openai::ModelNotFoundError(name, ServedNames(*snapshot)));
  } else {
    writer->Send(JsonResponse(openai::ModelObject(CardOf(*model))));
  }
}

void GatewayRoutes::Infer(net::HttpRequest request, const std::string& target,
                          const Writer& writer) {
  const std::string request_id = RequestIdOf(request);
  auto parsed = ParseInferenceRequest(std::move(request.body));
  if (!parsed.ok()) {
    writer->Send(net::ErrorResponse(parsed.status()));
    return;
  }
  auto snapshot = snapshots_.Current();
  const GatewayKey* const key = snapshot->FindKey(BearerKey(request));
  parsed->tenant = key != nullptr ? key->id : "";
  if (snapshot->FindModel(parsed->model) == nullptr) {
    writer->Send(openai::ModelNotFoundError(parsed->model, ServedNames(*snapshot)));
    return;
  }
  // Its callbacks keep it alive.
  std::make_shared<Relay>(RelayContext{client_, balancer_, metrics_, running_}, std::move(snapshot),
                          std::move(*parsed), target, request_id, writer)
      ->Start();
}

void GatewayRoutes::AddTo(net::Router& router) {
  router.AddGuard(net::RejectForeignOrigins());
  router.Add("GET", "/health", [](const net::HttpRequest&, const Writer& writer) {
    writer->Send(JsonResponse(R"({"status":"ok"})"));
  });
  router.Add("GET", "/metrics",
             WithKey("admin", [this](const net::HttpRequest&, const Writer& writer) {
               writer->Send(net::TextResponse(200, metrics_.Render(), "text/plain; version=0.0.4"));
             }));
  AddInference(router);
  AddProxied(router);
}

void GatewayRoutes::AddInference(net::Router& router) {
  router.Add("GET", "/v1/models",
             WithKey("inference", [this](const net::HttpRequest&, const Writer& writer) {
               ListModels(writer);
             }));
  router.Add("GET", "/v1/models/{name}",
             WithKey("inference", [this](const net::HttpRequest& request, const Writer& writer) {
               GetModel(request.path_params.at("name"), writer);
             }));
  for (const std::string target :
       {"/v1/chat/completions", "/v1/completions", "/tokenize", "/detokenize"}) {
    router.Add("POST", target,
               WithKey("inference", [this, target](net::HttpRequest request, const Writer& writer) {
                 Infer(std::move(request), target, writer);
               }));
  }
}

void GatewayRoutes::AddProxied(net::Router& router) {
  const auto proxy = [this](net::HttpRequest request, Writer writer) {
    proxy_.Forward(std::move(request), std::move(writer));
  };
  const auto hidden = [](const net::HttpRequest& request, const Writer& writer) {
    writer->Send(net::ErrorResponse(NotFound(request.path.substr(0, 256) + " is not served here")));
  };
  for (const char* method : {"GET", "POST", "PUT", "PATCH", "DELETE"}) {
    router.Add(method, "/api/v1/{rest...}", proxy);
    // Said here, so that no change of the server's routes can open them.
    router.Add(method, "/internal/{rest...}", hidden);
  }
  router.Add("GET", "/v1/{rest...}", hidden);
  router.Add("POST", "/v1/{rest...}", hidden);
  router.Add("GET", "/", proxy);
  router.Add("GET", "/{rest...}", proxy);
}

}  // namespace redline::platform
