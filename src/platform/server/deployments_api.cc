// What people do with deployments.
#include <fmt/format.h>

#include "backends/backend.h"
#include "base/strings.h"
#include "net/json_body.h"
#include "platform/catalog/offers.h"
#include "platform/server/api_io.h"
#include "platform/server/library.h"

namespace redline::platform {
namespace {

constexpr int64_t kMaxReplicas = 64;
// A node that has just started registers within this time.
constexpr double kFirstWorkerSeconds = 5;

Result<const spec::Deployment*> FindDeployment(const ControlPlane& plane,
                                               const net::HttpRequest& request) {
  const std::string name = PathParam(request, "name");
  std::vector<std::string> names;
  for (const auto& deployment : plane.state().deployments) {
    if (deployment.name == name) return &deployment;
    names.push_back(deployment.name);
  }
  return NotFound("no deployment named \"" + EscapeControl(name) + "\"" + DidYouMean(name, names),
                  "name");
}

Status CheckReplicas(int64_t replicas) {
  if (replicas >= 0 && replicas <= kMaxReplicas) return OkStatus();
  return InvalidArgument(
      fmt::format("replicas must be from 0 to {}, not {}", kMaxReplicas, replicas), "replicas");
}

Event EventOf(const spec::Deployment& deployment, spec::InstanceState state, std::string reason) {
  return {.at_ms = UnixMillis(),
          .deployment = deployment.name,
          .instance_id = "",
          .state = std::string(NameOf(state)),
          .reason = std::move(reason)};
}

// Of a worker by its id, or by its name where only one has it.
Result<std::string> IdOfWorker(const ControlPlane& plane, const std::string& wanted) {
  std::vector<std::string> names;
  std::vector<std::string> ids;
  for (const WorkerRecord& record : plane.state().workers) {
    if (record.worker.id == wanted) return wanted;
    if (record.worker.name == wanted) ids.push_back(record.worker.id);
    names.push_back(record.worker.name);
  }
  if (ids.size() == 1) return ids.front();
  if (ids.empty())
    return NotFound(
        fmt::format("there is no worker \"{}\"; there {} {}{}", Excerpt(wanted),
                    names.size() == 1 ? "is" : "are", names.empty() ? "none" : Join(names, ", "),
                    DidYouMean(wanted, names)),
        "worker");
  return InvalidArgument(fmt::format("{} workers are named \"{}\": give the id of one, {}",
                                     ids.size(), Excerpt(wanted), Join(ids, " or ")),
                         "worker");
}

Result<CreateDeploymentBody> ReadCreateBody(const ControlPlane& plane,
                                            const net::HttpRequest& request) {
  RL_ASSIGN_OR_RETURN(auto body,
                      ReadBody<CreateDeploymentBody>(request, spec::UnknownKeys::kRefuse));
  if (body.model.empty())
    return InvalidArgument("\"model\" is missing: the name of a model of the library", "model");
  RL_ASSIGN_OR_RETURN(const CatalogEntry* entry, plane.catalog.Find(body.model));
  body.model = entry->name;
  if (!body.worker.empty()) {
    RL_ASSIGN_OR_RETURN(body.worker, IdOfWorker(plane, body.worker));
  }
  if (body.name.empty()) body.name = body.model;
  RL_RETURN_IF_ERROR(spec::ValidateDeploymentName(body.name));
  RL_RETURN_IF_ERROR(CheckReplicas(body.replicas));
  if (!body.model_path.empty()) RL_RETURN_IF_ERROR(spec::ValidateModelPath(body.model_path));
  return body;
}

Status CheckNameIsFree(const ControlPlane& plane, const std::string& name) {
  const auto* existing = plane.state().FindDeployment(name);
  if (existing == nullptr) return OkStatus();
  return Status(
      Code::kAlreadyExists,
      existing->deleting
          ? fmt::format("{} is being deleted; try again when its engines are stopped", name)
          : fmt::format("there is a deployment named {}; choose another name (--name), scale it, "
                        "or delete it first",
                        name),
      "name");
}

Status CheckRoom(const ControlPlane& plane, const Fit& fit, const spec::Deployment& deployment) {
  const spec::GpuClaim& claim = deployment.gpus;
  const int64_t replicas = deployment.replicas;
  const int64_t room = NumThatFit(plane.state(), deployment, fit.needed_bytes, plane.need());
  if (replicas <= room) return OkStatus();
  if (claim.count > 0)
    return FailedPrecondition(fmt::format("{} replicas take {} x {} each; there are enough for {}",
                                          replicas, claim.count, claim.name, room));
  return FailedPrecondition(
      fmt::format("{} replicas need {} each; {} fit{} in the {} there are", replicas,
                  FormatBytes(static_cast<uint64_t>(fit.needed_bytes)), room, room == 1 ? "s" : "",
                  FormatBytes(static_cast<uint64_t>(fit.available_bytes))));
}

std::string WhyNotFetched(const CatalogEntry& entry) {
  return fmt::format(
      "this version of Redline does not fetch the files of {}: put them where the worker can read "
      "them, and give the folder with --model-path (\"model_path\")",
      entry.name);
}

spec::Deployment DeploymentOf(const CreateDeploymentBody& body, const Assessment& assessment) {
  const Choice& choice = *assessment.choice;
  spec::Deployment deployment;
  deployment.name = body.name;
  deployment.model = body.model;
  deployment.profile = body.parameters.empty() ? choice.profile : "custom";
  deployment.model_path = body.model_path;
  deployment.worker = body.worker;
  deployment.is_virtual = assessment.fit.is_virtual;
  deployment.replicas = body.replicas;
  deployment.engine = choice.engine;
  deployment.gpus = choice.gpus;
  deployment.why = choice.why;
  return deployment;
}

// With what would fit on the worker that came nearest.
Status DoesNotFit(const ControlPlane& plane, const CatalogEntry& entry, const Wishes& wishes,
                  const Fit& fit) {
  for (const WorkerRecord& worker : plane.state().workers) {
    if (worker.worker.name != fit.worker || worker.worker.state != kWorkerReady) continue;
    return FailedPrecondition(
        WithOffers(fit.message, OffersFor(plane.catalog, entry, NodeOf(plane, worker), wishes)));
  }
  return FailedPrecondition(fit.message);
}

Result<Answer> Create(ControlPlane& plane, const CreateDeploymentBody& body) {
  if (!body.dry_run) RL_RETURN_IF_ERROR(CheckNameIsFree(plane, body.name));
  RL_ASSIGN_OR_RETURN(const CatalogEntry* entry, plane.catalog.Find(body.model));
  const Wishes wishes{.profile = body.profile,
                      .goal = body.goal,
                      .parameters = body.parameters,
                      .engine = body.engine,
                      .arguments = body.arguments,
                      .environment = body.environment};
  RL_ASSIGN_OR_RETURN(const auto assessment, AssessOnWorkers(plane, *entry, wishes, body.worker));
  if (!assessment.fit.fits) return DoesNotFit(plane, *entry, wishes, assessment.fit);
  spec::Deployment deployment = DeploymentOf(body, assessment);
  RL_RETURN_IF_ERROR(CheckRoom(plane, assessment.fit, deployment));
  const bool has_files = deployment.is_virtual || !entry->files.empty() || !body.model_path.empty();
  if (body.dry_run) {
    if (!has_files)
      deployment.why.push_back("It cannot be deployed like this: " + WhyNotFetched(*entry) + ".");
    const backends::Command command = CommandOf(plane, *entry, deployment);
    return AnswerWith(DryRunView{.deployment = deployment,
                                 .configuration = ConfigurationOf(deployment.engine, {}),
                                 .fit = ViewOf(assessment.fit),
                                 .command = command.argv,
                                 .command_environment = command.env,
                                 .evidence = assessment.choice->evidence,
                                 .alternatives = assessment.choice->alternatives});
  }
  if (!has_files) return Status(Code::kFailedPrecondition, WhyNotFetched(*entry), "model_path");
  deployment.created_at_ms = UnixMillis();
  WriteBatch batch;
  batch.put_deployments.push_back(deployment);
  batch.events.push_back(
      EventOf(deployment, spec::InstanceState::kPending,
              fmt::format("created: {} with profile {}, {} replica{}", body.model,
                          deployment.profile, body.replicas, body.replicas == 1 ? "" : "s")));
  RL_RETURN_IF_ERROR(plane.cluster->Commit(batch));
  plane.RunControllers();
  return AnswerWith(ViewOf(deployment, plane.state()), 201);
}

Result<Answer> Changed(ControlPlane& plane, const spec::Deployment& deployment, Event event,
                       int status) {
  WriteBatch batch;
  batch.put_deployments.push_back(deployment);
  batch.events.push_back(std::move(event));
  RL_RETURN_IF_ERROR(plane.cluster->Commit(batch));
  plane.RunControllers();
  return AnswerWith(ViewOf(deployment, plane.state()), status);
}

// The instance whose log is meant: the one named, else the oldest that a worker has.
Result<spec::Instance> InstanceForLogs(const ControlPlane& plane,
                                       const spec::Deployment& deployment,
                                       const std::string& wanted) {
  for (const StoredInstance* stored : plane.state().InstancesOf(deployment.name)) {
    const bool is_it =
        wanted.empty() ? !stored->instance.worker.empty() : stored->instance.id == wanted;
    if (is_it) return plane.state().EffectiveInstance(*stored);
  }
  if (wanted.empty())
    return FailedPrecondition("no worker has an engine of " + deployment.name + " yet");
  return NotFound(fmt::format("{} has no instance \"{}\"", deployment.name, EscapeControl(wanted)),
                  "instance");
}

Result<LogQuestion> ReadLogQuestion(const ControlPlane& plane, const net::HttpRequest& request) {
  // Escaped as JSON, the text becomes up to six times longer, and has to fit in one body.
  constexpr int64_t kMaxLogBytes = 128 << 10;
  RL_ASSIGN_OR_RETURN(const auto* deployment, FindDeployment(plane, request));
  LogQuestion question;
  RL_ASSIGN_OR_RETURN(question.after, QueryInt(request, "after", -1, -1, int64_t{1} << 60));
  RL_ASSIGN_OR_RETURN(question.max_bytes,
                      QueryInt(request, "max_bytes", 64 << 10, 1, kMaxLogBytes));
  const auto wanted = request.query.find("instance");
  RL_ASSIGN_OR_RETURN(
      const auto instance,
      InstanceForLogs(plane, *deployment, wanted == request.query.end() ? "" : wanted->second));
  if (instance.worker.empty())
    return FailedPrecondition("no worker has this instance yet: " + instance.reason);
  if (instance.state == spec::InstanceState::kUnreachable) return Unavailable(instance.reason);
  question.instance_id = instance.id;
  return question;
}

}  // namespace

Result<Answer> ListDeployments(ControlPlane& plane, const net::HttpRequest&) {
  Items<DeploymentView> list;
  for (const auto& deployment : plane.state().deployments)
    list.items.push_back(ViewOf(deployment, plane.state()));
  return AnswerWith(list);
}

Result<Answer> GetDeployment(ControlPlane& plane, const net::HttpRequest& request) {
  RL_ASSIGN_OR_RETURN(const auto* deployment, FindDeployment(plane, request));
  return AnswerWith(ViewOf(*deployment, plane.state()));
}

// Waits for the first real worker, so that a node which is just starting can be given work at once.
void CreateDeployment(ControlPlane& plane, Call call) {
  auto body = ReadCreateBody(plane, call.request);
  if (!body.ok()) return call.Fail(body.status());
  const auto deadline = MonotonicNow() + std::chrono::duration_cast<MonotonicTime::duration>(
                                             std::chrono::duration<double>(kFirstWorkerSeconds));
  plane.polls.Add(
      [&plane, call, body = std::move(body).value()](bool is_last) {
        if (*call.closed) return true;  // nobody is left to see what would be created
        const bool has_real = HasReadyWorker(plane.state(), /*is_virtual=*/false);
        if (!has_real && !is_last) return false;
        if (!has_real && !HasReadyWorker(plane.state(), /*is_virtual=*/true)) {
          call.Fail(
              Unavailable("no worker is reachable, so nothing can be deployed; is the agent "
                          "running? See redline doctor"));
          return true;
        }
        const auto answer = Create(plane, body);
        if (answer.ok()) {
          call.writer->Send(JsonResponse(answer->status, answer->body));
        } else {
          call.Fail(answer.status());
        }
        return true;
      },
      deadline);
}

Result<Answer> ScaleDeployment(ControlPlane& plane, const net::HttpRequest& request) {
  RL_ASSIGN_OR_RETURN(const auto* found, FindDeployment(plane, request));
  RL_ASSIGN_OR_RETURN(const auto body, ReadBody<ScaleBody>(request, spec::UnknownKeys::kRefuse));
  if (!body.replicas) return InvalidArgument("\"replicas\" is missing", "replicas");
  RL_RETURN_IF_ERROR(CheckReplicas(*body.replicas));
  if (found->deleting) return FailedPrecondition(found->name + " is being deleted");
  if (found->replicas == *body.replicas) return AnswerWith(ViewOf(*found, plane.state()));
  spec::Deployment deployment = *found;
  deployment.replicas = *body.replicas;
  ++deployment.generation;
  const auto state =
      deployment.replicas == 0 ? spec::InstanceState::kDraining : spec::InstanceState::kPending;
  return Changed(plane, deployment,
                 EventOf(deployment, state,
                         fmt::format("scaled from {} to {}", found->replicas, deployment.replicas)),
                 200);
}

Result<Answer> DeleteDeployment(ControlPlane& plane, const net::HttpRequest& request) {
  RL_ASSIGN_OR_RETURN(const auto* found, FindDeployment(plane, request));
  if (found->deleting) return AnswerWith(ViewOf(*found, plane.state()), 202);
  spec::Deployment deployment = *found;
  deployment.deleting = true;
  ++deployment.generation;
  return Changed(plane, deployment,
                 EventOf(deployment, spec::InstanceState::kDraining, "to be deleted"), 202);
}

Result<Answer> ListEvents(ControlPlane& plane, const net::HttpRequest& request) {
  RL_ASSIGN_OR_RETURN(const auto* deployment, FindDeployment(plane, request));
  RL_ASSIGN_OR_RETURN(const auto events, plane.cluster->EventsOf(deployment->name));
  Items<EventView> list;
  for (const Event& event : events)
    list.items.push_back({event.at_ms, event.instance_id, event.state, event.reason});
  return AnswerWith(list);
}

// Asks the worker, which asks the engine.
void GetMetrics(ControlPlane& plane, Call call) {
  auto question = ReadLogQuestion(plane, call.request);
  if (!question.ok()) return call.Fail(question.status());
  const auto* stored = plane.state().FindInstance(question->instance_id);
  if (stored == nullptr || stored->instance.state != spec::InstanceState::kRunning)
    return call.Fail(FailedPrecondition(
        fmt::format("{} is not running: it counts nothing yet", question->instance_id)));
  const auto* deployment = plane.state().FindDeployment(stored->instance.deployment);
  question->metrics_of = stored->instance.endpoint;
  question->engine = deployment->engine.engine;
  const std::string id = question->instance_id;
  plane.logs.Ask(stored->instance.worker, *std::move(question), MonotonicNow(),
                 [call, id](const Result<LogAnswer>& answer) {
                   if (!answer.ok()) return call.Fail(answer.status());
                   const auto metrics = net::ParseJsonObject(answer->text);
                   const auto figures = metrics.ok() ? spec::ParametersFromJson(*metrics)
                                                     : Result<spec::Parameters>(metrics.status());
                   if (!figures.ok())
                     return call.Fail(Unavailable("the engine did not tell its metrics"));
                   call.Send(200, spec::FieldsToJson(MetricsView{id, *figures}));
                 });
}

void GetLogs(ControlPlane& plane, Call call) {
  auto question = ReadLogQuestion(plane, call.request);
  if (!question.ok()) return call.Fail(question.status());
  const std::string instance_id = question->instance_id;
  const std::string worker = plane.state().FindInstance(instance_id)->instance.worker;
  plane.logs.Ask(
      worker, std::move(question).value(), MonotonicNow(),
      [call, instance_id](const Result<LogAnswer>& answer) {
        if (!answer.ok()) return call.Fail(answer.status());
        call.Send(200, spec::FieldsToJson(LogView{instance_id, answer->text, answer->next}));
      });
}

}  // namespace redline::platform
