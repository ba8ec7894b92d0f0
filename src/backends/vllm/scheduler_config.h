// Steps 2 and 6 of create_engine_config: what runs together in a step.
#pragma once

#include "backends/vllm/engine_config.h"
#include "base/status.h"

namespace redline::backends::vllm {

struct BatchDefaults {
  int64_t max_num_batched_tokens = 0;
  int64_t max_num_seqs = 0;
};
// Follows EngineArgs.get_batch_defaults for a server: large GPUs get large batches, the A100 not.
BatchDefaults BatchDefaultsOf(const spec::HardwareProfile& hardware);

// Follows EngineArgs._set_default_chunked_prefill_and_prefix_caching_args and
// _set_default_max_num_seqs_and_batched_tokens_args. The values are not yet checked.
SchedulerConfig DefaultScheduler(const Context& context, const ModelConfig& model);
bool DefaultPrefixCaching(const Context& context, const ModelConfig& model);

// Follows config/scheduler.py: SchedulerConfig.__post_init__ and verify_max_model_len.
Status FinishScheduler(const Context& context, const ModelConfig& model,
                       SchedulerConfig* scheduler);

}  // namespace redline::backends::vllm
