// Jobs of the lab over the API.
#include <fmt/format.h>

#include <algorithm>

#include "base/files.h"
#include "base/strings.h"
#include "lab/import/importer.h"
#include "lab/report/differences.h"
#include "lab/stats/comparison.h"
#include "platform/server/api_io.h"
#include "platform/server/lab_views.h"

namespace redline::platform {
namespace {

using nlohmann::json;

constexpr uint64_t kMostStatusBytes = uint64_t{1} << 20;
constexpr uint64_t kMostResultBytes = uint64_t{256} << 20;

// Reports are pages of their own with styles inside; nothing of them runs or is fetched.
constexpr char kReportPolicy[] =
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'; sandbox";

// What the running command last wrote of itself; null where it has not.
json ProgressOf(const ControlPlane& plane, const std::string& id) {
  const auto text = ReadFile(plane.lab.FolderOf(id) / "status.json", kMostStatusBytes);
  if (!text.ok()) return nullptr;
  json status = json::parse(*text, nullptr, /*allow_exceptions=*/false);
  return status.is_object() ? status : json();
}

json JsonOf(const ControlPlane& plane, const LabJobView& view) {
  json document = spec::FieldsToJson(view);
  document["progress"] = ProgressOf(plane, view.job.id);
  return document;
}

Result<Answer> AnswerOf(const ControlPlane& plane, const Result<LabJobView>& view,
                        int status = 200) {
  if (!view.ok()) return view.status();
  return Answer{status, spec::DumpJson(JsonOf(plane, *view))};
}

// A deployment that answers, and whether it is virtual.
Result<bool> IsVirtualTarget(const ControlPlane& plane, const std::string& name) {
  std::vector<std::string> names;
  for (const spec::Deployment& deployment : plane.state().deployments) {
    names.push_back(deployment.name);
    if (deployment.name != name) continue;
    if (platform::ViewOf(deployment, plane.state()).ready_replicas > 0)
      return deployment.is_virtual;
    return Status(Code::kFailedPrecondition,
                  fmt::format("nothing of {} is running yet: wait until it is, or see why with GET "
                              "/api/v1/deployments/{}",
                              name, name),
                  "deployment");
  }
  return InvalidArgument(fmt::format("\"deployment\": there is none named \"{}\"{}",
                                     EscapeControl(Excerpt(name)), DidYouMean(name, names)),
                         "deployment");
}

// A file of a job that has one.
Result<std::string> FileOf(const ControlPlane& plane, const std::string& id, const char* file) {
  RL_ASSIGN_OR_RETURN(const LabJobView view, plane.lab.Find(id));
  if (!view.has_result)
    return NotFound(fmt::format("{} has no result: it is {}", id, view.job.state), "id");
  return ReadFile(plane.lab.FolderOf(id) / file, kMostResultBytes);
}

// ---- comparing

struct Compared {
  std::string id;
  std::string text;  // of its result.json
};

Result<Compared> ComparedOf(const ControlPlane& plane, const std::string& id, const char* param) {
  const auto view = plane.lab.Find(id);
  if (!view.ok()) return Status(view.status().code(), view.status().message(), param);
  if (view->job.request.kind != "bench")
    return InvalidArgument(fmt::format("{} is a {}: only the results of benches are compared", id,
                                       view->job.request.kind),
                           param);
  auto text = FileOf(plane, id, "result.json");
  if (!text.ok()) return Status(text.status().code(), text.status().message(), param);
  return Compared{id, std::move(text).value()};
}

Result<json> ComparisonOf(const Compared& a, const Compared& b) {
  std::vector<lab::NamedMeasurement> both;
  for (const Compared* each : {&a, &b}) {
    RL_ASSIGN_OR_RETURN(std::vector<lab::Measurement> read, lab::ImportResults(each->text));
    both.push_back({each == &a ? "A" : "B", std::move(read.front())});
  }
  json document = json::parse(lab::ToJson(lab::Compare(both[0].measurement, both[1].measurement)));
  document["a"] = a.id;
  document["b"] = b.id;
  document["differences"] = json::array();
  for (const lab::Difference& difference : lab::FindDifferences(both))
    document["differences"].push_back(
        {{"field", difference.field}, {"a", difference.values[0]}, {"b", difference.values[1]}});
  return document;
}

}  // namespace

Result<Answer> ListLabJobs(ControlPlane& plane, const net::HttpRequest&) {
  json items = json::array();
  for (const LabJobView& view : plane.lab.List()) {
    json item = spec::FieldsToJson(view);
    item["progress"] = view.job.is_running() ? ProgressOf(plane, view.job.id) : json();
    items.push_back(std::move(item));
  }
  return Answer{200, spec::DumpJson({{"items", std::move(items)}})};
}

Result<Answer> CreateLabJob(ControlPlane& plane, const net::HttpRequest& request) {
  RL_ASSIGN_OR_RETURN(const LabJobBody body,
                      ReadBody<LabJobBody>(request, spec::UnknownKeys::kRefuse));
  RL_RETURN_IF_ERROR(CheckLabJob(body, plane.catalog));
  bool is_virtual = body.is_virtual;
  if (body.kind == "bench") {
    RL_ASSIGN_OR_RETURN(is_virtual, IsVirtualTarget(plane, body.deployment));
  }
  return AnswerOf(plane, plane.lab.Start(body, is_virtual), 201);
}

Result<Answer> GetLabJob(ControlPlane& plane, const net::HttpRequest& request) {
  return AnswerOf(plane, plane.lab.Find(PathParam(request, "id")));
}

Result<Answer> GetLabResult(ControlPlane& plane, const net::HttpRequest& request) {
  RL_ASSIGN_OR_RETURN(std::string text, FileOf(plane, PathParam(request, "id"), "result.json"));
  return Answer{200, std::move(text)};
}

void GetLabReport(ControlPlane& plane, Call call) {
  auto text = FileOf(plane, PathParam(call.request, "id"), "report.html");
  if (!text.ok()) return call.Fail(text.status());
  net::HttpResponse response =
      net::TextResponse(200, std::move(text).value(), "text/html; charset=utf-8");
  response.headers.emplace_back("Content-Security-Policy", kReportPolicy);
  response.headers.emplace_back("Cache-Control", "no-store");
  response.headers.emplace_back("X-Content-Type-Options", "nosniff");
  response.headers.emplace_back("Referrer-Policy", "no-referrer");
  call.writer->Send(std::move(response));
}

Result<Answer> StopLabJob(ControlPlane& plane, const net::HttpRequest& request) {
  return AnswerOf(plane, plane.lab.Stop(PathParam(request, "id")), 202);
}

Result<Answer> ResumeLabJob(ControlPlane& plane, const net::HttpRequest& request) {
  return AnswerOf(plane, plane.lab.Resume(PathParam(request, "id")), 202);
}

Result<Answer> DeleteLabJob(ControlPlane& plane, const net::HttpRequest& request) {
  RL_RETURN_IF_ERROR(plane.lab.Remove(PathParam(request, "id")));
  return AnswerWith(EmptyView{});
}

// The bootstrap of long results takes seconds: on a thread of its own, as plans are.
void CompareLabJobs(ControlPlane& plane, Call call) {
  auto a = ComparedOf(plane, PathParam(call.request, "id"), "id");
  if (!a.ok()) return call.Fail(a.status());
  const auto other = call.request.query.find("with");
  if (other == call.request.query.end())
    return call.Fail(InvalidArgument(
        "\"with\" is missing: the id of the bench to compare with, as in ?with=lab-1", "with"));
  auto b = ComparedOf(plane, other->second, "with");
  if (!b.ok()) return call.Fail(b.status());
  const Status started = plane.plans.Start(
      [a = std::move(a).value(), b = std::move(b).value(), call](const std::atomic<bool>&) {
        return std::function<void()>([call, document = ComparisonOf(a, b)] {
          if (!document.ok()) return call.Fail(document.status());
          call.Send(200, *document);
        });
      });
  if (started.ok()) return;
  if (started.code() != Code::kResourceExhausted) return call.Fail(started);
  call.writer->Send(net::ErrorResponse(started, "too_many_plans"));
}

}  // namespace redline::platform
