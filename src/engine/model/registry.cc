#include "engine/model/registry.h"

#include <array>
#include <string>
#include <vector>

#include "base/strings.h"
#include "engine/model/llama.h"

namespace redline::engine {
namespace {

constexpr std::array<Architecture, 1> kArchitectures = {{
    {"llama", MakeLlama},
}};

}  // namespace

std::span<const Architecture> Architectures() { return kArchitectures; }

Result<std::unique_ptr<Model>> MakeModel(const Checkpoint& checkpoint, ThreadPool& pool,
                                         const ModelOptions& options) {
  RL_ASSIGN_OR_RETURN(const KernelSet* kernels, SelectKernels(options.isa));
  std::vector<std::string> known;
  for (const Architecture& architecture : kArchitectures) {
    if (architecture.name == checkpoint.config().architecture)
      return architecture.make(checkpoint, *kernels, pool, options);
    known.emplace_back(architecture.name);
  }
  return Unimplemented("architecture \"" + checkpoint.config().architecture +
                       "\" is not known to this engine; it has: " + Join(known, ", "));
}

}  // namespace redline::engine
