#include "backends/vllm/parallel_config.h"

#include <fmt/format.h>

#include "backends/vllm/data_parallel.h"
#include "base/strings.h"

namespace redline::backends::vllm {
namespace {

using nlohmann::json;

constexpr std::string_view kDefaultAll2All = "allgather_reducescatter";

// ParallelConfig.__post_init__: the flag, else the variable, else the default.
std::string All2AllBackend(const Context& context) {
  if (const std::string asked = context.arguments.Text("all2all_backend"); !asked.empty())
    return asked;
  const auto variable = context.Environment("VLLM_ALL2ALL_BACKEND");
  if (variable) context.notes->Warn("VLLM_ALL2ALL_BACKEND is deprecated; use --all2all-backend");
  std::string backend = variable.value_or(std::string(kDefaultAll2All));
  context.notes->Rewrote("parallel.all2all_backend", nullptr, backend,
                         variable ? "the variable VLLM_ALL2ALL_BACKEND" : "the default backend",
                         "config/parallel.py: ParallelConfig.__post_init__");
  return backend;
}

Status CheckEplb(const Context& context, const ParallelConfig& parallel) {
  if (!parallel.enable_eplb) {
    const json& redundant = context.arguments.At("eplb_config");
    if (redundant.is_object() && redundant.value("num_redundant_experts", 0) != 0)
      return InvalidArgument("num_redundant_experts is set, but --enable-eplb is not",
                             "eplb_config");
    return OkStatus();
  }
  if (!parallel.enable_expert_parallel)
    return InvalidArgument("--enable-eplb needs --enable-expert-parallel", "enable_eplb");
  if (parallel.tensor_parallel_size * parallel.data_parallel_size > 1) return OkStatus();
  return InvalidArgument("--enable-eplb needs a tensor or data parallel size above 1",
                         "enable_eplb");
}

Status CheckDeviceCount(const Context& context, const ParallelConfig& parallel) {
  if (context.arguments.Int("nnodes") > 1 || parallel.world_size <= context.hardware.num_gpus)
    return OkStatus();
  return InvalidArgument(
      fmt::format(
          "the engine needs {} GPUs (tensor x pipeline parallel size), but the node has {}; "
          "lower them, or set --nnodes or --distributed-executor-backend ray",
          parallel.world_size, context.hardware.num_gpus),
      "tensor_parallel_size");
}

// ParallelConfig.__post_init__: one process without a backend for one GPU, "mp" for more.
Status ChooseExecutor(const Context& context, ParallelConfig* parallel) {
  if (const std::string asked = context.arguments.Text("distributed_executor_backend");
      !asked.empty()) {
    parallel->distributed_executor_backend = asked;
    if (asked == "ray") context.notes->Warn("the executor \"ray\" needs a running Ray cluster");
    return OkStatus();
  }
  if (parallel->world_size > 1) {
    RL_RETURN_IF_ERROR(CheckDeviceCount(context, *parallel));
    const bool ray = context.arguments.Text("data_parallel_backend") == "ray" &&
                     context.arguments.Int("nnodes") <= 1;
    parallel->distributed_executor_backend = ray ? "ray" : "mp";
  } else if (parallel->world_size == 1) {
    parallel->distributed_executor_backend = "uni";
  }
  if (parallel->distributed_executor_backend)
    context.notes->Rewrote("parallel.distributed_executor_backend", nullptr,
                           *parallel->distributed_executor_backend,
                           "one process per GPU, and none beside the engine's for one GPU",
                           "config/parallel.py: ParallelConfig.__post_init__");
  return OkStatus();
}

Status CheckNodes(const Context& context, const ParallelConfig& parallel) {
  if (context.arguments.Int("nnodes") <= 1 ||
      parallel.distributed_executor_backend.value_or("ray") != "ray")
    return OkStatus();
  return InvalidArgument("--nnodes above 1 needs the executor mp, uni or external_launcher",
                         "nnodes");
}

// Custom all-reduce is within one node, and not the same for every batch.
void DecideAllReduce(const Context& context, ParallelConfig* parallel) {
  const bool asked = context.arguments.Flag("disable_custom_all_reduce");
  const bool invariant = context.Environment("VLLM_BATCH_INVARIANT").value_or("0") == "1";
  const bool multi_node = context.arguments.Int("nnodes") > 1;
  parallel->disable_custom_all_reduce = asked || invariant || multi_node;
  context.notes->Rewrote("parallel.disable_custom_all_reduce", asked,
                         parallel->disable_custom_all_reduce,
                         "custom all-reduce works within one node, without batch invariance",
                         "config/parallel.py: ParallelConfig._verify_args");
}

// Data parallelism that was not asked for can come from the environment (offline SPMD).
int64_t DataParallelSize(const Context& context) {
  const int64_t asked = context.arguments.Int("data_parallel_size");
  if (asked > 1) return asked;
  const int64_t size = ParseInt64(context.Environment("VLLM_DP_SIZE").value_or("1")).value_or(1);
  context.notes->Rewrote("parallel.data_parallel_size", asked, size, "the variable VLLM_DP_SIZE",
                         "config/parallel.py: ParallelConfig.__post_init__");
  return size;
}

}  // namespace

Result<ParallelConfig> CreateParallelConfig(const Context& context) {
  const ServeArguments& arguments = context.arguments;
  RL_RETURN_IF_ERROR(CheckDataParallel(context));
  ParallelConfig parallel;
  parallel.tensor_parallel_size = arguments.Int("tensor_parallel_size");
  parallel.pipeline_parallel_size = arguments.Int("pipeline_parallel_size");
  parallel.decode_context_parallel_size = arguments.Int("decode_context_parallel_size");
  parallel.enable_expert_parallel = arguments.Flag("enable_expert_parallel");
  parallel.enable_eplb = arguments.Flag("enable_eplb");
  parallel.enable_dbo = arguments.Flag("enable_dbo");
  parallel.cp_kv_cache_interleave_size = arguments.Int("cp_kv_cache_interleave_size");
  parallel.all2all_backend = All2AllBackend(context);
  parallel.world_size = parallel.pipeline_parallel_size * parallel.tensor_parallel_size *
                        arguments.Int("prefill_context_parallel_size");
  parallel.data_parallel_size = DataParallelSize(context);
  if (arguments.Text("distributed_executor_backend") == "external_launcher")
    parallel.world_size *= parallel.data_parallel_size;
  RL_RETURN_IF_ERROR(ChooseExecutor(context, &parallel));
  RL_RETURN_IF_ERROR(CheckNodes(context, parallel));
  RL_RETURN_IF_ERROR(CheckEplb(context, parallel));
  DecideAllReduce(context, &parallel);
  if (arguments.Flag("ray_workers_use_nsight") && parallel.distributed_executor_backend != "ray")
    return InvalidArgument("--ray-workers-use-nsight needs the executor ray",
                           "ray_workers_use_nsight");
  if (!arguments.At("max_parallel_loading_workers").is_null())
    context.notes->Warn("--max-parallel-loading-workers does nothing in this version");
  return parallel;
}

}  // namespace redline::backends::vllm
