// Mixture of experts: kernels, all-to-all, expert placement.
#include <fmt/format.h>

#include "backends/sglang/steps.h"

namespace redline::backends::sglang {
namespace {

Status CheckFlashInferCutlass(const ServerArgs& args) {
  if (!args.Is("moe_runner_backend", "flashinfer_cutlass")) return OkStatus();
  const bool quantization_fits =
      args.IsNull("quantization") || args.IsOneOf("quantization", {"modelopt_fp4", "modelopt_fp8"});
  if (!quantization_fits)
    return InvalidArgument(fmt::format("--moe-runner-backend flashinfer_cutlass does not run "
                                       "quantization {}; it runs modelopt_fp4, modelopt_fp8 and "
                                       "bfloat16",
                                       args.Text("quantization")),
                           "quantization");
  const int64_t ep_size = args.Int("ep_size");
  if (ep_size == 1 || ep_size == args.Int("tp_size")) return OkStatus();
  return InvalidArgument(fmt::format("--moe-runner-backend flashinfer_cutlass needs --ep-size 1 "
                                     "or {} (the tensor-parallel size), not {}",
                                     args.Int("tp_size"), ep_size),
                         "ep_size");
}

Status CheckFlashInferTrtllm(ServerArgs& args) {
  if (!args.Is("moe_runner_backend", "flashinfer_trtllm")) return OkStatus();
  if (!args.IsOneOf("quantization", {"modelopt_fp4", "modelopt_fp8", "fp8"}))
    return InvalidArgument(
        "--moe-runner-backend flashinfer_trtllm needs --quantization fp8, "
        "modelopt_fp8 or modelopt_fp4",
        "quantization");
  args.Set("disable_shared_experts_fusion", true,
           "FlashInfer's TRT-LLM kernels do not fuse shared experts");
  args.Warn(
      "FlashInfer TRTLLM MoE is enabled. --disable-shared-experts-fusion is automatically set.");
  return OkStatus();
}

Status CheckCutlass(ServerArgs& args) {
  if (args.LooseEnvFlag("SGLANG_CUTLASS_MOE")) {
    args.Warn(
        "SGLANG_CUTLASS_MOE is deprecated, use --moe-runner-backend=cutlass and/or "
        "--speculative-moe-runner-backend=cutlass instead");
    if (!args.Is("quantization", "fp8"))
      return InvalidArgument("SGLANG_CUTLASS_MOE needs --quantization fp8", "quantization");
    args.Set("moe_runner_backend", "cutlass", "SGLANG_CUTLASS_MOE asks for it");
  }
  const bool is_fp8_cutlass =
      args.Is("moe_runner_backend", "cutlass") && args.Is("quantization", "fp8");
  if (!is_fp8_cutlass || args.Int("ep_size") == 1) return OkStatus();
  return InvalidArgument(fmt::format("--moe-runner-backend cutlass in FP8 needs --ep-size 1, not "
                                     "{}",
                                     args.Int("ep_size")),
                         "ep_size");
}

struct AllToAll {
  std::string_view backend;
  std::string_view log_name;
};

constexpr AllToAll kAllToAll[] = {{"deepep", "DeepEP MoE"},
                                  {"mooncake", "Mooncake MoE"},
                                  {"ascend_fuseep", "Ascend fused EP MoE"}};

}  // namespace

Status HandleMoeKernelConfig(ServerArgs& args) {
  RL_RETURN_IF_ERROR(CheckFlashInferCutlass(args));
  RL_RETURN_IF_ERROR(CheckFlashInferTrtllm(args));
  return CheckCutlass(args);
}

Status HandleA2aMoe(ServerArgs& args) {
  if (args.Is("moe_a2a_backend", "deepep") && args.Is("deepep_mode", "normal")) {
    args.Warn("Cuda graph is disabled because deepep_mode=`normal`");
    args.Set("disable_cuda_graph", true, "DeepEP's normal mode cannot be captured");
  }
  for (const auto& [backend, log_name] : kAllToAll) {
    if (!args.Is("moe_a2a_backend", backend)) continue;
    args.Set("ep_size", args.Get("tp_size"),
             fmt::format("{} spreads the experts over all tensor-parallel ranks", backend));
    args.Warn(
        fmt::format("{} is enabled. The expert parallel size is adjusted to be the same as "
                    "the tensor parallel size[{}].",
                    log_name, args.Int("tp_size")));
  }
  return OkStatus();
}

Status HandleEplbAndDispatch(ServerArgs& args) {
  const bool enabled = args.Flag("enable_eplb");
  if (enabled && args.IsNull("expert_distribution_recorder_mode")) {
    args.Set("expert_distribution_recorder_mode", "stat", "expert balancing needs the counts");
    args.Warn("EPLB is enabled. The expert_distribution_recorder_mode is automatically set.");
  }
  const bool places_experts = enabled || !args.Is("init_expert_location", "trivial");
  if (places_experts && args.IsNull("ep_dispatch_algorithm"))
    args.Set("ep_dispatch_algorithm", "static", "placed experts are dispatched statically");
  if (enabled && args.Int("ep_size") <= 1)
    return InvalidArgument("--enable-eplb needs --ep-size 2 or more", "ep_size");
  return OkStatus();
}

Status HandleExpertDistributionMetrics(ServerArgs& args) {
  if (args.Flag("enable_expert_distribution_metrics") &&
      args.IsNull("expert_distribution_recorder_mode"))
    args.Set("expert_distribution_recorder_mode", "stat", "the metrics need the counts");
  if (!args.IsNull("expert_distribution_recorder_buffer_size")) return OkStatus();
  if (!args.IsNull("eplb_rebalance_num_iterations"))
    args.Set("expert_distribution_recorder_buffer_size", args.Get("eplb_rebalance_num_iterations"),
             "as many as the iterations between two balancings");
  else if (!args.IsNull("expert_distribution_recorder_mode"))
    args.Set("expert_distribution_recorder_buffer_size", 1000, "the default");
  return OkStatus();
}

Status HandleElasticEp(ServerArgs& args) {
  if (args.IsNull("elastic_ep_backend") || !args.Flag("enable_eplb")) return OkStatus();
  if (args.Is("eplb_algorithm", "auto"))
    args.Set("eplb_algorithm", "elasticity_aware", "elastic expert parallelism");
  if (args.Is("eplb_algorithm", "elasticity_aware")) return OkStatus();
  return InvalidArgument("--elastic-ep-backend needs --eplb-algorithm auto or elasticity_aware",
                         "eplb_algorithm");
}

}  // namespace redline::backends::sglang
