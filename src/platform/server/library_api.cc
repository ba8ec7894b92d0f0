#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <optional>
#include <tuple>

#include "backends/backend.h"
#include "platform/catalog/shown_command.h"
#include "platform/catalog/staleness.h"
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

// What the engine is given: a path of the user's, the files, or the folder made of them, by the
// model's name.
std::string ShownModel(const ControlPlane& plane, const CatalogEntry& entry,
                       const spec::Deployment& deployment) {
  if (!deployment.model_path.empty()) return deployment.model_path;
  const auto backend = backends::FindBackend(deployment.engine.engine);
  const bool takes_folder =
      backend.ok() && (*backend)->facts().model_format == backends::ModelFormat::kHuggingFace;
  return takes_folder ? entry.name : ModelPath(plane, entry);
}

Assessment AssessHere(const ControlPlane& plane, const CatalogEntry& entry) {
  auto assessed = AssessOnWorkers(plane, entry, {});
  if (assessed.ok()) return std::move(assessed).value();
  Assessment assessment;
  assessment.fit.message = assessed.status().message();
  return assessment;
}

bool IsBetter(const Assessment& left, const Assessment& right) {
  const auto rank = [](const Assessment& each) {
    const bool is_on_gpus = each.choice && each.choice->gpus.count > 0;
    return std::make_tuple(each.fit.fits, !each.fit.is_virtual, is_on_gpus,
                           each.fit.available_bytes);
  };
  return rank(left) > rank(right);
}

// The first thing to know of a virtual deployment, and why there is no real one.
void ExplainVirtual(const std::optional<Assessment>& real, Assessment& chosen) {
  std::string why = fmt::format(
      "Virtual: {} has no devices; the engine is simulated, with computed times and canned words, "
      "and no weights are fetched.",
      chosen.fit.worker);
  if (real) why += fmt::format(" On {}: {}.", real->fit.worker, real->fit.message);
  chosen.choice->why.insert(chosen.choice->why.begin(), std::move(why));
}

// The GPUs that no engine has are what there is.
void TakeUnclaimed(const ClusterState& state, const spec::Worker& worker, Node& node) {
  backends::HardwareFacts& hardware = node.hardware;
  if (worker.gpus.empty()) return;
  const auto unclaimed = UnclaimedGpus(state, worker, hardware.device_model);
  const auto num_unclaimed = static_cast<int64_t>(unclaimed.size());
  node.num_claimed_gpus = hardware.num_devices - num_unclaimed;
  hardware.num_devices = num_unclaimed;
  hardware.bytes_of_each.clear();
  for (const auto* gpu : unclaimed) hardware.bytes_of_each.push_back(gpu->memory_available_bytes);
  std::sort(hardware.bytes_of_each.begin(), hardware.bytes_of_each.end(), std::greater<>());
  hardware.memory_bytes = unclaimed.empty() ? 0 : hardware.bytes_of_each.back();
}

bool IsPlain(const Wishes& wishes) {
  return wishes.profile.empty() && wishes.goal.empty() && wishes.parameters.empty() &&
         wishes.engine.empty() && wishes.arguments.empty() && wishes.environment.empty();
}

Result<Assessment> AssessOn(const ControlPlane& plane, const CatalogEntry& entry, const Node& node,
                            const Wishes& wishes) {
  return IsPlain(wishes) ? plane.assessments.Of(entry, node) : Assess(entry, node, wishes);
}

// What can be deployed here comes first, and of that what is real.
int PlaceInList(const LibraryModelView& model) {
  return model.fit.fits ? (model.fit.is_virtual ? 1 : 0) : 2;
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
    spec::Deployment deployment;
    deployment.name = entry.name;
    deployment.engine = choice.engine;
    deployment.gpus = choice.gpus;
    deployment.is_virtual = assessment.fit.is_virtual;
    const backends::Command command = CommandOf(plane, entry, deployment);
    view.chosen = ChosenView{.profile = choice.profile,
                             .engine = choice.engine,
                             .configuration = ConfigurationOf(choice.engine, {}),
                             .command = command.argv,
                             .command_environment = command.env,
                             .why = choice.why,
                             .evidence = choice.evidence,
                             .alternatives = choice.alternatives};
  }
  view.profiles = ProfilesOf(plane, entry);
  for (const auto& deployment : plane.state().deployments) {
    if (deployment.model == entry.name) view.deployments.push_back(deployment.name);
  }
  return view;
}

}  // namespace

