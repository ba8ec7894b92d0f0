#include "platform/gateway/gateway_routes.h"

#include "base/ids.h"
#include "base/strings.h"
#include "net/origin_guard.h"
#include "openai/error.h"
#include "openai/response.h"
#include "platform/gateway/inference_request.h"
#include "platform/gateway/relay.h"

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

}  // namespace

GatewayRoutes::GatewayRoutes(SnapshotHolder& snapshots, net::HttpClient& client,
                             std::string server_socket)
    : snapshots_(snapshots), client_(client), proxy_(std::move(server_socket), client) {}

Status GatewayRoutes::Authorize(const net::HttpRequest& request, std::string_view scope) const {
  const std::string_view header = net::FindHeader(request.headers, "authorization");
  const bool has_bearer = header.size() > kBearer.size() &&
                          ToLower(header.substr(0, kBearer.size())) == ToLower(kBearer);
  if (!has_bearer)
    return Status(Code::kUnauthenticated,
                  "an API key is needed: send Authorization: Bearer KEY; the key is in the data "
                  "directory's admin.key");
  if (!snapshots_.Current()->Allows(Trim(header.substr(kBearer.size())), scope))
    return Status(Code::kUnauthenticated, "this API key is not known");
  return OkStatus();
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
  if (snapshot->FindModel(parsed->model) == nullptr) {
    writer->Send(openai::ModelNotFoundError(parsed->model, ServedNames(*snapshot)));
    return;
  }
  // Its callbacks keep it alive.
  std::make_shared<Relay>(RelayContext{client_, balancer_, metrics_}, std::move(snapshot),
                          std::move(*parsed), target, request_id, writer)
      ->Start();
}

void GatewayRoutes::AddTo(net::Router& router) {
  router.AddGuard(net::RejectForeignOrigins());
  const auto with_key = [this](std::string_view scope, net::Handler handler) -> net::Handler {
    return [this, scope, handler = std::move(handler)](net::HttpRequest request, Writer writer) {
      const Status allowed = Authorize(request, scope);
      if (!allowed.ok()) {
        writer->Send(net::ErrorResponse(allowed));
      } else {
        handler(std::move(request), std::move(writer));
      }
    };
  };
  router.Add("GET", "/health", [](const net::HttpRequest&, const Writer& writer) {
    writer->Send(JsonResponse(R"({"status":"ok"})"));
  });
  router.Add("GET", "/metrics",
             with_key("admin", [this](const net::HttpRequest&, const Writer& writer) {
               writer->Send(net::TextResponse(200, metrics_.Render(), "text/plain; version=0.0.4"));
             }));
  router.Add("GET", "/v1/models",
             with_key("inference", [this](const net::HttpRequest&, const Writer& writer) {
               ListModels(writer);
             }));
  router.Add("GET", "/v1/models/{name}",
             with_key("inference", [this](const net::HttpRequest& request, const Writer& writer) {
               GetModel(request.path_params.at("name"), writer);
             }));
  for (const std::string& target :
       {std::string("/v1/chat/completions"), std::string("/v1/completions")}) {
    router.Add(
        "POST", target,
        with_key("inference", [this, target](net::HttpRequest request, const Writer& writer) {
          Infer(std::move(request), target, writer);
        }));
  }
  const auto proxy = [this](net::HttpRequest request, Writer writer) {
    proxy_.Forward(std::move(request), std::move(writer));
  };
  for (const char* method : {"GET", "POST", "PATCH", "DELETE"})
    router.Add(method, "/api/v1/{rest...}", proxy);
  // Said here, so that no change of the server's routes can open them.
  router.Add("GET", "/internal/{rest...}", [](const net::HttpRequest&, const Writer& writer) {
    writer->Send(net::ErrorResponse(NotFound("no such path")));
  });
  router.Add("GET", "/", proxy);
  router.Add("GET", "/{rest...}", proxy);
}

}  // namespace redline::platform
