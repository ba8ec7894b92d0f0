#include "planner/cost/layer_costs.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "planner/cost/sparse_layers.h"

namespace redline::planner {
namespace {

std::string_view DtypeNameOf(GemmType type) {
  switch (type) {
    case GemmType::kBf16:
      return "bfloat16";
    case GemmType::kFp8:
      return "fp8";
    case GemmType::kFp8Block:
      return "fp8_block";
    case GemmType::kInt4Weights:
    case GemmType::kMxfp4Weights:
      return "int4_wo";
  }
  return "bfloat16";
}

GemmType TypeOfFormat(const NumberFormat& format) {
  switch (format.kind) {
    case NumberFormat::Kind::kFp8Block:
      return GemmType::kFp8Block;
    case NumberFormat::Kind::kFp8Channel:
    case NumberFormat::Kind::kFp8Tensor:
    case NumberFormat::Kind::kInt8Channel:
      return GemmType::kFp8;
    case NumberFormat::Kind::kInt4Group:
    case NumberFormat::Kind::kBlock:
      return GemmType::kInt4Weights;
    case NumberFormat::Kind::kMxFp4:
    case NumberFormat::Kind::kNvFp4:
      return GemmType::kMxfp4Weights;
    case NumberFormat::Kind::kFloat32:
    case NumberFormat::Kind::kFloat16:
      break;
  }
  return GemmType::kBf16;
}

// A share of a dimension on one rank.
double Share(int64_t size, int64_t ranks) {
  return std::max(1.0, static_cast<double>(size) / static_cast<double>(ranks));
}

}  // namespace

void Coverage::Note(const std::string& what) {
  if (std::find(notes_.begin(), notes_.end(), what) == notes_.end()) notes_.push_back(what);
}

LayerCosts::LayerCosts(const ModelShape& shape, const EngineKernels& kernels,
                       const KernelSet& curves, const GpuPeaks& peaks)
    : shape_(shape), kernels_(kernels), curves_(curves), peaks_(peaks) {}

GemmType LayerCosts::TypeOf(const LayerGroup& group, Module module) const {
  const bool is_quantized = shape_.format.IsQuantized() && !group.unquantized.Has(module);
  const NumberFormat& format = is_quantized ? shape_.format.quantized : shape_.format.base;
  if (format.kind == NumberFormat::Kind::kBlock)
    coverage_.Note(
        fmt::format("{}: GGUF's formats were never measured on GPUs; int4 weights are "
                    "assumed",
                    NameOf(format)));
  return TypeOfFormat(format);
}

const Curve* LayerCosts::CurveOf(std::string_view op, GemmType type) const {
  const auto find = [&](std::string_view dtype) {
    return curves_.Find(op, kernels_.engine, kernels_.version, dtype);
  };
  const Curve* exact = find(DtypeNameOf(type));
  // Kernels for fp8 differ in their scales alone: the engine's own come before another engine's.
  if (type == GemmType::kFp8 && (exact == nullptr || exact->engine != kernels_.engine)) {
    const Curve* block = find(DtypeNameOf(GemmType::kFp8Block));
    if (block != nullptr && block->engine == kernels_.engine) return block;
  }
  return exact != nullptr ? exact : find(DtypeNameOf(GemmType::kBf16));
}

double LayerCosts::Gemm(GemmType type, double m, double n, double k) const {
  const double light = GemmSpeedOfLight(peaks_, type, m, n, k);
  const Curve* curve = curves_.Find("gemm", kernels_.engine, kernels_.version, DtypeNameOf(type));
  if (curve == nullptr) curve = curves_.Find("gemm", kernels_.engine, kernels_.version, "bfloat16");
  if (curve == nullptr) {
    coverage_.Note("gemm: never measured; 60% of the peaks is assumed");
    return light / 0.6 + 5e-6;
  }
  const std::array<double, 3> place = {std::max(m, 1.0), n, k};
  const CurveReading reading = ReadCurve(*curve, place);
  // Larger products run as the largest measured ones do; that much is physics.
  const bool is_below = n < curve->axes[1].knots.front() || k < curve->axes[2].knots.front();
  if (!reading.is_covered && is_below && n * k > 1 << 14) {
    coverage_.Note(fmt::format("gemm {}: n {:.0f}, k {:.0f} is smaller than what was measured",
                               DtypeNameOf(type), n, k));
  }
  return light * reading.ratio;
}

double LayerCosts::AttentionGemms(const LayerGroup& group, double tokens) const {
  const auto hidden = static_cast<double>(shape_.hidden_size);
  const int64_t tp = kernels_.layout.attention_tp;
  if (const auto* grouped = std::get_if<GroupedQueryAttention>(&group.attention)) {
    const double queries = Share(grouped->num_heads, tp) * (grouped->has_output_gate ? 2 : 1);
    const double keys = 2 * std::max(1.0, Share(grouped->num_kv_heads, tp));
    const auto dim = static_cast<double>(grouped->head_dim);
    return Gemm(TypeOf(group, Module::kQkv), tokens, (queries + keys) * dim, hidden) +
           Gemm(TypeOf(group, Module::kOutput), tokens, hidden,
                Share(grouped->num_heads, tp) * dim);
  }
  if (const auto* linear = std::get_if<LinearAttention>(&group.attention)) {
    const double keys = Share(linear->num_key_heads * linear->key_head_dim, tp);
    const double values = Share(linear->num_value_heads * linear->value_head_dim, tp);
    return Gemm(TypeOf(group, Module::kLinearQkvz), tokens, 2 * keys + 2 * values, hidden) +
           Gemm(TypeOf(group, Module::kOutput), tokens, hidden, values);
  }
  const auto& latent = std::get<LatentAttention>(group.attention);
  const double heads = Share(latent.num_heads, tp);
  const auto rank = static_cast<double>(latent.kv_lora_rank);
  const auto nope = static_cast<double>(latent.qk_nope_head_dim);
  const auto rope = static_cast<double>(latent.qk_rope_head_dim);
  const auto value = static_cast<double>(latent.v_head_dim);
  const auto query_rank = static_cast<double>(latent.q_lora_rank);
  double seconds = Gemm(TypeOf(group, Module::kQueryUp), tokens, heads * (nope + rope),
                        query_rank > 0 ? query_rank : hidden) +
                   Gemm(TypeOf(group, Module::kKvDown), tokens, query_rank + rank + rope, hidden) +
                   Gemm(TypeOf(group, Module::kOutput), tokens, hidden, heads * value);
  // Queries into the latent space and values out of it: batched products of 16-bit numbers.
  seconds += 8e-6 + 2 * tokens * heads * (nope + value) * rank / (0.5 * peaks_.bf16_flops);
  if (latent.indexer.has_value() && !latent.indexer->is_shared) {
    const auto index_heads = static_cast<double>(latent.indexer->num_heads);
    const auto index_dim = static_cast<double>(latent.indexer->head_dim);
    seconds += Gemm(TypeOf(group, Module::kIndexer), tokens, index_heads * index_dim,
                    std::max(query_rank, 1.0)) +
               Gemm(GemmType::kBf16, tokens, index_dim + index_heads, hidden);
  }
  return seconds;
}

OperationTimes LayerCosts::AttentionSide(const LayerGroup& group, double rank_tokens) const {
  OperationTimes times;
  if (rank_tokens <= 0) return times;
  if (!SparseLayers::Covers(group, kernels_, curves_)) {
    times[Operation::kAttentionGemm] = AttentionGemms(group, rank_tokens);
  }
  // Norms, rotations, residuals, quantisation of activations: about a dozen passes over the hidden
  // state, at 60% of the bandwidth.
  times[Operation::kElementwise] = rank_tokens * static_cast<double>(shape_.hidden_size) * 2 * 12 /
                                       (0.6 * peaks_.memory_bytes_per_second) +
                                   1e-6;
  return times;
}

double LayerCosts::Experts(const LayerGroup& group, const MoeFfn& ffn, double tokens) const {
  const GemmType type = TypeOf(group, Module::kExperts);
  const MoeSize size{.tokens = tokens,
                     .hidden_size = static_cast<double>(shape_.hidden_size),
                     .intermediate_size = static_cast<double>(ffn.expert_intermediate_size),
                     .num_experts = static_cast<double>(ffn.num_experts),
                     .experts_per_token = static_cast<double>(ffn.experts_per_token),
                     .tp = static_cast<double>(kernels_.layout.ffn_tp),
                     .ep = static_cast<double>(kernels_.layout.expert_parallel)};
  const double light = MoeSpeedOfLight(peaks_, type, size);
  const Curve* curve = CurveOf("moe", type);
  if (curve == nullptr) {
    coverage_.Note("moe: never measured; half of the peaks is assumed");
    return light / 0.5 + 40e-6;
  }
  const std::array<double, 3> place = {
      std::max(size.tokens * size.experts_per_token / size.num_experts, 1e-3),
      std::max(size.intermediate_size / size.tp, 1.0), std::max(size.ep, 1.0)};
  return light * ReadCurve(*curve, place).ratio;
}

double LayerCosts::AllReduce(double tokens, double num_gpus) const {
  if (num_gpus <= 1) return 0;
  const double bytes = std::max(256.0, 2 * tokens * static_cast<double>(shape_.hidden_size));
  const double light = AllReduceSpeedOfLight(peaks_, bytes, num_gpus);
  const Curve* curve = curves_.Find("all_reduce", kernels_.engine, kernels_.version, "bfloat16");
  if (curve == nullptr) {
    coverage_.Note("all_reduce: never measured; 60% of the links is assumed");
    return light / 0.6 + 8e-6;
  }
  const std::array<double, 2> place = {bytes, num_gpus};
  const CurveReading reading = ReadCurve(*curve, place);
  if (num_gpus > curve->axes[1].knots.back()) {
    coverage_.Note(fmt::format("all_reduce: {:.0f} GPUs are more than were measured", num_gpus));
  }
  return light * reading.ratio;
}

double LayerCosts::Collectives(double tokens) const {
  const ParallelLayout& layout = kernels_.layout;
  const auto attention_tp = static_cast<double>(layout.attention_tp);
  const auto attention_dp = static_cast<double>(layout.attention_dp);
  const auto sharing = static_cast<double>(layout.ffn_tp * layout.expert_parallel);
  double seconds = AllReduce(tokens / attention_dp, attention_tp);
  if (layout.attention_dp > 1) {
    // An all-gather before and a reduce-scatter after move what one all-reduce does, in two calls.
    seconds += 1.17 * AllReduce(tokens, sharing);
  } else {
    seconds += AllReduce(tokens, sharing);
  }
  return seconds;
}

OperationTimes LayerCosts::FfnSide(const LayerGroup& group, double all_tokens) const {
  OperationTimes times;
  if (all_tokens <= 0) return times;
  const auto hidden = static_cast<double>(shape_.hidden_size);
  const int64_t sharing = kernels_.layout.ffn_tp * kernels_.layout.expert_parallel;
  const auto gated = [&](Module module, int64_t intermediate) {
    const double width = Share(intermediate, sharing);
    return Gemm(TypeOf(group, module), all_tokens, 2 * width, hidden) +
           Gemm(TypeOf(group, module), all_tokens, hidden, width);
  };
  if (const auto* dense = std::get_if<DenseFfn>(&group.ffn)) {
    times[Operation::kDenseFfn] = gated(Module::kDense, dense->intermediate_size);
  } else {
    const auto& moe = std::get<MoeFfn>(group.ffn);
    times[Operation::kRouter] =
        Gemm(GemmType::kBf16, all_tokens, static_cast<double>(moe.num_experts), hidden);
    times[Operation::kExperts] = Experts(group, moe, all_tokens);
    if (moe.shared_intermediate_size > 0) {
      times[Operation::kSharedExperts] =
          gated(Module::kSharedExperts, moe.shared_intermediate_size);
    }
  }
  times[Operation::kCommunication] = Collectives(all_tokens);
  return times;
}

double LayerCosts::HeadSeconds(double rows) const {
  if (rows <= 0) return 0;
  const int64_t sharing = kernels_.layout.attention_tp * kernels_.layout.attention_dp;
  return Gemm(GemmType::kBf16, rows, Share(shape_.vocab_size, sharing),
              static_cast<double>(shape_.hidden_size));
}

}  // namespace redline::planner
