#include <algorithm>

#include "backends/backend.h"
#include "platform/fetch/fetch.h"
#include "platform/server/api_io.h"
#include "platform/server/library.h"

namespace redline::platform {
namespace {

// Where the files will lie: the file itself when there is one, else their folder.
std::string ModelPath(const ControlPlane& plane, const CatalogEntry& entry) {
  const auto folder = plane.cache_dir / "models" / entry.name;
  return entry.files.size() == 1 ? (folder / entry.files[0].path).string() : folder.string();
}

// As it stands on a command line that somebody reads; the agent knows the places.
backends::LaunchPlan ShownPlan(const ControlPlane& plane, const CatalogEntry& entry,
                               const std::string& served_name, const backends::Backend& backend) {
  const backends::EngineFacts& facts = backend.facts();
  const bool has_port = facts.transport == backends::Transport::kLoopbackPort;
  return {.program = {facts.is_built_in ? "redline" : facts.name},
          .model_path = facts.model_format == backends::ModelFormat::kHuggingFace
                            ? entry.name
                            : ModelPath(plane, entry),
          .served_model_name = served_name,
          .endpoint = has_port ? "http://127.0.0.1:PORT"
                               : "unix:" + plane.layout.engine_socket("INSTANCE").string()};
}

Assessment AssessHere(const ControlPlane& plane, const CatalogEntry& entry) {
  const WorkerRecord* worker = RoomiestWorker(plane.state(), plane.need());
  Assessment assessment;
  assessment.fit.message = "no worker is reachable";
  if (worker == nullptr) return assessment;
  auto assessed = Assess(entry, NodeOf(plane, *worker), {});
  if (assessed.ok()) return std::move(assessed).value();
  assessment.fit.message = assessed.status().message();
  return assessment;
}

LibraryModelView ViewOf(const ControlPlane& plane, const CatalogEntry& entry) {
  const Assessment assessment = AssessHere(plane, entry);
  LibraryModelView view;
  view.name = entry.name;
  view.display_name = entry.display_name;
  view.summary = {entry.summary.en, entry.summary.zh};
  view.license = entry.license;
  view.tags = entry.tags;
  view.spec = entry.spec;
  view.cached = !entry.files.empty() && IsModelCached(entry.name, entry.files, plane.cache_dir);
  view.download_bytes = entry.DownloadBytes();
  view.fit = ViewOf(assessment.fit);
  if (assessment.choice) {
    const Choice& choice = *assessment.choice;
    view.chosen = ChosenView{choice.profile,
                             choice.engine,
                             ConfigurationOf(choice.engine, {}),
                             CommandOf(plane, entry, entry.name, choice.engine),
                             choice.why,
                             choice.evidence};
  }
  view.profiles = entry.profiles;
  for (const auto& deployment : plane.state().deployments) {
    if (deployment.model == entry.name) view.deployments.push_back(deployment.name);
  }
  return view;
}

}  // namespace

Node NodeOf(const ControlPlane& plane, const WorkerRecord& worker) {
  Node node{worker.worker.name, backends::FactsOf(worker.worker)};
  backends::HardwareFacts cpu = backends::CpuFactsOf(worker.worker);
  cpu.memory_bytes = FreeBytes(plane.state(), worker, plane.need());
  if (node.hardware.device == cpu.device) {
    node.hardware = std::move(cpu);
  } else {
    node.cpu = std::move(cpu);
  }
  return node;
}

std::vector<std::string> CommandOf(const ControlPlane& plane, const CatalogEntry& entry,
                                   const std::string& served_name,
                                   const spec::EngineConfig& engine) {
  const auto backend = backends::FindBackend(engine.engine);
  if (!backend.ok()) return {};
  const auto command =
      (*backend)->CommandLine(engine, ShownPlan(plane, entry, served_name, **backend));
  return command.ok() ? command->argv : std::vector<std::string>();
}

Result<Answer> ListModels(ControlPlane& plane, const net::HttpRequest&) {
  Items<LibraryModelView> list;
  for (const CatalogEntry& entry : plane.catalog.entries())
    list.items.push_back(ViewOf(plane, entry));
  // What can be deployed here comes first.
  std::stable_partition(list.items.begin(), list.items.end(),
                        [](const LibraryModelView& model) { return model.fit.fits; });
  return AnswerWith(list);
}

Result<Answer> GetModel(ControlPlane& plane, const net::HttpRequest& request) {
  RL_ASSIGN_OR_RETURN(const CatalogEntry* entry, plane.catalog.Find(PathParam(request, "name")));
  return AnswerWith(ViewOf(plane, *entry));
}

}  // namespace redline::platform
