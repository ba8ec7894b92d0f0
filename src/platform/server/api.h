// The server's operations as a table: routes, access, validation of queries and bodies, and the API
// document all come from it (api_table.cc).
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "net/http_server.h"
#include "platform/server/control_plane.h"

namespace redline::platform {

// A request on its way through the control thread.
struct Call {
  net::HttpRequest request;
  std::shared_ptr<net::ResponseWriter> writer;      // shared: net's contract
  std::shared_ptr<const std::atomic<bool>> closed;  // set from an I/O thread when the peer has gone

  void Send(int status, const nlohmann::json& body) const;
  void Fail(const Status& status) const;
};

struct Answer {
  int status = 200;
  std::string body;  // JSON
};

enum class Access {
  kOpen,      // no key
  kAdmin,     // a key with the scope "admin"
  kInternal,  // own processes, over the Unix socket only; the gateway forwards none of these
};

// Operations run on the control thread. One that answers at once returns; one that may wait takes
// the call.
using Operation = Result<Answer> (*)(ControlPlane&, const net::HttpRequest&);
using WaitingOperation = void (*)(ControlPlane&, Call);
// Adds what it needs to the document's components and returns a schema.
using SchemaMaker = nlohmann::json (*)(nlohmann::json& components);

struct QueryParameter {
  const char* name;
  const char* description;
};

struct ApiRoute {
  const char* method;
  const char* path;
  Access access;
  const char* operation_id;
  const char* summary;
  std::variant<Operation, WaitingOperation> operation;
  int success_status = 200;
  SchemaMaker response = nullptr;
  SchemaMaker request = nullptr;  // nullptr: no body
  std::vector<QueryParameter> queries = {};
};

std::span<const ApiRoute> ApiRoutes();

// OpenAPI 3.1 of every route that is not internal.
std::string OpenApiDocument(std::span<const ApiRoute> routes);

// The HTTP answer to a failure; a full disk is 503 storage_full.
net::HttpResponse ApiErrorResponse(const Status& status);
net::HttpResponse JsonResponse(int status, std::string body);

// ---- the operations

// deployments_api.cc
Result<Answer> ListDeployments(ControlPlane& plane, const net::HttpRequest& request);
Result<Answer> GetDeployment(ControlPlane& plane, const net::HttpRequest& request);
void CreateDeployment(ControlPlane& plane, Call call);
Result<Answer> ScaleDeployment(ControlPlane& plane, const net::HttpRequest& request);
Result<Answer> DeleteDeployment(ControlPlane& plane, const net::HttpRequest& request);
Result<Answer> ListEvents(ControlPlane& plane, const net::HttpRequest& request);
void GetLogs(ControlPlane& plane, Call call);
void GetMetrics(ControlPlane& plane, Call call);

// library_api.cc
Result<Answer> ListModels(ControlPlane& plane, const net::HttpRequest& request);
Result<Answer> GetModel(ControlPlane& plane, const net::HttpRequest& request);

// profiles_api.cc
Result<Answer> ListProfiles(ControlPlane& plane, const net::HttpRequest& request);
Result<Answer> PublishProfile(ControlPlane& plane, const net::HttpRequest& request);
Result<Answer> DeleteProfile(ControlPlane& plane, const net::HttpRequest& request);

// engines_api.cc
Result<Answer> ListEngines(ControlPlane& plane, const net::HttpRequest& request);

// plans_api.cc
Result<Answer> GetPlanChoices(ControlPlane& plane, const net::HttpRequest& request);
void CreatePlan(ControlPlane& plane, Call call);

// lab_api.cc
Result<Answer> ListLabJobs(ControlPlane& plane, const net::HttpRequest& request);
Result<Answer> CreateLabJob(ControlPlane& plane, const net::HttpRequest& request);
Result<Answer> GetLabJob(ControlPlane& plane, const net::HttpRequest& request);
Result<Answer> GetLabResult(ControlPlane& plane, const net::HttpRequest& request);
void GetLabReport(ControlPlane& plane, Call call);
Result<Answer> StopLabJob(ControlPlane& plane, const net::HttpRequest& request);
Result<Answer> ResumeLabJob(ControlPlane& plane, const net::HttpRequest& request);
Result<Answer> DeleteLabJob(ControlPlane& plane, const net::HttpRequest& request);
void CompareLabJobs(ControlPlane& plane, Call call);

// status_api.cc
Result<Answer> GetVersion(ControlPlane& plane, const net::HttpRequest& request);
Result<Answer> GetStatus(ControlPlane& plane, const net::HttpRequest& request);
Result<Answer> ListWorkers(ControlPlane& plane, const net::HttpRequest& request);
Result<Answer> GetOpenApi(ControlPlane& plane, const net::HttpRequest& request);

// internal_api.cc
// Sends `answer` when the gateway has the snapshot of now, so that who reads RUNNING here is not
// told there that nothing runs; at once when no gateway has come lately, and after a second at the
// latest.
void SendWithGateway(ControlPlane& plane, Call call, Answer answer);
void GetSnapshot(ControlPlane& plane, Call call);
Result<Answer> RegisterWorker(ControlPlane& plane, const net::HttpRequest& request);
Result<Answer> LeaveWorker(ControlPlane& plane, const net::HttpRequest& request);
void GetAssignments(ControlPlane& plane, Call call);
Result<Answer> ReportInstance(ControlPlane& plane, const net::HttpRequest& request);
Result<Answer> ReplyLog(ControlPlane& plane, const net::HttpRequest& request);

}  // namespace redline::platform
