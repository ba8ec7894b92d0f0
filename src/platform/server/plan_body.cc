#include "platform/server/plan_body.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/strings.h"
#include "platform/server/api_io.h"
#include "platform/server/field_checks.h"
#include "workload/loops.h"
#include "workload/presets.h"

namespace redline::platform {
namespace {

using nlohmann::json;

Status CheckWithin(const char* field, std::optional<double> value, planner::NumberRange range) {
  return value ? CheckRange(field, *value, range.low, range.high) : OkStatus();
}

Status CheckNumbers(const PlanBody& body) {
  RL_RETURN_IF_ERROR(CheckWithin("slo_ttft_ms", body.slo_ttft_ms, planner::kSloTtftMs));
  RL_RETURN_IF_ERROR(CheckWithin("slo_tpot_ms", body.slo_tpot_ms, planner::kSloTpotMs));
  RL_RETURN_IF_ERROR(CheckWithin("slo_share", std::optional(body.slo_share), planner::kSloShare));
  RL_RETURN_IF_ERROR(
      CheckWithin("price_per_gpu_hour", body.price_per_gpu_hour, planner::kUsdPerGpuHour));
  RL_RETURN_IF_ERROR(CheckRange<int64_t>("seed", body.seed, 0, planner::kMostSeed));
  if (body.requests) {
    RL_RETURN_IF_ERROR(CheckRange<int64_t>("requests", *body.requests, 1, spec::kMaxRequests));
  }
  if (body.concurrency) {
    RL_RETURN_IF_ERROR(CheckRange<int64_t>("concurrency", *body.concurrency, 1, 1'000'000));
  }
  if (body.rate) RL_RETURN_IF_ERROR(CheckRange("rate", *body.rate, 1e-6, 1e6));
  if (!body.concurrency || !body.rate) return OkStatus();
  return InvalidArgument(
      "\"concurrency\" is a closed loop and \"rate\" an open one: give one of them", "rate");
}

// The rest of it by name: a dataset's file is none of the server's business.
Result<spec::WorkloadSpec> WorkloadOfPlan(const PlanBody& body) {
  auto found = workload::FindPreset(body.workload);
  if (!found.ok()) return AsBadRequest(found.status(), "workload");
  spec::WorkloadSpec workload = std::move(found).value();
  if (body.concurrency) workload::CloseLoop(*body.concurrency, workload);
  if (body.rate) workload::OpenLoop(*body.rate, workload);
  if (body.requests) workload.num_requests = *body.requests;
  planner::SetObjectives(body.slo_ttft_ms.value_or(0), body.slo_tpot_ms.value_or(0), workload);
  return workload;
}

Result<planner::SearchOptions> SearchOptionsOf(const PlanBody& body) {
  planner::SearchOptions options;
  options.engines = body.engines;
  RL_ASSIGN_OR_RETURN(options.goal, planner::GoalFromName(body.goal));
  options.slo_share = body.slo_share;
  options.seed = static_cast<uint64_t>(body.seed);
  options.usd_per_gpu_hour = body.price_per_gpu_hour;
  return options;
}

Result<planner::KnownModel> ModelOf(const PlanQuestion& question) {
  if (!question.config) {
    auto model = planner::ModelOfPlan(question.body.model);
    if (!model.ok()) return AsBadRequest(model.status(), "model");
    return model;
  }
  auto model = planner::ModelOfConfig(question.body.model, *question.config);
  if (model.ok()) return model;
  const Status& status = model.status();
  const std::string field = status.param().empty() ? "config" : "config." + status.param();
  return InvalidArgument("config: " + status.message(), field);
}

}  // namespace

Status AsBadRequest(const Status& status, const char* field) {
  return InvalidArgument(status.message(), status.param().empty() ? field : status.param());
}

Result<planner::HardwareSpec> HardwareOfPlan(const std::string& name) {
  auto hardware = planner::FindHardwareSpec(name);
  if (!hardware.ok()) return InvalidArgument(hardware.status().message(), "hardware");
  const Status one_node = planner::CheckOneNode(*hardware, name);
  if (!one_node.ok()) return AsBadRequest(one_node, "hardware");
  return hardware;
}

Result<PlanQuestion> ReadPlanQuestion(const net::HttpRequest& request) {
  const net::JsonLimits limits = {.max_bytes = kMaxBodyBytes, .max_depth = 64};
  RL_ASSIGN_OR_RETURN(json document, net::ParseJsonObject(request.body, limits));
  PlanQuestion question;
  if (const auto config = document.find("config"); config != document.end()) {
    if (!config->is_null()) question.config = std::move(*config);
    document.erase(config);
  }
  RL_ASSIGN_OR_RETURN(question.body,
                      spec::FieldsFromJson<PlanBody>(document, spec::UnknownKeys::kRefuse));
  RL_RETURN_IF_ERROR(
      CheckName("model", question.body.model,
                "a model that GET /api/v1/plan lists, or the path of a config.json"));
  RL_RETURN_IF_ERROR(
      CheckName("hardware", question.body.hardware, "device and count, for example \"h200x8\""));
  RL_RETURN_IF_ERROR(CheckName("workload", question.body.workload, "for example \"sharegpt\""));
  RL_RETURN_IF_ERROR(CheckNumbers(question.body));
  return question;
}

Result<planner::PlanRequest> PlanRequestOf(const PlanQuestion& question) {
  const PlanBody& body = question.body;
  planner::PlanRequest request{.model_path = body.model};
  RL_ASSIGN_OR_RETURN(request.hardware, HardwareOfPlan(body.hardware));
  RL_ASSIGN_OR_RETURN(request.workload, WorkloadOfPlan(body));
  RL_ASSIGN_OR_RETURN(request.options, SearchOptionsOf(body));
  request.arguments = body.arguments;
  request.is_given = !request.arguments.empty();
  request.environment = body.environment;
  RL_RETURN_IF_ERROR(planner::CheckPlanRequest(request));
  RL_ASSIGN_OR_RETURN(request.model, ModelOf(question));
  return request;
}

}  // namespace redline::platform
