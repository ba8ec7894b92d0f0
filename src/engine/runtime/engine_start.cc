// Engine::Start: from a checkpoint to a running engine, with every byte accounted for before it is
// taken.
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "base/log.h"
#include "base/process.h"
#include "base/strings.h"
#include "engine/runtime/engine.h"
#include "engine/runtime/engine_core.h"
#include "engine/runtime/engine_options.h"
#include "engine/runtime/engine_parts.h"

namespace redline::engine {
namespace {

uint64_t Minus(uint64_t bytes, int64_t less) {
  return bytes - std::min(bytes, static_cast<uint64_t>(less));
}

Status CheckWeightsFit(int64_t weight_bytes, uint64_t available_bytes) {
  if (static_cast<uint64_t>(weight_bytes) <= available_bytes) return OkStatus();
  return ResourceExhausted(fmt::format(
      "not enough memory for the model's weights: need {} ({} bytes), have {} ({} bytes); free "
      "memory or choose a smaller or more quantised model",
      FormatBytes(static_cast<uint64_t>(weight_bytes)), weight_bytes, FormatBytes(available_bytes),
      available_bytes));
}

// One model and a replica of it for every further rank; the threads are shared out.
Status MakeRanks(const Checkpoint& checkpoint, const EngineOptions& options, EngineParts& parts) {
  RL_ASSIGN_OR_RETURN(const std::optional<KvDtype> kv_dtype, ParseKvDtype(options.kv_cache_dtype));
  const int64_t num_threads = options.num_threads > 0 ? options.num_threads : AvailableCpus();
  for (int64_t index = 0; index < options.dp_size; ++index) {
    const int64_t share = (num_threads + options.dp_size - 1 - index) / options.dp_size;
    RankParts& rank = parts.ranks.emplace_back();
    rank.pool = std::make_unique<ThreadPool>(static_cast<int>(std::max<int64_t>(share, 1)));
    if (index > 0) {
      RL_ASSIGN_OR_RETURN(rank.model, parts.ranks.front().model->MakeReplica(*rank.pool));
      continue;
    }
    RL_ASSIGN_OR_RETURN(rank.model,
                        MakeModel(checkpoint, *rank.pool,
                                  {.max_batch_rows = options.chunked_prefill_size,
                                   .max_logits_rows = options.max_running_requests,
                                   .isa = options.kernels == "auto" ? "" : options.kernels,
                                   .kv_dtype = kv_dtype}));
  }
  return checkpoint.CheckIntact();
}

}  // namespace

Result<std::unique_ptr<Engine>> Engine::Start(const Checkpoint& checkpoint,
                                              const EngineOptions& options,
                                              MetricsRegistry& metrics) {
  RL_RETURN_IF_ERROR(ValidateEngineOptions(options));
  RL_RETURN_IF_ERROR(
      ResolveContextLength(options.context_length, checkpoint.config().max_position_embeddings)
          .status());
  const uint64_t available_before = AvailableMemoryBytes();
  EngineParts parts;
  RL_RETURN_IF_ERROR(CheckWeightsFit(checkpoint.WeightBytes(), available_before));

  RL_RETURN_IF_ERROR(MakeRanks(checkpoint, options, parts));
  const Model& model = *parts.ranks.front().model;
  parts.resolved.isa = model.kernels().name;
  parts.resolved.weight_bytes = model.WeightBytes();
  const int64_t logits_bytes =
      NumLogitsRows(options) * checkpoint.config().vocab_size * static_cast<int64_t>(sizeof(float));
  parts.resolved.activation_bytes =
      options.dp_size * (model.ActivationBytes(options.chunked_prefill_size) + logits_bytes);

  // Memory counts as available until it is touched: so what the weights take is subtracted from
  // what there was before the model was built, and the lower of that and of what there is now
  // counts.
  const uint64_t available =
      std::min(Minus(available_before, parts.resolved.weight_bytes), AvailableMemoryBytes());
  const uint64_t of_each_rank =
      Minus(available, parts.resolved.activation_bytes) / static_cast<uint64_t>(options.dp_size);
  RL_ASSIGN_OR_RETURN(
      parts.resolved.options,
      ResolveEngineOptions(options, checkpoint.config().max_position_embeddings,
                           {.available_bytes = of_each_rank,
                            .kv_bytes_per_token = model.kv_layout().BytesPerToken()}));
  parts.resolved.options.kv_cache_dtype = InfoOf(model.kv_layout().dtype).name;
  return StartEngine(std::move(parts), metrics);
}

}  // namespace redline::engine
