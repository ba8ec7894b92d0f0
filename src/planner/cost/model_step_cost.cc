#include "planner/cost/model_step_cost.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace redline::planner {
namespace {

constexpr int kDense = 1024;  // tokens that have a value each
constexpr int kStride = 64;   // above
constexpr int kLargest = 32768;
constexpr int kGridPoints = 48;

std::vector<double> LogGrid() {
  std::vector<double> grid;
  for (int index = 0; index < kGridPoints; ++index) {
    const double exponent = std::log(static_cast<double>(kLargest)) * index / (kGridPoints - 1);
    const double tokens = std::round(std::exp(exponent));
    if (grid.empty() || tokens > grid.back()) grid.push_back(tokens);
  }
  return grid;
}

double Interpolate(const std::vector<double>& grid, const std::vector<double>& values,
                   double tokens) {
  const auto above = std::upper_bound(grid.begin() + 1, grid.end() - 1, tokens);
  const auto index = static_cast<size_t>(above - grid.begin());
  const double share = (tokens - grid[index - 1]) / (grid[index] - grid[index - 1]);
  return values[index - 1] + share * (values[index] - values[index - 1]);
}

}  // namespace

void ModelStepCost::TokenTable::Build(const std::vector<double>& log_grid,
                                      const std::vector<double>& values) {
  dense_.assign(1, 0.0F);
  for (int tokens = 1; tokens <= kDense; ++tokens) {
    dense_.push_back(static_cast<float>(Interpolate(log_grid, values, tokens)));
  }
  coarse_.clear();
  for (int tokens = kDense; tokens <= kLargest; tokens += kStride) {
    coarse_.push_back(static_cast<float>(Interpolate(log_grid, values, tokens)));
  }
}

double ModelStepCost::TokenTable::At(double tokens) const {
  if (tokens <= kDense) {
    const auto below = static_cast<size_t>(std::max(tokens, 0.0));
    const size_t above = std::min<size_t>(below + 1, kDense);
    const double share = tokens - static_cast<double>(below);
    return dense_[below] + share * (dense_[above] - dense_[below]);
  }
  if (tokens >= kLargest) return coarse_.back() * tokens / kLargest;
  const double place = (tokens - kDense) / kStride;
  const auto below = static_cast<size_t>(place);
  const size_t above = std::min(below + 1, coarse_.size() - 1);
  return coarse_[below] + (place - static_cast<double>(below)) * (coarse_[above] - coarse_[below]);
}

Result<std::unique_ptr<ModelStepCost>> ModelStepCost::Make(const StepCostInputs& inputs) {
  if (inputs.kernels.layout.pipeline > 1) {
    return Unimplemented(fmt::format("pipeline parallelism ({} stages) is not in the cost model",
                                     inputs.kernels.layout.pipeline),
                         "pp_size");
  }
  return std::unique_ptr<ModelStepCost>(new ModelStepCost(inputs));
}

ModelStepCost::ModelStepCost(const StepCostInputs& inputs)
    : inputs_(inputs),
      layers_(*inputs_.shape, inputs_.kernels, *inputs_.curves, inputs_.peaks),
      attention_(*inputs_.shape, inputs_.kernels, *inputs_.curves, inputs_.peaks),
      sparse_(*inputs_.shape, inputs_.kernels, *inputs_.curves, inputs_.peaks),
      num_layers_(static_cast<double>(inputs_.shape->num_layers())) {
  BuildTables();
  notes_ = layers_.coverage().notes();
}

OperationTimes ModelStepCost::Scale(OperationTimes times, bool has_prefill) const {
  const OpScales& scales = inputs_.calibration.scales;
  if (has_prefill) {
    for (double& seconds : times.seconds) seconds *= scales.prefill;
    return times;
  }
  for (const Operation operation :
       {Operation::kAttentionGemm, Operation::kDenseFfn, Operation::kSharedExperts}) {
    times[operation] *= scales.gemm;
  }
  times[Operation::kExperts] *= scales.experts;
  times[Operation::kCommunication] *= scales.communication;
  return times;
}

void ModelStepCost::BuildTables() {
  const std::vector<double> grid = LogGrid();
  std::vector<double> rank_decode;
  std::vector<double> rank_prefill;
  std::vector<double> all_decode;
  std::vector<double> all_prefill;
  std::vector<double> head;
  for (const double tokens : grid) {
    OperationTimes rank_times;
    OperationTimes all_times;
    for (const LayerGroup& group : inputs_.shape->groups) {
      const auto count = static_cast<double>(group.num_layers);
      rank_times.Add(layers_.AttentionSide(group, tokens), count);
      all_times.Add(layers_.FfnSide(group, tokens), count);
    }
    rank_decode.push_back(Scale(rank_times, false).Total());
    rank_prefill.push_back(Scale(rank_times, true).Total());
    all_decode.push_back(Scale(all_times, false).Total());
    all_prefill.push_back(Scale(all_times, true).Total());
    head.push_back(layers_.HeadSeconds(tokens));
  }
  rank_side_.decode.Build(grid, rank_decode);
  rank_side_.prefill.Build(grid, rank_prefill);
  all_side_.decode.Build(grid, all_decode);
  all_side_.prefill.Build(grid, all_prefill);
  head_.Build(grid, head);
}

