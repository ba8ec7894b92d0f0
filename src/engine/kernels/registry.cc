#include "engine/kernels/registry.h"

#include <cstdlib>
#include <string>

#include "base/strings.h"
#include "engine/kernels/cpu_features.h"

namespace redline::engine {
namespace {

constexpr KernelSet kRef = {"ref",   MatmulRef,  AttentionRef, RmsNormRef,
                            RopeRef, SiluMulRef, ArgmaxRef,    LogSumExpRef};

}  // namespace

std::vector<const KernelSet*> AvailableKernels() { return {&kRef}; }

Result<const KernelSet*> SelectKernels(std::string_view isa_name) {
  if (isa_name.empty()) {
    const char* forced = std::getenv("REDLINE_ISA");
    if (forced != nullptr) isa_name = forced;
  }
  const std::vector<const KernelSet*> available = AvailableKernels();
  if (isa_name.empty()) return available.back();
  std::vector<std::string> names;
  for (const KernelSet* kernels : available) {
    if (kernels->name == isa_name) return kernels;
    names.emplace_back(kernels->name);
  }
  return InvalidArgument("instruction set \"" + std::string(isa_name) +
                             "\" is not available; this machine can run: " + Join(names, ", "),
                         "REDLINE_ISA");
}

}  // namespace redline::engine
