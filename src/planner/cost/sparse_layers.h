// Layers of sparse attention whose module was measured as a whole: projections, indexer and
// attention in one. Immutable.
#pragma once

#include <span>
#include <vector>

#include "planner/cost/engine_kernels.h"
#include "planner/cost/kernel_set.h"
#include "planner/cost/sparse_module.h"
#include "planner/model/model_shape.h"
#include "planner/step_cost.h"

namespace redline::planner {

class SparseLayers {
 public:
  // `curves` outlives it.
  SparseLayers(const ModelShape& shape, const EngineKernels& kernels, const KernelSet& curves,
               const GpuPeaks& peaks);

  // Whether this group of layers is covered here (AttentionCost and LayerCosts then leave it out).
  static bool Covers(const LayerGroup& group, const EngineKernels& kernels,
                     const KernelSet& curves);

  // Of all covered layers on one rank; 0 for an idle one.
  double DecodeSeconds(double requests, double context_tokens) const;
  // Decodes that run along are pieces of one token.
  double PrefillSeconds(std::span<const PrefillChunk> chunks, double decode_requests,
                        double decode_context_tokens) const;

 private:
  struct Group {
    double num_layers = 0;
    SparseModule module;
  };

  const GpuPeaks peaks_;
  std::vector<Group> groups_;
  const Curve* decode_ = nullptr;
  const Curve* sparse_ = nullptr;
  const Curve* dense_ = nullptr;  // null: short prompts take the sparse form, too
};

}  // namespace redline::planner
