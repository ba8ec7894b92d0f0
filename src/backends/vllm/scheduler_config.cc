#include "backends/vllm/scheduler_config.h"

#include <fmt/format.h>

#include <algorithm>

#include "backends/vllm/model_config.h"
#include "base/strings.h"

namespace redline::backends::vllm {
namespace {

constexpr int64_t kLargeMemoryMib = int64_t{70} * 1024;

constexpr std::string_view kBatchSource =
    "engine/arg_utils.py: _set_default_max_num_seqs_and_batched_tokens_args";

int64_t Saturated(int64_t a, int64_t b) {
  int64_t product = 0;
  return __builtin_mul_overflow(a, b, &product) ? INT64_MAX : product;
}

// The first half: tokens before sequences, as each is limited by what is already known.
void SetBatch(const Context& context, const ModelConfig& model, SchedulerConfig* scheduler) {
  const BatchDefaults defaults = BatchDefaultsOf(context.hardware);
  const auto tokens = context.arguments.MaybeInt("max_num_batched_tokens");
  const auto seqs = context.arguments.MaybeInt("max_num_seqs");
  scheduler->max_num_seqs = seqs.value_or(defaults.max_num_seqs);
  scheduler->max_num_batched_tokens = tokens.value_or(defaults.max_num_batched_tokens);
  if (!tokens) {
    int64_t& value = scheduler->max_num_batched_tokens;
    if (!scheduler->enable_chunked_prefill) value = std::max(value, model.max_model_len);
    value = std::min(value, Saturated(scheduler->max_num_seqs, model.max_model_len));
    context.notes->Rewrote("scheduler.max_num_batched_tokens", nullptr, value,
                           "the default for this GPU; without chunked prefill at least the model's "
                           "length",
                           kBatchSource);
  }
  if (!seqs) {
    scheduler->max_num_seqs = std::min(scheduler->max_num_seqs, scheduler->max_num_batched_tokens);
    context.notes->Rewrote("scheduler.max_num_seqs", nullptr, scheduler->max_num_seqs,
                           "the default for this GPU, at most the tokens of a step", kBatchSource);
  }
}

Status CheckPositive(std::string_view dest, int64_t value) {
  if (value >= 1) return OkStatus();
  return InvalidArgument(fmt::format("{} is {}; it must be at least 1", dest, value),
                         std::string(dest));
}

Status CheckBatch(const Context& context, const ModelConfig& model,
                  const SchedulerConfig& scheduler) {
  const int64_t tokens = scheduler.max_num_batched_tokens;
  if (tokens < model.max_model_len && !scheduler.enable_chunked_prefill)
    return InvalidArgument(
        fmt::format("without chunked prefill max_num_batched_tokens ({}) must hold a whole prompt, "
                    "{} tokens; raise it, or lower --max-model-len",
                    tokens, model.max_model_len),
        "max_num_batched_tokens");
  if (tokens < scheduler.max_num_seqs)
    return InvalidArgument(fmt::format("max_num_batched_tokens ({}) must be at least max_num_seqs "
                                       "({})",
                                       tokens, scheduler.max_num_seqs),
                           "max_num_batched_tokens");
  if (tokens > Saturated(scheduler.max_num_seqs, model.max_model_len))
    context.notes->Warn(
        fmt::format("max_num_batched_tokens ({}) is more than all sequences "
                    "together can hold ({})",
                    tokens, scheduler.max_num_seqs * model.max_model_len));
  return OkStatus();
}

}  // namespace

BatchDefaults BatchDefaultsOf(const spec::HardwareProfile& hardware) {
  const bool is_a100 = ToLower(hardware.gpu).find("a100") != std::string::npos;
  if (hardware.gpu_memory_mib >= kLargeMemoryMib && !is_a100) return {8192, 1024};
  return {2048, 256};
}

bool DefaultPrefixCaching(const Context& context, const ModelConfig& model) {
  const bool supported = SupportsPrefixCaching(context, model);
  const nlohmann::json& asked = context.arguments.At("enable_prefix_caching");
  if (asked.is_null()) {
    context.notes->Rewrote("cache.enable_prefix_caching", nullptr, supported,
                           "on for models that support it",
                           "engine/arg_utils.py: "
                           "_set_default_chunked_prefill_and_prefix_caching_args");
    return supported;
  }
  if (model.runner_type == "pooling" && asked == true && !supported)
    context.notes->Warn("this model does not support prefix caching; results may be wrong");
  return asked == true;
}

SchedulerConfig DefaultScheduler(const Context& context, const ModelConfig& model) {
  const bool supported = SupportsChunkedPrefill(context, model);
  const nlohmann::json& asked = context.arguments.At("enable_chunked_prefill");
  SchedulerConfig scheduler;
  scheduler.enable_chunked_prefill = asked.is_null() ? supported : asked == true;
  scheduler.policy = context.arguments.Text("scheduling_policy");
  scheduler.async_scheduling = context.arguments.Flag("async_scheduling");
  context.notes->Rewrote("scheduler.enable_chunked_prefill", asked,
                         scheduler.enable_chunked_prefill, "on for models that support it",
                         "engine/arg_utils.py: "
                         "_set_default_chunked_prefill_and_prefix_caching_args");
  if (model.runner_type == "generate" && supported && !scheduler.enable_chunked_prefill)
    context.notes->Warn(
        "vLLM does not officially support disabling chunked prefill for this "
        "model; it may crash or answer wrongly");
  if (model.runner_type == "pooling" && !supported && scheduler.enable_chunked_prefill)
    context.notes->Warn("this model does not support chunked prefill; results may be wrong");
  SetBatch(context, model, &scheduler);
  return scheduler;
}

Status FinishScheduler(const Context& context, const ModelConfig& model,
                       SchedulerConfig* scheduler) {
  const ServeArguments& arguments = context.arguments;
  RL_RETURN_IF_ERROR(CheckPositive("max_num_batched_tokens", scheduler->max_num_batched_tokens));
  RL_RETURN_IF_ERROR(CheckPositive("max_num_seqs", scheduler->max_num_seqs));
  RL_RETURN_IF_ERROR(CheckPositive("stream_interval", arguments.Int("stream_interval")));
  if (model.is_encoder_decoder) {
    context.notes->Rewrote("scheduler.enable_chunked_prefill", scheduler->enable_chunked_prefill,
                           false, "encoder-decoder models have no chunked prefill",
                           "config/scheduler.py: SchedulerConfig.__post_init__");
    scheduler->enable_chunked_prefill = false;
  }
  return CheckBatch(context, model, *scheduler);
}

}  // namespace redline::backends::vllm
