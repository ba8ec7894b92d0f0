// The architectures this engine has: one line each in registry.cc.
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "base/status.h"
#include "engine/kernels/registry.h"
#include "engine/model/model.h"

namespace redline::engine {

using ModelFactory = Result<std::unique_ptr<Model>> (*)(const Checkpoint& checkpoint,
                                                        const KernelSet& kernels, ThreadPool& pool,
                                                        const ModelOptions& options);

struct Architecture {
  std::string_view name;  // ModelConfig::architecture
  ModelFactory make;
};
std::span<const Architecture> Architectures();

}  // namespace redline::engine
