// A layer of DeepSeek's sparse attention as a whole: projections, indexer, choice and attention,
// which was measured as one (aiconfigurator's dsa_*_module tables). Its speed of light, of which
// the curves "dsa_decode", "dsa_prefill_dense" and "dsa_prefill_sparse" are multiples. Pure
// functions.
#pragma once

#include "planner/cost/speed_of_light.h"
#include "planner/model/model_shape.h"

namespace redline::planner {

struct SparseModule {
  double heads = 0;  // on a rank
  double hidden_size = 0;
  double query_rank = 0;
  double latent_rank = 0;
  double nope = 0;
  double rope = 0;
  double value = 0;
  double index_heads = 0;
  double index_dim = 0;
  double top_k = 0;
  double row_bytes = 0;        // of a token in the cache
  double index_row_bytes = 0;  // of its key for the indexer

  bool operator==(const SparseModule&) const = default;
};

// What the tables of DeepSeek-V3.2 were measured with.
SparseModule DeepSeekV32Module(double heads);

// One token of each of `requests`, with `context_tokens` in their caches together.
double DecodeLight(const GpuPeaks& peaks, const SparseModule& module, double requests,
                   double context_tokens);

// Pieces of prompts, as sums over them.
struct PrefillSums {
  double tokens = 0;
  double context = 0;     // tokens up to the end of each piece
  double pairs = 0;       // of a query and a token before it
  double seen_pairs = 0;  // the same, at most top_k a query
};
void AddPiece(double new_tokens, double prefix_tokens, double top_k, PrefillSums& sums);
double PrefillLight(const GpuPeaks& peaks, const SparseModule& module, const PrefillSums& sums,
                    bool is_dense);

}  // namespace redline::planner
