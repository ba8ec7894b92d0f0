#include "planner/engines/engine_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "base/strings.h"
#include "planner/model/rank_weights.h"

namespace redline::planner {
namespace {

constexpr double kMebibyte = 1 << 20;

WeightPlacement PlacementOf(const EngineSettings& settings) {
  const ParallelLayout& layout = settings.layout;
  const int64_t all = layout.attention_tp * layout.attention_dp;
  return {.attention_tp_size = layout.attention_tp,
          .dense_tp_size = all,
          .shared_expert_tp_size = all,
          .expert_parallel_size = layout.expert_parallel,
          .expert_tp_size = layout.ffn_tp,
          .embedding_tp_size = layout.attention_tp,
          .head_tp_size = all,
          .pp_size = layout.pipeline,
          .loads_prediction = settings.drafting == Drafting::kPredictionLayers};
}

// What vLLM's profiling run leaves allocated: a step's hidden states several times over, and the
// logits of every request.
double ActivationBytes(const EngineSettings& settings, const ModelShape& shape) {
  const double per_token = 2 * 14 * static_cast<double>(shape.hidden_size);
  const double logits =
      4 * static_cast<double>(shape.vocab_size) *
      static_cast<double>(std::min<int64_t>(settings.max_running_requests, 1024)) /
      static_cast<double>(settings.layout.attention_tp);
  return per_token * static_cast<double>(settings.step_token_budget) + logits + 600 * kMebibyte;
}

std::string Size(double bytes) { return FormatBytes(static_cast<uint64_t>(std::max(bytes, 0.0))); }

Result<MemoryLedger> LedgerOf(const EngineSettings& settings, const ModelShape& shape,
                              const HardwareSpec& hardware) {
  if (!(settings.memory_fraction > 0 && settings.memory_fraction <= 1)) {
    return InvalidArgument(fmt::format("the share of a GPU's memory is {}; it must be above 0 and "
                                       "at most 1",
                                       settings.memory_fraction),
                           "memory_fraction");
  }
  RL_ASSIGN_OR_RETURN(const RankWeights weights, HeaviestRank(shape, PlacementOf(settings)));
  MemoryLedger ledger;
  const auto total = hardware.memory_bytes.value;
  const auto weight_bytes = static_cast<double>(weights.bytes.Total());
  const double activations = settings.counts_activations ? ActivationBytes(settings, shape) : 0;
  // The driver's context and the communication library, which nobody's share includes.
  const double context = settings.of_free ? 3.5 * 1024 * kMebibyte : 0;
  const double kv = settings.of_free
                        ? settings.memory_fraction * (total - weight_bytes - context)
                        : settings.memory_fraction * total - weight_bytes - activations;
  ledger.total_bytes = static_cast<int64_t>(total);
  ledger.kv_bytes_per_token = std::max<int64_t>(
      CacheBytesPerToken(shape, settings.cache_dtype, settings.layout.attention_tp) /
          settings.layout.pipeline,
      1);
  if (kv < static_cast<double>(ledger.kv_bytes_per_token) * 1024) {
    return FailedPrecondition(fmt::format(
        "does not fit: weights {} and activations {} on a GPU of {}, of which {:.1f}% may be used "
        "({}); {} are left for the KV cache, which needs {} a token",
        Size(weight_bytes), Size(activations), Size(total), 100 * settings.memory_fraction,
        Size(settings.memory_fraction * total), Size(kv),
        Size(static_cast<double>(ledger.kv_bytes_per_token))));
  }
  ledger.kv_tokens_per_rank = static_cast<int64_t>(kv) / ledger.kv_bytes_per_token;
  if (settings.max_total_tokens > 0) {
    ledger.kv_tokens_per_rank = std::min(ledger.kv_tokens_per_rank, settings.max_total_tokens);
  }
  ledger.kv_tokens =
      ledger.kv_tokens_per_rank * settings.layout.attention_dp * settings.layout.replicas;
  const int64_t kv_bytes = ledger.kv_tokens_per_rank * ledger.kv_bytes_per_token;
  ledger.terms = {{"weights", static_cast<int64_t>(weight_bytes)}, {"kv_cache", kv_bytes}};
  if (activations > 0) ledger.terms.push_back({"activations", static_cast<int64_t>(activations)});
  int64_t rest = ledger.total_bytes;
  for (const MemoryLedger::Term& term : ledger.terms) rest -= term.num_bytes;
  ledger.terms.push_back({"reserved", rest});
  return ledger;
}

// Accepted tokens and one: with 1, 2 and 3 drafts of DeepSeek's prediction layer, as InferenceX
// measured them (thinking on: 1.79, 2.27, 2.49).
double AcceptanceLength(int64_t draft_tokens) {
  constexpr std::array<double, 4> kPublished = {1, 1.79, 2.27, 2.49};
  return kPublished[static_cast<size_t>(std::min<int64_t>(draft_tokens, 3))];
}

SchedulerPolicy PolicyOf(const EngineSettings& settings, const MemoryLedger& ledger,
                         const EngineCalibration& calibration, const PlanInputs& inputs) {
  SchedulerPolicy policy{
      .kind = settings.policy,
      .num_ranks = settings.layout.attention_dp * settings.layout.replicas,
      .ranks_in_lockstep = settings.ranks_in_lockstep,
      .dispatch = settings.dispatch,
      .step_token_budget = settings.step_token_budget,
      .chunk_prompts = settings.chunk_prompts,
      .kv_tokens = ledger.kv_tokens_per_rank / settings.page_size * settings.page_size,
      .page_size = settings.page_size,
      .prefix_cache = settings.prefix_cache,
      .frontend_seconds_per_request = calibration.frontend_ms * 1e-3,
      .response_seconds = calibration.first_token_ms * 1e-3};
  if (policy.kind == SchedulerPolicy::Kind::kPrefillFirst) {
    policy.max_prefill_tokens = settings.max_prefill_tokens;
    policy.mixed_chunk = settings.mixed_chunk;
    policy.conservativeness = settings.conservativeness;
  }
  // SGLang's default: as many as the pool has requests of the whole context, within 2048 to 4096.
  const int64_t context = std::max<int64_t>(
      settings.context_length > 0 ? settings.context_length : inputs.shape->max_positions, 1);
  const int64_t suggested =
      std::clamp<int64_t>(ledger.kv_tokens_per_rank / context * 512, 2048, 4096);
  policy.max_running_requests =
      settings.max_running_requests > 0
          ? settings.max_running_requests
          : std::max<int64_t>(suggested / settings.layout.attention_dp, 1);
  if (settings.draft_tokens > 0) {
    policy.draft_tokens = settings.draft_tokens;
    policy.acceptance_length = inputs.acceptance_length > 0
                                   ? inputs.acceptance_length
                                   : AcceptanceLength(settings.draft_tokens);
  }
  return policy;
}

EngineKernels KernelsOf(const EngineSettings& settings, const ModelShape& shape,
                        const MemoryLedger& ledger) {
  return {.engine = settings.engine,
          .version = settings.version,
          .model = shape.architecture,
          .layout = settings.layout,
          .cache_dtype = settings.cache_dtype,
          .dense_short_prompts = settings.dense_short_prompts,
          .pads_heads_in_prefill = settings.pads_heads_in_prefill,
          .pads_heads_in_decode = settings.pads_heads_in_decode,
          .requantized_pool_tokens = settings.requantizes_pool ? ledger.kv_tokens_per_rank : 0,
          .max_graph_tokens = settings.has_graphs ? settings.max_graph_tokens : 0,
          .pads_graphs = settings.pads_graphs,
          .graph_sizes = settings.graph_sizes,
          .decode_tokens_per_request = 1 + settings.draft_tokens};
}

Status CheckGpus(const EngineSettings& settings, const HardwareSpec& hardware) {
  const ParallelLayout& layout = settings.layout;
  const int64_t needed = layout.gpus_per_replica() * layout.replicas;
  if (needed > hardware.num_devices()) {
    return InvalidArgument(fmt::format("it takes {} GPUs, {} has {}", needed, FullName(hardware),
                                       hardware.num_devices()),
                           "parallelism");
  }
  return OkStatus();
}

}  // namespace

GpuPeaks PeaksOf(const HardwareSpec& hardware) {
  GpuPeaks peaks{.memory_bytes_per_second = hardware.memory_bandwidth_bytes_per_second.value};
  if (hardware.peak_flops.bf16_per_second.has_value()) {
    peaks.bf16_flops = hardware.peak_flops.bf16_per_second->value;
  }
  if (hardware.peak_flops.fp8_per_second.has_value()) {
    peaks.fp8_flops = hardware.peak_flops.fp8_per_second->value;
  }
  // One device alone never asks for its link.
  peaks.link_bytes_per_second = hardware.intra_node_link.has_value()
                                    ? hardware.intra_node_link->bytes_per_second
                                    : peaks.memory_bytes_per_second;
  return peaks;
}

Result<EnginePlan> PlanEngine(const EngineSettings& settings, const PlanInputs& inputs) {
  const HardwareSpec& hardware = *inputs.hardware;
  RL_RETURN_IF_ERROR(CheckGpus(settings, hardware));
  EnginePlan plan{.settings = settings};
  plan.num_gpus = settings.layout.gpus_per_replica() * settings.layout.replicas;
  RL_ASSIGN_OR_RETURN(plan.ledger, LedgerOf(settings, *inputs.shape, hardware));
  plan.calibration =
      FindCalibration(inputs.calibrations != nullptr ? *inputs.calibrations : BuiltInCalibrations(),
                      settings.engine, settings.version, inputs.shape->architecture);
  plan.policy = PolicyOf(settings, plan.ledger, plan.calibration.calibration, inputs);
  const KernelsOfGpu kernels = FindKernelSet(hardware.name);
  if (kernels.kernels == nullptr) return Internal("no kernel curves are built in");
  if (!kernels.is_own) {
    plan.notes.push_back(
        fmt::format("no kernel was measured on {}: the shares of the peaks that "
                    "{} reaches are assumed",
                    hardware.name, kernels.kernels->gpu));
  }
  StepCostCache cache;
  RL_ASSIGN_OR_RETURN(plan.cost,
                      (inputs.cost_cache != nullptr ? *inputs.cost_cache : cache)
                          .Find({.shape = inputs.shape,
                                 .kernels = KernelsOf(settings, *inputs.shape, plan.ledger),
                                 .curves = kernels.kernels,
                                 .peaks = PeaksOf(hardware),
                                 .calibration = plan.calibration.calibration}));
  for (const std::string& note : plan.cost->notes()) plan.notes.push_back(note);
  // The modules were measured with one pair of kernels (cost/sparse_layers.h).
  if (settings.engine == "sglang" && HasSparseAttention(*inputs.shape) &&
      (!settings.pads_heads_in_prefill || settings.pads_heads_in_decode)) {
    plan.notes.push_back(
        "sparse attention was measured with flashmla_sparse for prompts and fa3 for decodes (fp8 "
        "cache: flashmla_kv): other backends are predicted as these");
  }
  plan.notes.push_back(plan.calibration.provenance);
  return plan;
}

}  // namespace redline::planner
