#include "platform/server/control_plane.h"

#include "backends/backend.h"
#include "base/log.h"

namespace redline::platform {

ControlPlane::ControlPlane(Catalog& catalog_in, std::unique_ptr<Cluster> cluster_in,
                           DataLayout layout_in, std::filesystem::path cache_dir_in,
                           std::filesystem::path program)
    : catalog(catalog_in),
      cluster(std::move(cluster_in)),
      layout(std::move(layout_in)),
      cache_dir(std::move(cache_dir_in)),
      lab({.program = std::move(program),
           .data_dir = layout.root,
           .cache_dir = cache_dir,
           .jobs = layout.lab_jobs()}),
      profiles(layout.profiles()) {}

Result<int64_t> ControlPlane::NeededBytes(const spec::Deployment& deployment) const {
  RL_ASSIGN_OR_RETURN(const CatalogEntry* entry, catalog.Find(deployment.model));
  RL_ASSIGN_OR_RETURN(const backends::Backend* backend,
                      backends::FindBackend(deployment.engine.engine));
  if (deployment.gpus.count > 0) return 0;
  int64_t needed_bytes = 0;
  for (const auto& term : backend->MemoryTerms(entry->spec, deployment.engine.resolved))
    needed_bytes += term.num_bytes;
  return needed_bytes;
}

void ControlPlane::RunControllers() {
  // One pass can make another one useful; each brings the state nearer to what is wanted, so few
  // are enough, and the rest is for the next tick.
  constexpr int kMostPasses = 4;
  for (int pass = 0; pass < kMostPasses; ++pass) {
    const WriteBatch batch = Reconcile(state(), need(), {MonotonicNow(), UnixMillis()});
    if (batch.empty()) break;
    const Status committed = cluster->Commit(batch);
    // It is tried again with every tick; the log hears of it once.
    if (!committed.ok() && committed.message() != last_problem_)
      LogError("controllers", "will be tried again: {}", committed.message());
    last_problem_ = committed.message();
    if (!committed.ok()) break;
  }
}

void ControlPlane::Settle() {
  lab.Poll();
  RunControllers();
  logs.ExpireOld(MonotonicNow());
  polls.RunAll(MonotonicNow());
}

}  // namespace redline::platform
