// A whole matmul on the compute pool.
#pragma once

#include <cstddef>
#include <span>

#include "engine/kernels/registry.h"
#include "engine/kernels/thread_pool.h"

namespace redline::engine {

// Of `scratch`, for `num_rows` rows and weights of any type.
int64_t MatmulScratchBytes(const KernelSet& kernels, int64_t in_features, int64_t num_rows);

// Every part over all rows of `args` (at least one). The division of work among threads never
// changes a result. `scratch`: aligned to 64.
void ParallelMatmul(const KernelSet& kernels, ThreadPool& pool, const MatmulArgs& args,
                    std::span<const MatmulPart> parts, std::byte* scratch);

}  // namespace redline::engine
