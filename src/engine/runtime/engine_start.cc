// Engine::Start: from a checkpoint to a running engine, with every byte accounted for before it is
// taken.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "base/process.h"
#include "base/strings.h"
#include "engine/runtime/engine.h"
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

  const int64_t num_threads = options.num_threads > 0 ? options.num_threads : AvailableCpus();
  parts.pool = std::make_unique<ThreadPool>(static_cast<int>(num_threads));
  RL_ASSIGN_OR_RETURN(parts.model, MakeModel(checkpoint, *parts.pool,
                                             {.max_batch_rows = options.chunked_prefill_size,
                                              .max_logits_rows = options.max_running_requests}));
  RL_RETURN_IF_ERROR(checkpoint.CheckIntact());
  parts.resolved.isa = parts.model->kernels().name;
  parts.resolved.weight_bytes = parts.model->WeightBytes();
  const int64_t logits_bytes = options.max_running_requests * checkpoint.config().vocab_size *
                               static_cast<int64_t>(sizeof(float));
  parts.resolved.activation_bytes =
      parts.model->ActivationBytes(options.chunked_prefill_size) + logits_bytes;

  // Memory counts as available until it is touched: so what the weights take is subtracted from
  // what there was before the model was built, and the lower of that and of what there is now
  // counts.
  const uint64_t available =
      std::min(Minus(available_before, parts.resolved.weight_bytes), AvailableMemoryBytes());
  RL_ASSIGN_OR_RETURN(
      parts.resolved.options,
      ResolveEngineOptions(options, checkpoint.config().max_position_embeddings,
                           {.available_bytes = Minus(available, parts.resolved.activation_bytes),
                            .kv_bytes_per_token = parts.model->kv_layout().BytesPerToken()}));
  return StartEngine(std::move(parts), metrics);
}

}  // namespace redline::engine
