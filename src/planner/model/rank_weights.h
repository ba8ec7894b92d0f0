// What of a model's weights lies on one rank of an engine: the one that has most.
#pragma once

#include <cstdint>
#include <string>

#include "base/status.h"
#include "planner/model/weight_totals.h"

namespace redline::planner {

// Among how many ranks each part is divided. Where a dimension does not divide evenly, the rank
// with the larger part counts; heads stay whole, and key-value heads are there at least once.
struct WeightPlacement {
  int64_t attention_tp_size = 1;  // ranks that share the attention of one request
  int64_t dense_tp_size = 1;      // that share a dense FFN
  int64_t shared_expert_tp_size = 1;
  int64_t expert_parallel_size = 1;  // that share out the experts
  int64_t expert_tp_size = 1;        // that share each of them
  int64_t embedding_tp_size = 1;
  int64_t head_tp_size = 1;
  // Stages of consecutive layers, as even as can be, the longer ones first; the embedding is on the
  // first, head and prediction layers are on the last.
  int64_t pp_size = 1;
  bool loads_prediction = false;  // whether multi-token prediction is on
};

// Everything is divided by tp; experts by expert parallelism as far as it goes (SGLang's and vLLM's
// --tp and --ep-size).
WeightPlacement TensorParallel(int64_t tp_size, int64_t ep_size = 1);

// SGLang's --enable-dp-attention with --dp-size: attention is divided by tp / dp and the embedding
// is whole on each rank, the rest is divided by tp.
WeightPlacement DataParallelAttention(int64_t tp_size, int64_t dp_size, int64_t ep_size = 1);

struct RankWeights {
  ByTensorClass bytes;
  int64_t stage = 0;       // of the pipeline
  int64_t num_layers = 0;  // of that stage
};

// kInvalidArgument when a size is not positive or there are more stages than layers.
Result<RankWeights> HeaviestRank(const ModelShape& shape, const WeightPlacement& placement);

}  // namespace redline::planner