double ModelStepCost::DecodeTokens(const RankStep& rank) const {
  return static_cast<double>(rank.decode_requests * inputs_.kernels.decode_tokens_per_request);
}

double ModelStepCost::AttentionOf(const RankStep& rank, bool has_prefill) const {
  const OpScales& scales = inputs_.calibration.scales;
  const auto requests = static_cast<double>(rank.decode_requests);
  const auto context = static_cast<double>(rank.decode_context_tokens);
  double decode = attention_.DecodeSeconds(requests, context);
  double prefill = 0;
  for (const PrefillChunk& chunk : rank.prefill) prefill += attention_.PrefillSeconds(chunk);
  if (has_prefill) {
    prefill += sparse_.PrefillSeconds(rank.prefill, requests, context);
  } else {
    decode += sparse_.DecodeSeconds(DecodeTokens(rank), context);
  }
  return scales.decode_attention * decode + scales.prefill_attention * prefill;
}

bool ModelStepCost::ReplaysGraph(double tokens) const {
  const EngineKernels& kernels = inputs_.kernels;
  if (tokens > static_cast<double>(kernels.max_graph_tokens)) return false;
  return kernels.pads_graphs ||
         std::find(kernels.graph_sizes.begin(), kernels.graph_sizes.end(),
                   static_cast<int64_t>(tokens)) != kernels.graph_sizes.end();
}

namespace {

struct StepTokens {
  double slowest_rank = 0;  // tokens of the rank that has most
  double all = 0;
  double most_decodes = 0;
  double rows = 0;
  bool has_prefill = false;
};

bool AnyPrefill(std::span<const RankStep> ranks) {
  return std::any_of(ranks.begin(), ranks.end(),
                     [](const RankStep& rank) { return !rank.prefill.empty(); });
}

}  // namespace

double ModelStepCost::SecondsOf(std::span<const RankStep> ranks) const {
  StepTokens step;
  step.has_prefill = AnyPrefill(ranks);
  double slowest_attention = 0;
  for (const RankStep& rank : ranks) {
    double tokens = DecodeTokens(rank);
    step.most_decodes = std::max(step.most_decodes, tokens);
    for (const PrefillChunk& chunk : rank.prefill) tokens += static_cast<double>(chunk.new_tokens);
    step.all += tokens;
    step.slowest_rank = std::max(step.slowest_rank, tokens);
    step.rows += static_cast<double>(rank.sampled_rows);
    slowest_attention = std::max(slowest_attention, AttentionOf(rank, step.has_prefill));
  }
  if (step.all <= 0) return 0;
  const EngineCalibration& calibration = inputs_.calibration;
  const double kernels =
      (step.has_prefill ? rank_side_.prefill : rank_side_.decode).At(step.slowest_rank) +
      (step.has_prefill ? all_side_.prefill : all_side_.decode).At(step.all) + head_.At(step.rows) +
      slowest_attention;
  if (step.has_prefill) {
    return std::max(kernels, num_layers_ * calibration.prefill_layer_ms * 1e-3) +
           calibration.prefill_step_ms * 1e-3;
  }
  const double floor =
      ReplaysGraph(step.most_decodes) ? 0 : num_layers_ * calibration.eager_layer_ms * 1e-3;
  return std::max(kernels, floor) + calibration.decode_step_ms * 1e-3;
}

OperationTimes ModelStepCost::TimesOf(std::span<const RankStep> ranks) const {
  StepTokens step;
  step.has_prefill = AnyPrefill(ranks);
  OperationTimes times;
  for (const RankStep& rank : ranks) {
    double tokens = DecodeTokens(rank);
    for (const PrefillChunk& chunk : rank.prefill) tokens += static_cast<double>(chunk.new_tokens);
    step.all += tokens;
    step.slowest_rank = std::max(step.slowest_rank, tokens);
    step.rows += static_cast<double>(rank.sampled_rows);
    times[Operation::kAttention] =
        std::max(times[Operation::kAttention], AttentionOf(rank, step.has_prefill));
  }
  if (step.all <= 0) return {};
  OperationTimes layers;
  for (const LayerGroup& group : inputs_.shape->groups) {
    const auto count = static_cast<double>(group.num_layers);
    layers.Add(layers_.AttentionSide(group, step.slowest_rank), count);
    layers.Add(layers_.FfnSide(group, step.all), count);
  }
  times.Add(Scale(layers, step.has_prefill));
  times[Operation::kHead] = layers_.HeadSeconds(step.rows);
  // What is left of the step is the host's.
  const double total = SecondsOf(ranks);
  const EngineCalibration& calibration = inputs_.calibration;
  times[Operation::kHost] =
      (step.has_prefill ? calibration.prefill_step_ms : calibration.decode_step_ms) * 1e-3;
  times[Operation::kLaunch] = std::max(0.0, total - times.Total());
  return times;
}

}  // namespace redline::planner
