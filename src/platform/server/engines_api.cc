// The engines that a deployment may name.
#include "backends/backend.h"
#include "backends/install/engine_store.h"
#include "backends/install/recipe.h"
#include "platform/server/api_io.h"

namespace redline::platform {
namespace {

EngineView ViewOf(const backends::EngineFacts& facts, const std::string& version,
                  const std::filesystem::path& cache_dir) {
  return {.name = facts.name,
          .version = version,
          .is_built_in = facts.is_built_in,
          .can_be_installed =
              !facts.is_built_in && backends::FindInstallRecipe(facts.name, version).ok(),
          .installed =
              facts.is_built_in || backends::FindInstallation(cache_dir, facts.name, version).ok()};
}

}  // namespace

Result<Answer> ListEngines(ControlPlane& plane, const net::HttpRequest&) {
  Items<EngineView> list;
  for (const backends::Backend* backend : backends::AllBackends()) {
    const backends::EngineFacts& facts = backend->facts();
    for (const std::string& version : facts.versions)
      list.items.push_back(ViewOf(facts, version, plane.cache_dir));
  }
  return AnswerWith(list);
}

}  // namespace redline::platform
