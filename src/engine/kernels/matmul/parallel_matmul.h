// A whole matmul on the compute pool.
#pragma once

#include <span>

#include "engine/kernels/registry.h"
#include "engine/kernels/thread_pool.h"

namespace redline::engine {

// Every part over all rows of `args` (at least one). The division of work among threads never
// changes a result.
void ParallelMatmul(const KernelSet& kernels, ThreadPool& pool, const MatmulArgs& args,
                    std::span<const MatmulPart> parts);

}  // namespace redline::engine
