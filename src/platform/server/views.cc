#include "platform/server/views.h"

#include <fmt/format.h>

#include <algorithm>

namespace redline::platform {
namespace {

using spec::InstanceState;

// How far from answering requests, the furthest last.
int DistanceFromRunning(InstanceState state) {
  switch (state) {
    case InstanceState::kRunning:
      return 0;
    case InstanceState::kDraining:
      return 1;
    case InstanceState::kStarting:
      return 2;
    case InstanceState::kDownloading:
      return 3;
    case InstanceState::kInitializing:
      return 4;
    case InstanceState::kScheduled:
      return 5;
    case InstanceState::kAnalyzing:
      return 6;
    case InstanceState::kPending:
      return 7;
    case InstanceState::kStopped:
      return 8;
    case InstanceState::kUnreachable:
      return 9;
    case InstanceState::kError:
      break;
  }
  return 10;
}

// Nothing is wanted: stopped, or on the way there.
void DescribeStopping(size_t num_left, DeploymentView& view) {
  const bool deleting = view.deployment.deleting;
  view.phase = num_left == 0 ? InstanceState::kStopped : InstanceState::kDraining;
  if (num_left > 0)
    view.reason =
        fmt::format("{}waiting for {} engine{} to stop", deleting ? "being deleted; " : "",
                    num_left, num_left == 1 ? "" : "s");
}

const spec::Parameters& EffectiveOf(const std::vector<spec::Instance>& instances) {
  static const spec::Parameters unknown;
  const auto told = std::find_if(instances.begin(), instances.end(),
                                 [](const auto& each) { return !each.effective.empty(); });
  return told == instances.end() ? unknown : told->effective;
}

}  // namespace

DeploymentView ViewOf(const spec::Deployment& deployment, const ClusterState& state) {
  DeploymentView view;
  view.deployment = deployment;
  const spec::Instance* furthest = nullptr;
  const auto instances = state.InstancesOf(deployment.name);
  view.instances.reserve(instances.size());
  for (const StoredInstance* stored : instances) {
    const auto& instance = view.instances.emplace_back(state.EffectiveInstance(*stored));
    if (!stored->wanted) continue;
    if (instance.state == InstanceState::kRunning) ++view.ready_replicas;
    if (furthest == nullptr ||
        DistanceFromRunning(instance.state) > DistanceFromRunning(furthest->state))
      furthest = &instance;
  }
  if (furthest == nullptr) {
    DescribeStopping(instances.size(), view);
  } else {
    view.phase = furthest->state;
    view.reason = furthest->reason;
  }
  view.configuration = ConfigurationOf(deployment.engine, EffectiveOf(view.instances));
  return view;
}

FitView ViewOf(const Fit& fit) {
  FitView view{.fits = fit.fits,
               .needed_bytes = fit.needed_bytes,
               .available_bytes = fit.available_bytes,
               .worker = fit.worker,
               .is_virtual = fit.is_virtual,
               .message = fit.message};
  for (const auto& term : fit.terms) view.terms.push_back({term.name, term.num_bytes});
  return view;
}

}  // namespace redline::platform
