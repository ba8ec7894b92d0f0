// What one layer's matrix products, experts and collectives take for a number of tokens.
#pragma once

#include <string>
#include <vector>

#include "planner/cost/engine_kernels.h"
#include "planner/cost/kernel_set.h"
#include "planner/cost/operation.h"
#include "planner/cost/speed_of_light.h"
#include "planner/model/model_shape.h"

namespace redline::planner {

// Where a cost left what was measured: "gemm: n 196608 is outside of 64..65536". Each once.
class Coverage {
 public:
  void Note(const std::string& what);
  const std::vector<std::string>& notes() const { return notes_; }

 private:
  std::vector<std::string> notes_;
};

class LayerCosts {
 public:
  // `shape`, `kernels` and `curves` outlive it.
  LayerCosts(const ModelShape& shape, const EngineKernels& kernels, const KernelSet& curves,
             const GpuPeaks& peaks);

  // What a rank does with the tokens of its own requests: projections, norms.
  OperationTimes AttentionSide(const LayerGroup& group, double rank_tokens) const;
  // What all ranks of a replica do together with the tokens of all: experts, FFN, collectives.
  OperationTimes FfnSide(const LayerGroup& group, double all_tokens) const;
  // The LM head for so many rows of all ranks.
  double HeadSeconds(double rows) const;

  const Coverage& coverage() const { return coverage_; }

 private:
  const Curve* CurveOf(std::string_view op, GemmType type) const;
  double Gemm(GemmType type, double m, double n, double k) const;
  GemmType TypeOf(const LayerGroup& group, Module module) const;
  double AttentionGemms(const LayerGroup& group, double tokens) const;
  double Experts(const LayerGroup& group, const MoeFfn& ffn, double tokens) const;
  double Collectives(double tokens) const;
  double AllReduce(double tokens, double num_gpus) const;

  const ModelShape& shape_;
  const EngineKernels& kernels_;
  const KernelSet& curves_;
  const GpuPeaks peaks_;
  mutable Coverage coverage_;
};

}  // namespace redline::planner