Node NodeOf(const ControlPlane& plane, const WorkerRecord& worker) {
  Node node{.name = worker.worker.name,
            .is_virtual = worker.worker.is_virtual,
            .hardware = backends::FactsOf(worker.worker)};
  for (const spec::WorkerGpu& gpu : worker.worker.gpus) {
    if (node.driver.empty() && gpu.name == node.hardware.device_model)
      node.driver = gpu.driver_version;
  }
  TakeUnclaimed(plane.state(), worker.worker, node);
  if (node.is_virtual) return node;  // nothing simulates engines for CPUs
  backends::HardwareFacts cpu = backends::CpuFactsOf(worker.worker);
  cpu.memory_bytes = FreeBytes(plane.state(), worker, plane.need());
  if (node.hardware.device == cpu.device) {
    node.hardware = std::move(cpu);
  } else {
    node.cpu = std::move(cpu);
  }
  return node;
}

Result<Assessment> AssessOnWorkers(const ControlPlane& plane, const CatalogEntry& entry,
                                   const Wishes& wishes, const std::string& only_worker) {
  std::optional<Assessment> best;
  std::optional<Assessment> best_real;
  std::optional<Assessment> best_virtual;
  Status problem;
  for (const WorkerRecord& worker : plane.state().workers) {
    if (worker.worker.state != kWorkerReady) continue;
    if (!only_worker.empty() && worker.worker.id != only_worker) continue;
    auto assessed = AssessOn(plane, entry, NodeOf(plane, worker), wishes);
    if (!assessed.ok()) {
      problem = assessed.status();
      continue;
    }
    auto& best_of_kind = worker.worker.is_virtual ? best_virtual : best_real;
    if (!best_of_kind || IsBetter(*assessed, *best_of_kind)) best_of_kind = *assessed;
    if (!best || IsBetter(*assessed, *best)) best = std::move(assessed).value();
  }
  if (best && best->choice && best->fit.is_virtual) ExplainVirtual(best_real, *best);
  if (best_real && best_virtual && !best->choice)
    best->fit.message += fmt::format("; on {}, which is virtual: {}", best_virtual->fit.worker,
                                     best_virtual->fit.message);
  if (best && (best->choice || problem.ok())) return *std::move(best);
  return problem.ok() ? Unavailable("no worker is reachable") : problem;
}

std::vector<spec::Profile> ProfilesOf(const ControlPlane& plane, const CatalogEntry& entry) {
  std::vector<Node> nodes;
  for (const WorkerRecord& worker : plane.state().workers) {
    if (worker.worker.state == kWorkerReady) nodes.push_back(NodeOf(plane, worker));
  }
  std::vector<spec::Profile> profiles = entry.profiles;
  for (spec::Profile& profile : profiles) {
    std::optional<std::vector<std::string>> least;
    for (const Node& node : nodes) {
      const Surroundings now = SurroundingsOf(profile, &node);
      if (now.device_model.empty()) continue;  // it has no such device
      auto reasons = StaleReasons(profile, now);
      if (!least || reasons.size() < least->size()) least = std::move(reasons);
    }
    profile.evidence.stale =
        least ? *std::move(least) : StaleReasons(profile, SurroundingsOf(profile, nullptr));
  }
  return profiles;
}

backends::Command CommandOf(const ControlPlane& plane, const CatalogEntry& entry,
                            const spec::Deployment& deployment) {
  return ShownCommand({.engine = deployment.engine,
                       .on_gpus = deployment.gpus.count > 0,
                       .model_path = ShownModel(plane, entry, deployment),
                       .served_name = deployment.name,
                       .socket = plane.layout.engine_socket("INSTANCE").string()});
}

Result<Answer> ListModels(ControlPlane& plane, const net::HttpRequest&) {
  Items<LibraryModelView> list;
  for (const CatalogEntry& entry : plane.catalog.entries())
    list.items.push_back(ViewOf(plane, entry));
  std::stable_sort(list.items.begin(), list.items.end(), [](const auto& left, const auto& right) {
    return PlaceInList(left) < PlaceInList(right);
  });
  return AnswerWith(list);
}

Result<Answer> GetModel(ControlPlane& plane, const net::HttpRequest& request) {
  RL_ASSIGN_OR_RETURN(const CatalogEntry* entry, plane.catalog.Find(PathParam(request, "name")));
  return AnswerWith(ViewOf(plane, *entry));
}

}  // namespace redline::platform
