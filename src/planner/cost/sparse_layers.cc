#include "planner/cost/sparse_layers.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace redline::planner {
namespace {

std::string_view DtypeOf(const EngineKernels& kernels) {
  return kernels.cache_dtype == CacheDtype::kFp8 ? "fp8" : "bfloat16";
}

const LatentAttention* SparseAttentionOf(const LayerGroup& group) {
  const auto* latent = std::get_if<LatentAttention>(&group.attention);
  return latent != nullptr && latent->indexer.has_value() ? latent : nullptr;
}

// The engine's own curve: another engine's kernels are others.
const Curve* OwnCurve(const KernelSet& curves, std::string_view op, const EngineKernels& kernels) {
  const Curve* curve = curves.Find(op, kernels.engine, kernels.version, DtypeOf(kernels));
  if (curve == nullptr) curve = curves.Find(op, kernels.engine, kernels.version, "bfloat16");
  return curve != nullptr && curve->engine == kernels.engine ? curve : nullptr;
}

SparseModule ModuleOf(const ModelShape& shape, const LatentAttention& latent,
                      const EngineKernels& kernels) {
  const Indexer& indexer = *latent.indexer;
  const CacheRow row = CacheRowOf(latent, kernels.cache_dtype, kernels.layout.attention_tp);
  return {.heads = std::max(1.0, static_cast<double>(latent.num_heads) /
                                     static_cast<double>(kernels.layout.attention_tp)),
          .hidden_size = static_cast<double>(shape.hidden_size),
          .query_rank = static_cast<double>(latent.q_lora_rank),
          .latent_rank = static_cast<double>(latent.kv_lora_rank),
          .nope = static_cast<double>(latent.qk_nope_head_dim),
          .rope = static_cast<double>(latent.qk_rope_head_dim),
          .value = static_cast<double>(latent.v_head_dim),
          .index_heads = indexer.is_shared ? 0 : static_cast<double>(indexer.num_heads),
          .index_dim = static_cast<double>(indexer.head_dim),
          .top_k = static_cast<double>(indexer.top_k),
          .row_bytes = static_cast<double>(row.attention_bytes),
          .index_row_bytes = static_cast<double>(row.indexer_bytes)};
}

}  // namespace

bool SparseLayers::Covers(const LayerGroup& group, const EngineKernels& kernels,
                          const KernelSet& curves) {
  return SparseAttentionOf(group) != nullptr &&
         OwnCurve(curves, "dsa_decode", kernels) != nullptr &&
         OwnCurve(curves, "dsa_prefill_sparse", kernels) != nullptr;
}

SparseLayers::SparseLayers(const ModelShape& shape, const EngineKernels& kernels,
                           const KernelSet& curves, const GpuPeaks& peaks)
    : peaks_(peaks) {
  for (const LayerGroup& group : shape.groups) {
    if (!Covers(group, kernels, curves)) continue;
    const SparseModule module = ModuleOf(shape, *SparseAttentionOf(group), kernels);
    // Groups that differ in their FFN alone are asked for once.
    auto same = std::find_if(groups_.begin(), groups_.end(),
                             [&](const Group& known) { return known.module == module; });
    if (same == groups_.end()) same = groups_.insert(same, {.module = module});
    same->num_layers += static_cast<double>(group.num_layers);
  }
  if (groups_.empty()) return;
  decode_ = OwnCurve(curves, "dsa_decode", kernels);
  sparse_ = OwnCurve(curves, "dsa_prefill_sparse", kernels);
  if (kernels.dense_short_prompts) dense_ = OwnCurve(curves, "dsa_prefill_dense", kernels);
}

double SparseLayers::DecodeSeconds(double requests, double context_tokens) const {
  if (requests <= 0) return 0;
  double seconds = 0;
  for (const Group& group : groups_) {
    const std::array<double, 3> place = {group.module.heads, requests,
                                         std::max(context_tokens / requests, 1.0)};
    seconds += group.num_layers * DecodeLight(peaks_, group.module, requests, context_tokens) *
               ReadCurve(*decode_, place).ratio;
  }
  return seconds;
}

double SparseLayers::PrefillSeconds(std::span<const PrefillChunk> chunks, double decode_requests,
                                    double decode_context_tokens) const {
  double seconds = 0;
  for (const Group& group : groups_) {
    PrefillSums sums;
    double pieces = 0;
    double longest = 0;
    for (const PrefillChunk& chunk : chunks) {
      const auto tokens = static_cast<double>(chunk.new_tokens);
      const auto prefix = static_cast<double>(chunk.prefix_tokens);
      AddPiece(tokens, prefix, group.module.top_k, sums);
      longest = std::max(longest, tokens + prefix);
      ++pieces;
    }
    if (decode_requests > 0) {
      PrefillSums one;
      AddPiece(1, decode_context_tokens / decode_requests, group.module.top_k, one);
      sums.tokens += decode_requests;
      sums.context += decode_requests * one.context;
      sums.pairs += decode_requests * one.pairs;
      sums.seen_pairs += decode_requests * one.seen_pairs;
      pieces += decode_requests;
    }
    if (sums.tokens <= 0) continue;
    const bool is_dense = dense_ != nullptr && longest <= group.module.top_k;
    const std::array<double, 3> place = {group.module.heads, sums.tokens,
                                         std::max(sums.context / pieces, 1.0)};
    seconds += group.num_layers * PrefillLight(peaks_, group.module, sums, is_dense) *
               ReadCurve(is_dense ? *dense_ : *sparse_, place).ratio;
  }
  return seconds;
}

}  // namespace redline::planner
