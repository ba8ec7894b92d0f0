#include <array>
#include <nlohmann/json.hpp>

#include "platform/server/api.h"
#include "platform/server/lab_views.h"
#include "platform/server/plan_views.h"
#include "platform/server/view_schemas.h"

namespace redline::platform {
namespace {

template <typename T>
nlohmann::json Schema(nlohmann::json& components) {
  return spec::SchemaOf<T>(components);
}

nlohmann::json PlanSchema(nlohmann::json&) {
  return {{"type", "object"}, {"description", "as `redline plan --output json` writes it"}};
}

nlohmann::json PlanBodySchema(nlohmann::json& components) {
  nlohmann::json schema = Schema<PlanBody>(components);
  schema["properties"]["config"] = {
      {"type", "object"},
      {"description", "the model's config.json, in the place of one that is known"}};
  schema["required"] = {"model", "hardware"};
  return schema;
}

nlohmann::json LabJobSchema(nlohmann::json& components) {
  nlohmann::json schema = Schema<LabJobView>(components);
  schema["properties"]["progress"] = {
      {"type", {"object", "null"}},
      {"description", "what the command last wrote of itself, in status.json"}};
  return schema;
}

nlohmann::json LabJobsSchema(nlohmann::json& components) {
  return {{"type", "object"},
          {"properties", {{"items", {{"type", "array"}, {"items", LabJobSchema(components)}}}}}};
}

nlohmann::json LabJobBodySchema(nlohmann::json& components) {
  nlohmann::json schema = Schema<LabJobBody>(components);
  schema["properties"]["kind"]["enum"] = {"bench", "tune"};
  schema["required"] = {"kind"};
  return schema;
}

nlohmann::json LabResultSchema(nlohmann::json&) {
  return {{"type", "object"},
          {"description", "as `redline bench` or `redline tune` writes it with --output json"}};
}

nlohmann::json LabComparisonSchema(nlohmann::json&) {
  return {{"type", "object"}, {"description", "as `redline compare --output json` writes it"}};
}

// One entry per operation. Everything that is not kOpen needs a key or the Unix socket.
const std::vector<ApiRoute>& Table() {
  static const std::vector<ApiRoute> routes = {
      {.method = "GET",
       .path = "/api/v1/version",
       .access = Access::kOpen,
       .operation_id = "getVersion",
       .summary = "Version of this server",
       .operation = GetVersion,
       .response = Schema<VersionView>},
      {.method = "GET",
       .path = "/api/v1/openapi.json",
       .access = Access::kOpen,
       .operation_id = "getOpenApi",
       .summary = "This document",
       .operation = GetOpenApi},
      {.method = "GET",
       .path = "/api/v1/status",
       .access = Access::kAdmin,
       .operation_id = "getStatus",
       .summary = "Processes, directories and store revision",
       .operation = GetStatus,
       .response = Schema<StatusView>},
      {.method = "GET",
       .path = "/api/v1/models",
       .access = Access::kAdmin,
       .operation_id = "listModels",
       .summary = "The model library, with what would run here",
       .operation = ListModels,
       .response = Schema<Items<LibraryModelView>>},
      {.method = "GET",
       .path = "/api/v1/models/{name}",
       .access = Access::kAdmin,
       .operation_id = "getModel",
       .summary = "One model of the library",
       .operation = GetModel,
       .response = Schema<LibraryModelView>},
      {.method = "GET",
       .path = "/api/v1/profiles",
       .access = Access::kAdmin,
       .operation_id = "listProfiles",
       .summary = "Profiles of the library and those published here, with their evidence",
       .operation = ListProfiles,
       .response = Schema<ProfilesView>,
       .queries = {{"model", "of this model only"}, {"origin", "user or library only"}}},
      {.method = "POST",
       .path = "/api/v1/profiles",
       .access = Access::kAdmin,
       .operation_id = "publishProfile",
       .summary = "Publish what a tuning job of the lab found, or a profile as it is; one of the "
                  "same name is replaced",
       .operation = PublishProfile,
       .success_status = 201,
       .response = Schema<ProfileView>,
       .request = Schema<PublishBody>},
      {.method = "DELETE",
       .path = "/api/v1/profiles/{model}/{name}",
       .access = Access::kAdmin,
       .operation_id = "deleteProfile",
       .summary = "Delete a published profile; deployments with it go on",
       .operation = DeleteProfile,
       .response = Schema<ProfileView>},
      {.method = "GET",
       .path = "/api/v1/engines",
       .access = Access::kAdmin,
       .operation_id = "listEngines",
       .summary = "The engines and versions that a deployment may name",
       .operation = ListEngines,
       .response = Schema<Items<EngineView>>},
      {.method = "GET",
       .path = "/api/v1/plan",
       .access = Access::kAdmin,
       .operation_id = "getPlanChoices",
       .summary = "Models, hardware, workloads and engines that a plan may name",
       .operation = GetPlanChoices,
       .response = Schema<PlanChoicesView>},
      {.method = "POST",
       .path = "/api/v1/plan",
       .access = Access::kAdmin,
       .operation_id = "createPlan",
       .summary =
           "What engines would do on given hardware, and the best configuration; with stream: "
           "server-sent events \"progress\", then \"plan\" or \"error\"",
       .operation = CreatePlan,
       .response = PlanSchema,
       .request = PlanBodySchema},
      {.method = "GET",
       .path = "/api/v1/lab/jobs",
       .access = Access::kAdmin,
       .operation_id = "listLabJobs",
       .summary = "Benchmarks and tuning runs, newest first",
       .operation = ListLabJobs,
       .response = LabJobsSchema},
      {.method = "POST",
       .path = "/api/v1/lab/jobs",
       .access = Access::kAdmin,
       .operation_id = "createLabJob",
       .summary = "Benchmark a deployment, or look for the best configuration of a model",
       .operation = CreateLabJob,
       .success_status = 201,
       .response = LabJobSchema,
       .request = LabJobBodySchema},
      {.method = "GET",
       .path = "/api/v1/lab/jobs/{id}",
       .access = Access::kAdmin,
       .operation_id = "getLabJob",
       .summary = "One job, and how far it is",
       .operation = GetLabJob,
       .response = LabJobSchema},
      {.method = "DELETE",
       .path = "/api/v1/lab/jobs/{id}",
       .access = Access::kAdmin,
       .operation_id = "deleteLabJob",
       .summary = "Forget a job that has ended, with its results",
       .operation = DeleteLabJob,
       .response = Schema<EmptyView>},
      {.method = "GET",
       .path = "/api/v1/lab/jobs/{id}/result",
       .access = Access::kAdmin,
       .operation_id = "getLabResult",
       .summary = "What it measured or found",
       .operation = GetLabResult,
       .response = LabResultSchema},
      {.method = "GET",
       .path = "/api/v1/lab/jobs/{id}/report",
       .access = Access::kAdmin,
       .operation_id = "getLabReport",
       .summary = "Its report, one HTML page",
       .operation = GetLabReport},
      {.method = "POST",
       .path = "/api/v1/lab/jobs/{id}/stop",
       .access = Access::kAdmin,
       .operation_id = "stopLabJob",
       .summary = "End it; it keeps what it has. Again: kill it",
       .operation = StopLabJob,
       .success_status = 202,
       .response = LabJobSchema},
      {.method = "POST",
       .path = "/api/v1/lab/jobs/{id}/resume",
       .access = Access::kAdmin,
       .operation_id = "resumeLabJob",
       .summary = "Go on with a tuning run that was stopped, interrupted or failed",
       .operation = ResumeLabJob,
       .success_status = 202,
       .response = LabJobSchema},
      {.method = "GET",
       .path = "/api/v1/lab/jobs/{id}/comparison",
       .access = Access::kAdmin,
       .operation_id = "compareLabJobs",
       .summary = "Whether another benchmark beats this one, metric by metric",
       .operation = CompareLabJobs,
       .response = LabComparisonSchema,
       .queries = {{"with", "id of the other bench, the one after the change"}}},
      {.method = "GET",
       .path = "/api/v1/deployments",
       .access = Access::kAdmin,
       .operation_id = "listDeployments",
       .summary = "All deployments with their instances",
       .operation = ListDeployments,
       .response = Schema<Items<DeploymentView>>},
      {.method = "POST",
       .path = "/api/v1/deployments",
       .access = Access::kAdmin,
       .operation_id = "createDeployment",
       .summary = "Deploy a model; with dry_run: 200 with what would run, and nothing is changed",
       .operation = CreateDeployment,
       .success_status = 201,
       .response = Schema<DeploymentView>,
       .request = Schema<CreateDeploymentBody>},
      {.method = "GET",
       .path = "/api/v1/deployments/{name}",
       .access = Access::kAdmin,
       .operation_id = "getDeployment",
       .summary = "One deployment with its instances",
       .operation = GetDeployment,
       .response = Schema<DeploymentView>},
      {.method = "PATCH",
       .path = "/api/v1/deployments/{name}",
       .access = Access::kAdmin,
       .operation_id = "scaleDeployment",
       .summary = "Change the number of replicas; 0 stops it",
       .operation = ScaleDeployment,
       .response = Schema<DeploymentView>,
       .request = Schema<ScaleBody>},
      {.method = "DELETE",
       .path = "/api/v1/deployments/{name}",
       .access = Access::kAdmin,
       .operation_id = "deleteDeployment",
       .summary = "Stop its engines, then forget it",
       .operation = DeleteDeployment,
       .success_status = 202,
       .response = Schema<DeploymentView>},
      {.method = "GET",
       .path = "/api/v1/deployments/{name}/logs",
       .access = Access::kAdmin,
       .operation_id = "getLogs",
       .summary = "A piece of an engine's log",
       .operation = GetLogs,
       .response = Schema<LogView>,
       .queries = {{"instance", "id of the instance; the first one when absent"},
                   {"after", "byte offset to read from; -1: the last max_bytes"},
                   {"max_bytes", "how much, 1 to 131072"}}},
      {.method = "GET",
       .path = "/api/v1/deployments/{name}/metrics",
       .access = Access::kAdmin,
       .operation_id = "getMetrics",
       .summary = "What an engine counts, under the same names for every engine",
       .operation = GetMetrics,
       .response = Schema<MetricsView>,
       .queries = {{"instance", "id of the instance; the first one when absent"}}},
      {.method = "GET",
       .path = "/api/v1/deployments/{name}/events",
       .access = Access::kAdmin,
       .operation_id = "listEvents",
       .summary = "What happened to its instances, newest last",
       .operation = ListEvents,
       .response = Schema<Items<EventView>>},
      {.method = "GET",
       .path = "/api/v1/workers",
       .access = Access::kAdmin,
       .operation_id = "listWorkers",
       .summary = "The nodes that run engines",
       .operation = ListWorkers,
       .response = Schema<Items<spec::Worker>>},

      {.method = "GET",
       .path = "/internal/v1/snapshot",
       .access = Access::kInternal,
       .operation_id = "getSnapshot",
       .summary = "Keys and routes for the gateway",
       .operation = GetSnapshot,
       .response = Schema<SnapshotView>,
       .queries = {{"revision", "the caller's"}, {"wait_seconds", "for a newer one"}}},
      {.method = "POST",
       .path = "/internal/v1/workers",
       .access = Access::kInternal,
       .operation_id = "registerWorker",
       .summary = "Register a worker, or renew it",
       .operation = RegisterWorker,
       .response = Schema<HeartbeatView>,
       .request = Schema<spec::Worker>},
      {.method = "DELETE",
       .path = "/internal/v1/workers/{id}",
       .access = Access::kInternal,
       .operation_id = "leaveWorker",
       .summary = "The worker leaves; its engines are stopped",
       .operation = LeaveWorker,
       .response = Schema<EmptyView>},
      {.method = "GET",
       .path = "/internal/v1/workers/{id}/assignments",
       .access = Access::kInternal,
       .operation_id = "getAssignments",
       .summary = "What the worker is to run",
       .operation = GetAssignments,
       .response = Schema<AssignmentsView>,
       .queries = {{"revision", "the caller's"}, {"wait_seconds", "for a newer one"}}},
      {.method = "POST",
       .path = "/internal/v1/workers/{id}/instances/{instance_id}/status",
       .access = Access::kInternal,
       .operation_id = "reportInstance",
       .summary = "What an instance does",
       .operation = ReportInstance,
       .response = Schema<EmptyView>,
       .request = Schema<StatusReport>},
      {.method = "POST",
       .path = "/internal/v1/log-replies/{request_id}",
       .access = Access::kInternal,
       .operation_id = "replyLog",
       .summary = "The piece of a log that was asked for",
       .operation = ReplyLog,
       .response = Schema<EmptyView>,
       .request = Schema<LogAnswer>},
  };
  return routes;
}

}  // namespace

std::span<const ApiRoute> ApiRoutes() { return Table(); }

}  // namespace redline::platform
