#include "planner/cost/sparse_module.h"

#include <algorithm>

namespace redline::planner {
namespace {

// Weights are read once, tokens are multiplied: the larger of both.
double ProjectionsLight(const GpuPeaks& peaks, const SparseModule& module, double tokens) {
  const double elements =
      module.hidden_size * (module.query_rank + module.latent_rank + module.rope) +
      module.query_rank * module.heads * (module.nope + module.rope) +
      module.heads * module.value * module.hidden_size +
      module.query_rank * module.index_heads * module.index_dim;
  const double absorbed = module.heads * (module.nope + module.value) * module.latent_rank;
  const double arithmetic = 2 * tokens * elements / FlopsOf(peaks, GemmType::kFp8Block) +
                            2 * tokens * absorbed / peaks.bf16_flops;
  return std::max(arithmetic, (elements + 2 * absorbed) / peaks.memory_bytes_per_second);
}

double AbsorbedFlops(const SparseModule& module) {
  return 2 * module.heads * (2 * module.latent_rank + module.rope);
}

}  // namespace

SparseModule DeepSeekV32Module(double heads) {
  return {.heads = heads,
          .hidden_size = 7168,
          .query_rank = 1536,
          .latent_rank = 512,
          .nope = 128,
          .rope = 64,
          .value = 128,
          .index_heads = 64,
          .index_dim = 128,
          .top_k = 2048,
          .row_bytes = 1152,
          .index_row_bytes = 132};
}

double DecodeLight(const GpuPeaks& peaks, const SparseModule& module, double requests,
                   double context_tokens) {
  const double seen = std::min(context_tokens, requests * module.top_k);
  const double attention = std::max(seen * module.row_bytes / peaks.memory_bytes_per_second,
                                    seen * AbsorbedFlops(module) / peaks.bf16_flops);
  return ProjectionsLight(peaks, module, requests) + attention +
         context_tokens * module.index_row_bytes / peaks.memory_bytes_per_second;
}

void AddPiece(double new_tokens, double prefix_tokens, double top_k, PrefillSums& sums) {
  const auto pairs = [](double tokens, double prefix) {
    return tokens * (tokens + 1) / 2 + tokens * prefix;
  };
  const double growing = std::clamp(top_k - prefix_tokens, 0.0, new_tokens);
  sums.tokens += new_tokens;
  sums.context += new_tokens + prefix_tokens;
  sums.pairs += pairs(new_tokens, prefix_tokens);
  sums.seen_pairs += pairs(growing, prefix_tokens) + (new_tokens - growing) * top_k;
}

double PrefillLight(const GpuPeaks& peaks, const SparseModule& module, const PrefillSums& sums,
                    bool is_dense) {
  const double projections = ProjectionsLight(peaks, module, sums.tokens);
  if (is_dense) {
    const double pair = 2 * module.heads * (module.nope + module.rope + module.value);
    return projections + sums.pairs * pair / peaks.bf16_flops;
  }
  const double index = 2 * module.index_heads * module.index_dim * sums.pairs;
  return projections + sums.seen_pairs * AbsorbedFlops(module) / peaks.bf16_flops +
         index / std::max(peaks.fp8_flops, peaks.bf16_flops) +
         sums.context * module.index_row_bytes / peaks.memory_bytes_per_second;
}

}  // namespace redline::planner
