#include "planner/cpu/cpu_policy.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>
#include <string>

#include "base/strings.h"

namespace redline::planner {
namespace {

using spec::Parameters;
using Kind = SchedulerPolicy::Kind;

int64_t IntegerIn(const Parameters& parameters, const char* name, int64_t otherwise) {
  const auto found = parameters.find(name);
  const auto* value = found == parameters.end() ? nullptr : std::get_if<int64_t>(&found->second);
  return value == nullptr ? otherwise : *value;
}

bool SwitchIn(const Parameters& parameters, const char* name, bool otherwise) {
  const auto found = parameters.find(name);
  const auto* value = found == parameters.end() ? nullptr : std::get_if<bool>(&found->second);
  return value == nullptr ? otherwise : *value;
}

std::string TextIn(const Parameters& parameters, const char* name) {
  const auto found = parameters.find(name);
  const auto* value =
      found == parameters.end() ? nullptr : std::get_if<std::string>(&found->second);
  return value == nullptr ? std::string() : *value;
}

SchedulerPolicy NativePolicy(const Parameters& resolved, const spec::ModelSpec&) {
  return {.kind = Kind::kMixed,
          .num_ranks = IntegerIn(resolved, "dp_size", 1),
          .ranks_in_lockstep = false,
          .dispatch = SchedulerPolicy::Dispatch::kLeastLoaded,
          .max_running_requests = IntegerIn(resolved, "max_running_requests", 64),
          .step_token_budget = IntegerIn(resolved, "chunked_prefill_size", 512),
          .admits_whole_prompts = true,
          .kv_tokens = IntegerIn(resolved, "max_total_tokens", 0),
          .page_size = IntegerIn(resolved, "page_size", 16),
          .prefix_cache = !SwitchIn(resolved, "disable_radix_cache", false)};
}

// The cache has whole blocks of 128 tokens. ModelSpec's bytes of a token are for 4 bytes a number.
SchedulerPolicy VllmPolicy(const Parameters& resolved, const spec::ModelSpec& model) {
  constexpr int64_t kGib = int64_t{1} << 30;
  const std::string dtype = TextIn(resolved, "dtype");
  const bool is_wide = dtype == "float32" || dtype == "float";
  const int64_t token_bytes = std::max<int64_t>(model.kv_bytes_per_token / (is_wide ? 1 : 2), 1);
  const int64_t space =
      std::clamp<int64_t>(IntegerIn(resolved, "VLLM_CPU_KVCACHE_SPACE", 4), 1, int64_t{1} << 20);
  const int64_t world = std::clamp<int64_t>(IntegerIn(resolved, "tensor_parallel_size", 1), 1, 64);
  SchedulerPolicy policy{
      .kind = Kind::kMixed,
      .max_running_requests = IntegerIn(resolved, "max_num_seqs", 128 * world),
      .step_token_budget = IntegerIn(resolved, "max_num_batched_tokens", 2048 * world),
      .chunk_prompts = SwitchIn(resolved, "enable_chunked_prefill", true),
      .page_size = IntegerIn(resolved, "block_size", 128),
      .prefix_cache = SwitchIn(resolved, "enable_prefix_caching", true)};
  if (!policy.chunk_prompts && !resolved.contains("max_num_batched_tokens")) {
    policy.step_token_budget = std::max(policy.step_token_budget,
                                        IntegerIn(resolved, "max_model_len", model.context_length));
  }
  const int64_t page = std::max<int64_t>(policy.page_size, 1);
  policy.kv_tokens = space * kGib / token_bytes / page * page;
  return policy;
}

// A request takes a slot; all slots' tokens go into batches of --batch-size, decodes first.
SchedulerPolicy LlamaPolicy(const Parameters& resolved, const spec::ModelSpec& model) {
  constexpr int64_t kAutomaticSlots = 4;
  const int64_t slots = IntegerIn(resolved, "parallel", kAutomaticSlots);
  const int64_t context = IntegerIn(resolved, "ctx_size", 0);
  return {.kind = Kind::kMixed,
          .max_running_requests = slots > 0 ? slots : kAutomaticSlots,
          .step_token_budget = IntegerIn(resolved, "batch_size", 2048),
          .kv_tokens = context > 0 ? context : model.context_length,
          .page_size = 1,
          .prefix_cache = SwitchIn(resolved, "cache_prompt", true)};
}

struct CpuReader {
  std::string_view engine;
  SchedulerPolicy (*policy)(const Parameters& resolved, const spec::ModelSpec& model);
  std::span<const char* const> step_settings;
};

constexpr const char* kNativeSettings[] = {"num_threads", "dp_size", "kv_cache_dtype",
                                           "page_size",   "kernels", "speculative_algorithm"};
constexpr const char* kVllmSettings[] = {"dtype", "enforce_eager", "block_size",
                                         "tensor_parallel_size", "VLLM_CPU_OMP_THREADS_BIND"};
constexpr const char* kLlamaSettings[] = {"threads",      "threads_batch", "ubatch_size",
                                          "cache_type_k", "cache_type_v",  "flash_attn",
                                          "kv_unified"};

// An engine is one line here and one function above.
constexpr std::array kReaders = {CpuReader{"llama_cpp", LlamaPolicy, kLlamaSettings},
                                 CpuReader{"native", NativePolicy, kNativeSettings},
                                 CpuReader{"vllm", VllmPolicy, kVllmSettings}};

const CpuReader* FindCpuReader(std::string_view engine) {
  for (const CpuReader& reader : kReaders) {
    if (reader.engine == engine) return &reader;
  }
  return nullptr;
}

}  // namespace

Result<SchedulerPolicy> CpuPolicyOf(std::string_view engine, const spec::Parameters& resolved,
                                    const spec::ModelSpec& model) {
  const CpuReader* reader = FindCpuReader(engine);
  if (reader == nullptr) {
    return Unimplemented(
        fmt::format("the scheduler of {} on a CPU is not modelled; those of {} are",
                    Excerpt(engine), fmt::join(CpuEngines(), ", ")),
        "engine");
  }
  const SchedulerPolicy policy = reader->policy(resolved, model);
  RL_RETURN_IF_ERROR(ValidatePolicy(policy));
  return policy;
}

std::vector<std::string_view> CpuEngines() {
  std::vector<std::string_view> names;
  for (const CpuReader& reader : kReaders) names.push_back(reader.engine);
  return names;
}

spec::Parameters StepSettingsOf(std::string_view engine, const spec::Parameters& resolved) {
  spec::Parameters settings;
  const CpuReader* reader = FindCpuReader(engine);
  if (reader == nullptr) return settings;
  for (const char* name : reader->step_settings) {
    if (const auto found = resolved.find(name); found != resolved.end()) settings.insert(*found);
  }
  return settings;
}

}  // namespace redline::planner
