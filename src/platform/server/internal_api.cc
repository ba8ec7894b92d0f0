// What the gateway and the agents call ("Platform contracts" in docs/architecture.md).
#include <fmt/format.h>

#include "base/strings.h"
#include "platform/server/api_io.h"

namespace redline::platform {
namespace {

constexpr int64_t kHeartbeatSeconds = 5;
constexpr int64_t kMaxWaitSeconds = 120;
constexpr size_t kMaxReasonBytes = 4096;
constexpr size_t kMaxStatuses = 1000;
constexpr size_t kMaxEffective = 2000;  // SGLang has about 300

SnapshotView BuildSnapshot(const ControlPlane& plane) {
  SnapshotView snapshot;
  for (const StoredKey& key : plane.cluster->keys())
    snapshot.keys.push_back({key.id, key.sha256, key.scopes});
  const ClusterState& state = plane.state();
  for (const auto& deployment : state.deployments) {
    ServedModelView model{deployment.name, deployment.created_at_ms, deployment.is_virtual, {}};
    for (const StoredInstance* stored : state.InstancesOf(deployment.name)) {
      const spec::Instance instance = state.EffectiveInstance(*stored);
      if (instance.state == spec::InstanceState::kRunning)
        model.instances.push_back({instance.id, instance.generation, instance.endpoint});
    }
    snapshot.models.push_back(std::move(model));
  }
  return snapshot;
}

spec::Assignment AssignmentOf(const ControlPlane& plane, const StoredInstance& stored) {
  spec::Assignment assignment;
  assignment.instance_id = stored.instance.id;
  assignment.deployment = stored.instance.deployment;
  assignment.generation = stored.instance.generation;
  const auto* deployment = plane.state().FindDeployment(stored.instance.deployment);
  assignment.should_run = stored.wanted && deployment != nullptr;
  if (deployment == nullptr) return assignment;
  assignment.model = deployment->model;
  assignment.model_path = deployment->model_path;
  assignment.engine = deployment->engine;
  // On GPUs it is what the engine makes of its arguments, and no part of its command line.
  if (!stored.instance.gpus.empty()) assignment.engine.resolved.clear();
  assignment.gpus = stored.instance.gpus;
  assignment.gpu_bytes = deployment->gpus.bytes_each;
  if (const auto needed = plane.NeededBytes(*deployment); needed.ok())
    assignment.memory_bytes = *needed;
  if (const auto entry = plane.catalog.Find(deployment->model); entry.ok()) {
    assignment.files = (*entry)->files;
    assignment.sources = (*entry)->sources;
  }
  return assignment;
}

AssignmentsView BuildAssignments(const ControlPlane& plane, const std::string& worker_id) {
  AssignmentsView view;
  for (const StoredInstance& stored : plane.state().instances) {
    if (stored.instance.worker == worker_id)
      view.assignments.push_back(AssignmentOf(plane, stored));
  }
  return view;
}

struct PollQuery {
  int64_t revision = 0;
  MonotonicTime deadline;
};

Result<PollQuery> ReadPollQuery(const net::HttpRequest& request) {
  PollQuery query;
  RL_ASSIGN_OR_RETURN(query.revision,
                      QueryInt(request, "revision", -1, std::numeric_limits<int64_t>::min(),
                               std::numeric_limits<int64_t>::max()));
  RL_ASSIGN_OR_RETURN(const int64_t wait_seconds,
                      QueryInt(request, "wait_seconds", 0, 0, kMaxWaitSeconds));
  query.deadline = MonotonicNow() + std::chrono::seconds(wait_seconds);
  return query;
}

// Answers with `view` when its revision is not the asked one, or when there is something urgent.
template <typename View>
bool AnswerPoll(ControlPlane& plane, const Call& call, const std::string& name, View view,
                int64_t asked_revision, bool must_answer) {
  const std::string content = spec::DumpJson(spec::FieldsToJson(view));
  view.revision = plane.revisions.Of(name, content, plane.cluster->revision());
  if (view.revision == asked_revision && !must_answer) return false;
  if constexpr (requires { view.log_requests; })
    view.log_requests = plane.logs.TakeQuestionsFor(name);
  call.Send(200, spec::FieldsToJson(view));
  return true;
}

Result<const StoredInstance*> FindReported(const ControlPlane& plane,
                                           const net::HttpRequest& request) {
  const std::string id = PathParam(request, "instance_id");
  const StoredInstance* stored = plane.state().FindInstance(id);
  if (stored == nullptr || stored->instance.worker != PathParam(request, "id"))
    return NotFound("this worker has no instance \"" + EscapeControl(id) + "\"", "instance_id");
  return stored;
}

bool MayBeReported(spec::InstanceState state) {
  switch (state) {
    case spec::InstanceState::kPending:
    case spec::InstanceState::kAnalyzing:
    case spec::InstanceState::kScheduled:
    case spec::InstanceState::kUnreachable:
      return false;  // the server's own
    default:
      return true;
  }
}

Status CheckStatus(const spec::Instance& known, const spec::Instance& report) {
  if (report.generation != known.generation)
    return FailedPrecondition(
        fmt::format("generation {} of {} is fenced off: the current one is {}", report.generation,
                    known.id, known.generation));
  if (!MayBeReported(report.state))
    return InvalidArgument(fmt::format("a worker cannot report the state {}", NameOf(report.state)),
                           "state");
  return OkStatus();
}

// The known instance with what the worker says of it.
spec::Instance WithStatus(spec::Instance instance, const spec::Instance& report) {
  const std::string_view reason = std::string_view(report.reason).substr(0, kMaxReasonBytes);
  instance.state = report.state;
  instance.reason = report.reason.substr(0, CompleteUtf8Prefix(reason));
  instance.pid = report.pid;
  instance.endpoint = report.endpoint;
  instance.restart_count = report.restart_count;
  instance.progress = report.progress;
  instance.started_at_ms = report.started_at_ms;
  instance.ready_at_ms = report.ready_at_ms;
  if (report.effective.size() <= kMaxEffective) instance.effective = report.effective;
  return instance;
}

// Whether only what moves all the time is different.
bool IsOnlyProgress(const spec::Instance& before, const spec::Instance& after) {
  return !EventOfChange(before, after, 0) && before.pid == after.pid &&
         before.endpoint == after.endpoint && before.restart_count == after.restart_count &&
         before.started_at_ms == after.started_at_ms && before.ready_at_ms == after.ready_at_ms &&
         before.effective == after.effective;
}

}  // namespace

void SendWithGateway(ControlPlane& plane, Call call, Answer answer) {
  constexpr std::chrono::seconds kLately(60);  // it comes again within 25 s
  constexpr std::chrono::seconds kMost(1);
  const MonotonicTime now = MonotonicNow();
  if (plane.gateway.at == MonotonicTime() || now - plane.gateway.at >= kLately)
    return call.writer->Send(JsonResponse(answer.status, std::move(answer.body)));
  const std::string content = spec::DumpJson(spec::FieldsToJson(BuildSnapshot(plane)));
  const int64_t revision = plane.revisions.Of("snapshot", content, plane.cluster->revision());
  plane.polls.Add(
      [&plane, call, answer = std::move(answer), revision](bool is_last) {
        if (*call.closed) return true;
        // Another revision may be an older one, or that of a database that is gone.
        if (plane.gateway.revision < revision && !is_last) return false;
        call.writer->Send(JsonResponse(answer.status, answer.body));
        return true;
      },
      now + kMost);
}

void GetSnapshot(ControlPlane& plane, Call call) {
  const auto query = ReadPollQuery(call.request);
  if (!query.ok()) return call.Fail(query.status());
  const MonotonicTime now = MonotonicNow();
  if (query->deadline > now) {
    plane.gateway = {query->revision, now};
    plane.polls.RunAll(now);
  }
  plane.polls.Add(
      [&plane, call, revision = query->revision](bool is_last) {
        return *call.closed ||
               AnswerPoll(plane, call, "snapshot", BuildSnapshot(plane), revision, is_last);
      },
      query->deadline);
}

Result<Answer> RegisterWorker(ControlPlane& plane, const net::HttpRequest& request) {
  RL_ASSIGN_OR_RETURN(auto worker, ReadBody<spec::Worker>(request, spec::UnknownKeys::kIgnore));
  RL_RETURN_IF_ERROR(spec::ValidateWorker(worker));
  RL_RETURN_IF_ERROR(plane.cluster->SeeWorker(std::move(worker), MonotonicNow()));
  return AnswerWith(HeartbeatView{kHeartbeatSeconds});
}

// Its engines are stopped. What is still wanted of them goes to another worker, or waits for one.
Result<Answer> LeaveWorker(ControlPlane& plane, const net::HttpRequest& request) {
  const std::string id = PathParam(request, "id");
  const WorkerRecord* worker = plane.state().FindWorker(id);
  if (worker == nullptr) return NotFound("no worker \"" + EscapeControl(id) + "\"", "id");
  WriteBatch batch;
  batch.delete_workers.push_back(id);
  for (const StoredInstance& stored : plane.state().instances) {
    if (stored.instance.worker != id) continue;
    const std::string reason = "worker " + worker->worker.name + " has left";
    StoredInstance moved = stored;
    moved.instance = {.id = stored.instance.id,
                      .deployment = stored.instance.deployment,
                      .generation = stored.instance.generation,
                      .reason = reason};
    if (auto event = EventOfChange(stored.instance, moved.instance, UnixMillis()))
      batch.events.push_back(std::move(*event));
    batch.put_instances.push_back(std::move(moved));
  }
  RL_RETURN_IF_ERROR(plane.cluster->Commit(batch));
  return AnswerWith(EmptyView{});
}

void GetAssignments(ControlPlane& plane, Call call) {
  const std::string worker = PathParam(call.request, "id");
  if (plane.state().FindWorker(worker) == nullptr)
    return call.Fail(NotFound("no worker \"" + EscapeControl(worker) + "\": register first", "id"));
  const auto query = ReadPollQuery(call.request);
  if (!query.ok()) return call.Fail(query.status());
  plane.polls.Add(
      [&plane, call, worker, revision = query->revision](bool is_last) {
        const bool must_answer = is_last || plane.logs.HasQuestionsFor(worker);
        return *call.closed || AnswerPoll(plane, call, worker, BuildAssignments(plane, worker),
                                          revision, must_answer);
      },
      query->deadline);
}

Status CheckReport(const spec::Instance& known, const StatusReport& report) {
  if (report.statuses.empty() || report.statuses.size() > kMaxStatuses) {
    return InvalidArgument(fmt::format("statuses must be a list of 1 to {}, got {}", kMaxStatuses,
                                       report.statuses.size()),
                           "statuses");
  }
  for (const spec::Instance& status : report.statuses)
    RL_RETURN_IF_ERROR(CheckStatus(known, status));
  return OkStatus();
}

// All statuses of a report become events, but only the last one is ever the instance's state: an
// engine that came back while the server was away is not taken off the routes once more.
Result<Answer> ReportInstance(ControlPlane& plane, const net::HttpRequest& request) {
  RL_ASSIGN_OR_RETURN(const StoredInstance* stored, FindReported(plane, request));
  RL_ASSIGN_OR_RETURN(const auto report,
                      ReadBody<StatusReport>(request, spec::UnknownKeys::kIgnore));
  RL_RETURN_IF_ERROR(CheckReport(stored->instance, report));
  WriteBatch batch;
  StoredInstance changed = *stored;
  for (const spec::Instance& status : report.statuses) {
    spec::Instance after = WithStatus(changed.instance, status);
    if (auto event = EventOfChange(changed.instance, after, UnixMillis()))
      batch.events.push_back(std::move(*event));
    changed.instance = std::move(after);
  }
  if (batch.events.empty() && IsOnlyProgress(stored->instance, changed.instance)) {
    plane.cluster->SetProgress(changed.instance.id, changed.instance.reason,
                               changed.instance.progress);
    return AnswerWith(EmptyView{});
  }
  batch.put_instances.push_back(std::move(changed));
  RL_RETURN_IF_ERROR(plane.cluster->Commit(batch));
  return AnswerWith(EmptyView{});
}

Result<Answer> ReplyLog(ControlPlane& plane, const net::HttpRequest& request) {
  RL_ASSIGN_OR_RETURN(const auto answer, ReadBody<LogAnswer>(request, spec::UnknownKeys::kIgnore));
  RL_RETURN_IF_ERROR(plane.logs.Reply(PathParam(request, "request_id"), answer));
  return AnswerWith(EmptyView{});
}

}  // namespace redline::platform
