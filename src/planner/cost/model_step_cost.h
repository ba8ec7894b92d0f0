// The cost of an engine's steps: kernels from curves, attention from its arithmetic, the engine's
// own habits from its calibration. Built once for a configuration; a question then takes a few
// dozen operations. Immutable and thread-safe.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "planner/cost/attention_cost.h"
#include "planner/cost/calibration.h"
#include "planner/cost/engine_kernels.h"
#include "planner/cost/explained_step_cost.h"
#include "planner/cost/kernel_set.h"
#include "planner/cost/layer_costs.h"
#include "planner/cost/operation.h"
#include "planner/cost/sparse_layers.h"
#include "planner/model/model_shape.h"

namespace redline::planner {

struct StepCostInputs {
  const ModelShape* shape = nullptr;
  EngineKernels kernels;
  const KernelSet* curves = nullptr;
  GpuPeaks peaks;
  EngineCalibration calibration;
};

class ModelStepCost : public ExplainedStepCost {
 public:
  // kUnimplemented for a layout that no formula here covers (pipelines).
  static Result<std::unique_ptr<ModelStepCost>> Make(const StepCostInputs& inputs);

  double SecondsOf(std::span<const RankStep> ranks) const override;
  // The same by operation; their sum is SecondsOf.
  OperationTimes TimesOf(std::span<const RankStep> ranks) const override;
  // Where the costs are not from measurements.
  const std::vector<std::string>& notes() const override { return notes_; }

 private:
  // Seconds of all layers by the number of tokens, dense at first, then every kStride.
  class TokenTable {
   public:
    void Build(const std::vector<double>& log_grid, const std::vector<double>& values);
    double At(double tokens) const;

   private:
    std::vector<float> dense_;
    std::vector<float> coarse_;
  };
  struct SideTables {
    TokenTable decode;
    TokenTable prefill;
  };

  explicit ModelStepCost(const StepCostInputs& inputs);
  void BuildTables();
  double AttentionOf(const RankStep& rank, bool has_prefill) const;
  double DecodeTokens(const RankStep& rank) const;
  bool ReplaysGraph(double tokens) const;
  OperationTimes Scale(OperationTimes times, bool has_prefill) const;

  const StepCostInputs inputs_;
  const LayerCosts layers_;
  const AttentionCost attention_;
  const SparseLayers sparse_;
  const double num_layers_;
  SideTables rank_side_;
  SideTables all_side_;
  TokenTable head_;
  std::vector<std::string> notes_;
};

}  // namespace redline::planner
