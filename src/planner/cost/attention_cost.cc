#include "planner/cost/attention_cost.h"

#include <algorithm>
#include <cmath>

#include "planner/cost/sparse_layers.h"
#include "planner/cost/sparse_module.h"

namespace redline::planner {
namespace {

constexpr double kMicro = 1e-6;
// FlashMLA's sparse kernels work on blocks of as many query heads.
constexpr double kPaddedHeads = 64;

double HeadsOnRank(int64_t num_heads, int64_t tp) {
  return std::max(1.0, std::ceil(static_cast<double>(num_heads) / static_cast<double>(tp)));
}

}  // namespace

AttentionCost::Terms AttentionCost::TermsOf(const GroupedQueryAttention& attention,
                                            const EngineKernels& kernels, const GpuPeaks& peaks,
                                            const AttentionEfficiency& efficiency) {
  const double heads = HeadsOnRank(attention.num_heads, kernels.layout.attention_tp);
  const double row = static_cast<double>(
      CacheRowOf(attention, kernels.cache_dtype, kernels.layout.attention_tp).attention_bytes);
  const double flops_per_pair = 4 * heads * static_cast<double>(attention.head_dim);
  const auto window = static_cast<double>(attention.sliding_window);
  return {
      .decode = {.floor = efficiency.decode_floor_us * kMicro,
                 .bytes_per_seen =
                     row / (efficiency.decode_bandwidth * peaks.memory_bytes_per_second),
                 .most_seen = window},
      .prefill = {.per_seen_pair = flops_per_pair / (efficiency.prefill_flops * peaks.bf16_flops),
                  .most_seen = window}};
}

AttentionCost::Terms AttentionCost::TermsOf(const LatentAttention& attention,
                                            const EngineKernels& kernels, const GpuPeaks& peaks,
                                            const AttentionEfficiency& efficiency) {
  const CacheRow row = CacheRowOf(attention, kernels.cache_dtype, kernels.layout.attention_tp);
  const double heads = HeadsOnRank(attention.num_heads, kernels.layout.attention_tp);
  const auto latent = static_cast<double>(attention.kv_lora_rank);
  const auto rope = static_cast<double>(attention.qk_rope_head_dim);
  const auto nope = static_cast<double>(attention.qk_nope_head_dim);
  const auto value = static_cast<double>(attention.v_head_dim);
  const double absorbed_flops = 2 * (2 * latent + rope);  // of a pair and head
  const double bandwidth = peaks.memory_bytes_per_second;
  const double dense_pair =
      2 * heads * (nope + rope + value) / (efficiency.latent_prefill_flops * peaks.bf16_flops);
  // Keys and values of all heads from the latent vectors, for what the chunk sees.
  const double dense_context = 2 * heads * (nope + value) * latent / (0.6 * peaks.bf16_flops);
  if (!attention.indexer.has_value()) {
    return {.decode = {.floor = efficiency.latent_decode_floor_us * kMicro,
                       .bytes_per_seen = static_cast<double>(row.attention_bytes) /
                                         (efficiency.latent_decode_bandwidth * bandwidth),
                       .flops_per_seen = heads * absorbed_flops /
                                         (efficiency.latent_decode_flops * peaks.bf16_flops)},
            .prefill = {.per_context = dense_context, .per_pair = dense_pair}};
  }
  const Indexer& indexer = *attention.indexer;
  const auto most_seen = static_cast<double>(indexer.top_k);
  const double padded = std::max(heads, kPaddedHeads);
  const double decode_heads = kernels.pads_heads_in_decode ? padded : heads;
  const double prefill_heads = kernels.pads_heads_in_prefill ? padded : heads;
  const double index_pair =
      indexer.is_shared
          ? 0
          : 2 * static_cast<double>(indexer.num_heads) * static_cast<double>(indexer.head_dim) /
                (efficiency.indexer_prefill_flops * std::max(peaks.fp8_flops, peaks.bf16_flops));
  return {.decode = {.floor = efficiency.sparse_decode_floor_us * kMicro,
                     .per_context = static_cast<double>(row.indexer_bytes) /
                                    (efficiency.indexer_bandwidth * bandwidth),
                     .bytes_per_seen = static_cast<double>(row.attention_bytes) /
                                       (efficiency.sparse_decode_bandwidth * bandwidth),
                     .flops_per_seen = decode_heads * absorbed_flops /
                                       (efficiency.sparse_decode_flops * peaks.bf16_flops),
                     .most_seen = most_seen},
          .prefill = {.per_token = indexer.is_shared ? 0 : efficiency.indexer_select_ns * 1e-9,
                      .per_pair = index_pair,
                      .per_seen_pair = prefill_heads * absorbed_flops /
                                       (efficiency.sparse_prefill_flops * peaks.bf16_flops),
                      .most_seen = most_seen,
                      .dense_limit = kernels.dense_short_prompts ? most_seen : 0,
                      .dense_per_pair = dense_pair,
                      .dense_per_context = dense_context}};
}

AttentionCost::Terms AttentionCost::TermsOf(const LinearAttention& attention,
                                            const EngineKernels& kernels, const GpuPeaks& peaks,
                                            const AttentionEfficiency& efficiency) {
  const auto state = static_cast<double>(StateBytesOf(attention, kernels.layout.attention_tp));
  const double heads = HeadsOnRank(attention.num_value_heads, kernels.layout.attention_tp);
  const double state_flops = 8 * heads * static_cast<double>(attention.key_head_dim) *
                             static_cast<double>(attention.value_head_dim);
  return {.decode = {.floor = efficiency.linear_floor_us * kMicro,
                     .per_request =
                         2 * state / (efficiency.linear_bandwidth * peaks.memory_bytes_per_second)},
          .prefill = {.floor = efficiency.linear_floor_us * kMicro,
                      // Chunked scans reach a sixth of the peak.
                      .per_token = state_flops / (0.15 * peaks.bf16_flops)}};
}

AttentionCost::AttentionCost(const ModelShape& shape, const EngineKernels& kernels,
                             const KernelSet& curves, const GpuPeaks& peaks) {
  for (const LayerGroup& group : shape.groups) {
    const auto num_layers = static_cast<double>(group.num_layers);
    if (kernels.requantized_pool_tokens > 0) {
      const CacheRow row =
          CacheRowOf(group.attention, CacheDtype::kBf16, kernels.layout.attention_tp);
      const auto pool_bytes = static_cast<double>(row.attention_bytes) *
                              static_cast<double>(kernels.requantized_pool_tokens);
      // Elementwise kernels pass over the pool about nine times: cast, largest value, scale, round,
      // copy. From the one published run that does it (DeepSeek-V3.2, 37 ms a step more).
      requantize_seconds_ += num_layers * 9 * pool_bytes / (0.8 * peaks.memory_bytes_per_second);
    }
    if (SparseLayers::Covers(group, kernels, curves)) continue;
    const Terms terms = std::visit(
        [&](const auto& attention) { return TermsOf(attention, kernels, peaks, curves.attention); },
        group.attention);
    groups_.push_back({.num_layers = num_layers, .terms = terms});
  }
}

double AttentionCost::DecodeSeconds(double requests, double context_tokens) const {
  if (requests <= 0) return 0;
  double seconds = requantize_seconds_;
  for (const Group& group : groups_) {
    const Decode& decode = group.terms.decode;
    double seen = context_tokens;
    if (decode.most_seen > 0) seen = std::min(seen, requests * decode.most_seen);
    const double kernel = std::max(decode.bytes_per_seen, decode.flops_per_seen) * seen;
    seconds += group.num_layers * (decode.floor + decode.per_request * requests +
                                   decode.per_context * context_tokens + kernel);
  }
  return seconds;
}

double AttentionCost::PrefillSeconds(const PrefillChunk& chunk) const {
  const auto new_tokens = static_cast<double>(chunk.new_tokens);
  const auto prefix = static_cast<double>(chunk.prefix_tokens);
  double seconds = 0;
  for (const Group& group : groups_) {
    const Prefill& prefill = group.terms.prefill;
    PrefillSums sums;
    AddPiece(new_tokens, prefix, prefill.most_seen > 0 ? prefill.most_seen : 1e18, sums);
    if (sums.context <= prefill.dense_limit) {
      seconds += group.num_layers *
                 (prefill.dense_per_pair * sums.pairs + prefill.dense_per_context * sums.context);
      continue;
    }
    seconds +=
        group.num_layers *
        (prefill.floor + prefill.per_token * sums.tokens + prefill.per_context * sums.context +
         prefill.per_pair * sums.pairs + prefill.per_seen_pair * sums.seen_pairs);
  }
  return seconds;
}

}  // namespace redline::planner
