#include "planner/model/rank_weights.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace redline::planner {
namespace {

constexpr int64_t kMostRanks = 1 << 20;

int64_t ShareOf(int64_t size, int64_t ranks) { return (size + ranks - 1) / ranks; }

int64_t RanksOf(Division division, const WeightPlacement& placement) {
  switch (division) {
    case Division::kNone:
      return 1;
    case Division::kAttention:
    case Division::kKvHeads:
      return placement.attention_tp_size;
    case Division::kDenseFfn:
      return placement.dense_tp_size;
    case Division::kSharedExperts:
      return placement.shared_expert_tp_size;
    case Division::kExperts:
      return placement.expert_tp_size;
    case Division::kEmbedding:
      return placement.embedding_tp_size;
    case Division::kHead:
      return placement.head_tp_size;
  }
  return 1;
}

// The part of it that one rank holds.
WeightTensor PartOf(WeightTensor tensor, const WeightPlacement& placement) {
  const int64_t units = ShareOf(tensor.units, RanksOf(tensor.division, placement));
  int64_t& size = tensor.divides_rows ? tensor.rows : tensor.columns;
  size = size / tensor.units * units;
  if (tensor.division == Division::kExperts)
    tensor.count = ShareOf(tensor.count, placement.expert_parallel_size);
  tensor.units = units;
  return tensor;
}

// Adds up one rank's tensors.
class RankSum {
 public:
  RankSum(const ModelShape& shape, const WeightPlacement& placement)
      : shape_(shape), placement_(placement) {}

  void Add(const WeightTensor& tensor, int64_t times, ModuleSet unquantized) {
    const WeightTensor part = PartOf(tensor, placement_);
    bytes_[tensor.tensor_class] += times * BytesOfTensor(shape_.format, unquantized, part);
  }
  void AddLayers(const LayerGroup& group, int64_t times) {
    if (times == 0) return;
    for (const WeightTensor& tensor : TensorsOfLayer(shape_.hidden_size, group))
      Add(tensor, times, group.unquantized);
  }
  void AddPrediction() {
    const PredictionLayers& prediction = shape_.prediction;
    if (prediction.num_layers == 0 || !placement_.loads_prediction) return;
    for (const WeightTensor& tensor :
         TensorsOfPredictionLayer(shape_.hidden_size, prediction.layer))
      Add(tensor, prediction.num_layers, prediction.layer.unquantized);
  }

  const ByTensorClass& bytes() const { return bytes_; }

 private:
  const ModelShape& shape_;
  const WeightPlacement& placement_;
  ByTensorClass bytes_;
};

ByTensorClass BytesOfStage(const ModelShape& shape, const WeightPlacement& placement,
                           int64_t first_layer, int64_t num_layers) {
  RankSum sum(shape, placement);
  std::vector<int64_t> times(shape.groups.size());
  for (int64_t layer = first_layer; layer < first_layer + num_layers; ++layer)
    ++times[shape.group_of_layer[static_cast<size_t>(layer)]];
  for (size_t group = 0; group < shape.groups.size(); ++group)
    sum.AddLayers(shape.groups[group], times[group]);
  const bool is_first = first_layer == 0;
  const bool is_last = first_layer + num_layers == shape.num_layers();
  if (is_first) sum.Add(EmbeddingOf(shape), 1, ModuleSet());
  if (!is_last) return sum.bytes();
  sum.Add(FinalNormOf(shape), 1, ModuleSet());
  // A head that is the embedding is there once more when the embedding is on another stage.
  if (!shape.has_tied_embeddings || !is_first) sum.Add(HeadOf(shape), 1, ModuleSet());
  sum.AddPrediction();
  return sum.bytes();
}

Status CheckPlacement(const ModelShape& shape, const WeightPlacement& placement) {
  const struct {
    const char* name;
    int64_t size;
  } sizes[] = {{"attention_tp_size", placement.attention_tp_size},
               {"dense_tp_size", placement.dense_tp_size},
               {"shared_expert_tp_size", placement.shared_expert_tp_size},
               {"expert_parallel_size", placement.expert_parallel_size},
               {"expert_tp_size", placement.expert_tp_size},
               {"embedding_tp_size", placement.embedding_tp_size},
               {"head_tp_size", placement.head_tp_size},
               {"pp_size", placement.pp_size}};
  for (const auto& each : sizes)
    if (each.size < 1 || each.size > kMostRanks)
      return InvalidArgument(
          fmt::format("{} must be from 1 to {}, not {}", each.name, kMostRanks, each.size),
          each.name);
  if (placement.pp_size <= shape.num_layers()) return OkStatus();
  return InvalidArgument(fmt::format("pp_size {} is more than the model's {} layers",
                                     placement.pp_size, shape.num_layers()),
                         "pp_size");
}

}  // namespace

WeightPlacement TensorParallel(int64_t tp_size, int64_t ep_size) {
  return {.attention_tp_size = tp_size,
          .dense_tp_size = tp_size,
          .shared_expert_tp_size = tp_size,
          .expert_parallel_size = ep_size,
          .expert_tp_size = std::max<int64_t>(tp_size / std::max<int64_t>(ep_size, 1), 1),
          .embedding_tp_size = tp_size,
          .head_tp_size = tp_size};
}

WeightPlacement DataParallelAttention(int64_t tp_size, int64_t dp_size, int64_t ep_size) {
  WeightPlacement placement = TensorParallel(tp_size, ep_size);
  placement.attention_tp_size = std::max<int64_t>(tp_size / std::max<int64_t>(dp_size, 1), 1);
  placement.embedding_tp_size = 1;
  return placement;
}

Result<RankWeights> HeaviestRank(const ModelShape& shape, const WeightPlacement& placement) {
  RL_RETURN_IF_ERROR(CheckPlacement(shape, placement));
  RankWeights heaviest;
  int64_t first_layer = 0;
  for (int64_t stage = 0; stage < placement.pp_size; ++stage) {
    const int64_t num_layers = shape.num_layers() / placement.pp_size +
                               (stage < shape.num_layers() % placement.pp_size ? 1 : 0);
    const ByTensorClass bytes = BytesOfStage(shape, placement, first_layer, num_layers);
    if (stage == 0 || bytes.Total() > heaviest.bytes.Total())
      heaviest = {.bytes = bytes, .stage = stage, .num_layers = num_layers};
    first_layer += num_layers;
  }
  return heaviest;
}

}  // namespace redline::planner
