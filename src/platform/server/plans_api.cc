// Plans: what engines would do on hardware that need not be here.
#include <algorithm>
#include <memory>
#include <utility>

#include "backends/model_configs.h"
#include "backends/resolution.h"
#include "base/clock.h"
#include "net/sse.h"
#include "planner/plan/plan_json.h"
#include "planner/plan/plan_progress.h"
#include "platform/server/api_io.h"
#include "platform/server/plan_body.h"
#include "spec/hardware_profile.h"
#include "workload/presets.h"

namespace redline::platform {
namespace {

using nlohmann::json;

// The answer to one request for a plan: one document, or a stream of events. Owner: its thread.
class PlanAnswer {
 public:
  PlanAnswer(Call call, bool is_stream) : call_(std::move(call)), is_stream_(is_stream) {}

  bool IsUnwanted() const { return *call_.closed; }

  void Tell(std::string_view phase, size_t done, size_t all) {
    constexpr double kLeastSeconds = 0.2;
    progress_.Update(phase, done, all, SecondsSince(begin_));
    if (!is_stream_ || (has_head_ && SecondsSince(told_) < kLeastSeconds)) return;
    told_ = MonotonicNow();
    const double left = progress_.seconds_left();
    SendEvent("progress", {{"phase", phase},
                           {"done", done},
                           {"all", all},
                           {"fraction", progress_.fraction()},
                           {"seconds_left", left < 0 ? json() : json(left)}});
  }

  void Finish(const Result<json>& document) {
    if (!document.ok() && !has_head_) return call_.Fail(document.status());
    if (document.ok() && !is_stream_) return call_.Send(200, *document);
    if (document.ok()) {
      SendEvent("plan", *document);
    } else {
      call_.writer->Write(net::SseEvent(net::ErrorBody(document.status()), "error"));
    }
    call_.writer->End();
  }

 private:
  void SendEvent(const char* name, const json& data) {
    if (!has_head_) {
      has_head_ = true;
      call_.writer->StartStream(200, {{"Content-Type", "text/event-stream"},
                                      {"Cache-Control", "no-store"},
                                      {"X-Content-Type-Options", "nosniff"}});
    }
    call_.writer->Write(net::SseEvent(spec::DumpJson(data), name));
  }

  const Call call_;
  const bool is_stream_;
  const MonotonicTime begin_ = MonotonicNow();
  MonotonicTime told_;
  planner::PlanProgress progress_;
  bool has_head_ = false;
};

Result<json> DocumentOf(const PlanQuestion& question, PlanAnswer& answer,
                        const std::atomic<bool>& is_stopping) {
  RL_ASSIGN_OR_RETURN(planner::PlanRequest request, PlanRequestOf(question));
  request.options.num_threads = ThreadsOfPlan();
  request.options.progress = [&](std::string_view phase, size_t done, size_t all) {
    answer.Tell(phase, done, all);
  };
  request.options.is_cancelled = [&] { return is_stopping || answer.IsUnwanted(); };
  const auto report = planner::MakePlanReport(request);
  if (report.ok()) return planner::PlanJson(*report);
  if (is_stopping) return Unavailable("the server is stopping; try again shortly");
  if (report.status().code() == Code::kInternal) return report.status();
  return AsBadRequest(report.status(), request.is_given ? "arguments" : "hardware");
}

std::function<void()> MakePlan(const PlanQuestion& question, Call call,
                               const std::atomic<bool>& is_stopping) {
  // Shared with the function that is returned, which has to be one that can be copied.
  auto answer = std::make_shared<PlanAnswer>(std::move(call), question.body.stream);
  auto document = DocumentOf(question, *answer, is_stopping);
  return [answer, document = std::move(document)] { answer->Finish(document); };
}

void RefuseOneMore(const Call& call, const Status& status) {
  net::HttpResponse response = net::ErrorResponse(status, "too_many_plans");
  response.headers.emplace_back("Retry-After", "5");
  response.headers.emplace_back("Cache-Control", "no-store");
  response.headers.emplace_back("X-Content-Type-Options", "nosniff");
  call.writer->Send(std::move(response));
}

// ---- what may be asked for

// As engines take it: the publisher's repository.
std::string RepositoryOf(const CatalogEntry& entry) {
  for (const spec::ModelSource& source : entry.sources) {
    if (!source.repo.empty()) return source.repo;
  }
  return entry.config;
}

// The library's models first, then those whose config.json alone is known.
std::vector<PlanModelView> PlannedModels(const Catalog& catalog) {
  std::vector<PlanModelView> models;
  std::vector<std::string> configs;
  for (const CatalogEntry& entry : catalog.entries()) {
    if (entry.config.empty()) continue;
    configs.push_back(entry.config);
    models.push_back({RepositoryOf(entry), entry.display_name, entry.name});
  }
  for (const std::string& config : backends::ModelConfigNames()) {
    if (std::find(configs.begin(), configs.end(), config) == configs.end())
      models.push_back({config, config, ""});
  }
  std::erase_if(models,
                [](const PlanModelView& model) { return !planner::FindModel(model.name).ok(); });
  return models;
}

PlanChoicesView ChoicesOf(const Catalog& catalog) {
  PlanChoicesView choices;
  choices.models = PlannedModels(catalog);
  for (const std::string& name : planner::HardwareNames()) {
    const auto hardware = planner::FindHardwareSpec(name);
    // Engines' rules are not known for every device.
    if (!hardware.ok() || !spec::FindHardwareProfile(name + "x1").ok()) continue;
    choices.hardware.push_back({name, hardware->vendor, hardware->devices_per_node,
                                static_cast<int64_t>(hardware->memory_bytes.value)});
  }
  for (const std::string& name : workload::PresetNames()) {
    const auto preset = workload::FindPreset(name);
    if (preset.ok()) choices.workloads.push_back({name, preset->description, preset->num_requests});
  }
  for (const std::string_view name : planner::SearchedEngines()) {
    const auto engine = backends::FindEngineVersion(name);
    if (engine.ok()) choices.engines.push_back(std::string(name) + "@" + engine->version);
  }
  for (const auto goal :
       {planner::Goal::kThroughput, planner::Goal::kLatency, planner::Goal::kCost})
    choices.goals.emplace_back(planner::NameOf(goal));
  return choices;
}

}  // namespace

Result<Answer> GetPlanChoices(ControlPlane& plane, const net::HttpRequest&) {
  return AnswerWith(ChoicesOf(plane.catalog));
}

void CreatePlan(ControlPlane& plane, Call call) {
  auto question = ReadPlanQuestion(call.request);
  if (!question.ok()) return call.Fail(question.status());
  const Status started = plane.plans.Start(
      [question = std::move(question).value(), call](const std::atomic<bool>& is_stopping) {
        return MakePlan(question, call, is_stopping);
      });
  if (started.code() == Code::kResourceExhausted) return RefuseOneMore(call, started);
  if (!started.ok()) call.Fail(started);
}

}  // namespace redline::platform
