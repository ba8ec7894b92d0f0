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

// Whether ParallelGatedMatmul can make the rows of `down` with these weights.
bool CanGate(const KernelSet& kernels, std::span<const MatmulPart> gate_up,
             std::span<const MatmulPart> down);
// The gated matmul of matmul.h over the rows of `args.x`. The result may be given to ParallelMatmul
// as `rows_in_form`. `scratch` as above; `out_rows`: aligned to 64, NumRowGroups of RowGroupBytes.
void ParallelGatedMatmul(const KernelSet& kernels, ThreadPool& pool, const MatmulArgs& args,
                         std::span<const MatmulPart> gate_up, std::byte* scratch,
                         std::byte* out_rows);

}  // namespace redline::engine
