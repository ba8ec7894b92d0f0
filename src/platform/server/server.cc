#include "platform/server/server.h"

#include <fmt/format.h>

#include "base/log.h"
#include "base/process.h"
#include "base/strings.h"
#include "platform/catalog/catalog.h"
#include "platform/server/api.h"
#include "platform/server/api_io.h"
#include "platform/server/auth.h"
#include "platform/server/console.h"
#include "platform/server/control_loop.h"

namespace redline::platform {
namespace {

constexpr double kTickSeconds = 0.5;
constexpr double kDrainSeconds = 2;

Status CheckQueries(const ApiRoute& route, const net::HttpRequest& request) {
  std::vector<std::string> known;
  for (const QueryParameter& query : route.queries) known.emplace_back(query.name);
  for (const auto& [name, value] : request.query) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    const std::string shown = EscapeControl(name.substr(0, 64));
    return InvalidArgument(
        fmt::format("unknown query parameter \"{}\"{}", shown, DidYouMean(name, known)), shown);
  }
  return OkStatus();
}

void RunOperation(const ApiRoute& route, ControlPlane& plane, Call call) {
  if (const auto* waiting = std::get_if<WaitingOperation>(&route.operation))
    return (*waiting)(plane, std::move(call));
  const auto answer = std::get<Operation>(route.operation)(plane, call.request);
  if (!answer.ok()) return call.Fail(answer.status());
  if (route.access == Access::kAdmin) return SendWithGateway(plane, std::move(call), *answer);
  call.writer->Send(JsonResponse(answer->status, answer->body));
}

// The admin key's hash replaces the one of an earlier key.
Status StoreAdminKey(Cluster& cluster, const std::string& admin_key) {
  if (admin_key.empty()) return InvalidArgument("the admin key is empty");
  const StoredKey key{"admin", Sha256Hex(admin_key), {"admin", "inference"}};
  for (const StoredKey& known : cluster.keys()) {
    if (known.id == key.id && known.sha256 == key.sha256) return OkStatus();
  }
  WriteBatch batch;
  batch.put_keys.push_back(key);
  return cluster.Commit(batch);
}

class RunningServer : public Server {
 public:
  RunningServer(Catalog catalog, std::unique_ptr<Cluster> cluster, const ServerOptions& options,
                std::span<const EmbeddedFile> console_files)
      : catalog_(std::move(catalog)),
        authenticator_(cluster->keys()),
        console_(console_files),
        plane_(catalog_, std::move(cluster), options.layout, options.cache_dir,
               options.program.empty() ? SelfExecutable() : options.program),
        loop_([this] { plane_.Settle(); }, kTickSeconds) {}

  ~RunningServer() override {
    loop_.Post([this] {
      plane_.polls.Close();
      plane_.lab.Interrupt();
    });
    plane_.plans.Stop();
    if (http_) http_->Drain(kDrainSeconds);
    loop_.Stop();
    http_.reset();
  }

  Status Listen() {
    for (const ApiRoute& route : ApiRoutes()) Mount(route);
    router_.Add("GET", "/{path...}", [this](net::HttpRequest request, auto writer) {
      writer->Send(console_.Answer(request));
    });
    loop_.Start();
    net::HttpServerOptions options;
    options.unix_path = plane_.layout.server_socket();
    options.max_body_bytes = kMaxBodyBytes;
    options.max_connections = 512;
    RL_ASSIGN_OR_RETURN(http_, net::HttpServer::Start(options, router_));
    return OkStatus();
  }

 private:
  // Keys are checked before anything else is looked at.
  void Mount(const ApiRoute& route) {
    router_.Add(route.method, route.path, [this, &route](net::HttpRequest request, auto writer) {
      Status status;
      if (route.access == Access::kAdmin) status = authenticator_.Check(request, "admin");
      if (status.ok()) status = CheckQueries(route, request);
      if (!status.ok()) return writer->Send(ApiErrorResponse(status));
      auto closed = std::make_shared<std::atomic<bool>>(false);
      writer->OnPeerClosed([closed] { *closed = true; });
      Call call{std::move(request), writer, closed};
      loop_.Post([this, &route, call = std::move(call)] { RunOperation(route, plane_, call); });
    });
  }

  Catalog catalog_;
  const Authenticator authenticator_;
  const Console console_;
  ControlPlane plane_;
  ControlLoop loop_;
  net::Router router_;
  std::unique_ptr<net::HttpServer> http_;
};

}  // namespace

Result<std::unique_ptr<Server>> Server::Start(const ServerOptions& options,
                                              std::span<const EmbeddedFile> catalog_files,
                                              std::span<const EmbeddedFile> console_files) {
  RL_ASSIGN_OR_RETURN(auto catalog, Catalog::Parse(catalog_files));
  RL_ASSIGN_OR_RETURN(auto store, Store::Open(options.layout.database()));
  RL_ASSIGN_OR_RETURN(auto cluster, Cluster::Load(std::move(store), MonotonicNow()));
  RL_RETURN_IF_ERROR(StoreAdminKey(*cluster, options.admin_key));
  for (const std::string& problem : ProfileStore(options.layout.profiles()).LoadInto(catalog))
    LogWarn("profiles", "left out: {}", problem);
  auto server = std::make_unique<RunningServer>(std::move(catalog), std::move(cluster), options,
                                                console_files);
  RL_RETURN_IF_ERROR(server->Listen());
  LogInfo("server", "listening on {}", options.layout.server_socket().string());
  return std::unique_ptr<Server>(std::move(server));
}

}  // namespace redline::platform
