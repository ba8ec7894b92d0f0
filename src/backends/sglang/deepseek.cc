// DeepSeek-V3 and its kin; sparse attention ("NSA") where the model has an indexer.
// server_args.py: _handle_model_specific_adjustments.
#include <fmt/format.h>

#include "backends/sglang/steps.h"

namespace redline::backends::sglang {
namespace {

Status SplitContext(ServerArgs& args) {
  const std::string rule = "context-parallel prefill of sparse attention runs only this way";
  args.Set("moe_dense_tp_size", 1, rule);
  args.Set("moe_a2a_backend", "deepep", rule);
  args.Set("ep_size", args.Get("tp_size"), rule);
  args.Set("kv_cache_dtype", "bf16", rule);
  if (args.Int("tp_size") != 8)
    return InvalidArgument(
        fmt::format("--enable-nsa-prefill-context-parallel needs --tp-size 8, not {}",
                    args.Int("tp_size")),
        "tp_size");
  args.Warn(
      fmt::format("Enable Context Parallel opt for deeeseekv3.2-DSA, Setting dp_size == {} and "
                  "moe_dense_tp_size == 1, ep_size == {}, tp_size == {}, kv_cache_dtype == bf16, "
                  "moe_a2a_backend deepep ",
                  args.Int("dp_size"), args.Int("ep_size"), args.Int("tp_size")));
  return OkStatus();
}

Status SetCacheType(ServerArgs& args) {
  if (args.Is("kv_cache_dtype", "auto")) {
    const std::string type = args.CudaMajor() >= 10 ? "fp8_e4m3" : "bfloat16";
    args.Set("kv_cache_dtype", type, "sparse attention's KV cache on this GPU");
    args.Warn(fmt::format("Setting KV cache dtype to {} for DeepSeek NSA.", type));
  }
  if (args.Is("kv_cache_dtype", "bf16"))
    args.Set("kv_cache_dtype", "bfloat16", "bf16 is another name of bfloat16");
  if (args.IsOneOf("kv_cache_dtype", {"bfloat16", "fp8_e4m3"})) return OkStatus();
  return InvalidArgument(
      fmt::format("--kv-cache-dtype {} does not work with DeepSeek's sparse attention; use "
                  "bfloat16 or fp8_e4m3",
                  args.Text("kv_cache_dtype")),
      "kv_cache_dtype");
}

void SetSparseKernels(ServerArgs& args) {
  if (args.Is("kv_cache_dtype", "fp8_e4m3")) {
    const std::string rule = "an fp8_e4m3 KV cache is read by FlashMLA's kernels alone";
    args.Set("nsa_prefill_backend", "flashmla_auto", rule);
    args.Set("nsa_decode_backend", "flashmla_kv", rule);
    args.Warn(
        "Setting NSA backend to flashmla_auto for prefill and flashmla_kv for decode for FP8 KV "
        "Cache.");
  } else if (args.CudaMajor() >= 10) {
    const std::string rule = "a bfloat16 KV cache on Blackwell is read by flashmla_sparse alone";
    args.Set("nsa_prefill_backend", "flashmla_sparse", rule);
    args.Set("nsa_decode_backend", "flashmla_sparse", rule);
  }
}

Status AdjustSparseAttention(ServerArgs& args) {
  if (args.NamesNoAttention()) {
    args.Set("attention_backend", "nsa", "DeepSeek's sparse attention has its own backend");
    args.Warn("Set nsa attention backend for DeepSeek NSA.");
  }
  args.Set("enable_dp_attention", true, "DeepSeek's sparse attention switches it on");
  args.Warn("DP attention is enabled for DeepSeek NSA.");
  const int64_t tp_size = args.Int("tp_size");
  if (args.Flag("enable_nsa_prefill_context_parallel")) {
    RL_RETURN_IF_ERROR(SplitContext(args));
  } else if (args.Int("dp_size") < tp_size) {
    args.Warn(fmt::format(
        "NSA with TP mode is active, dp_size={}, tp_size={}, attn_tp_size={}, attention weights "
        "will be sharded across {} ranks.",
        args.Int("dp_size"), tp_size, tp_size, tp_size));
  }
  args.Set("page_size", 64, "DeepSeek's sparse attention runs with pages of 64");
  args.Warn("Setting page size to 64 for DeepSeek NSA.");
  RL_RETURN_IF_ERROR(SetCacheType(args));
  SetSparseKernels(args);
  return OkStatus();
}

void AdjustForSm100(const HfConfig& config, ServerArgs& args) {
  if (!args.Flag("enable_dp_attention") && args.Int("nnodes") == 1)
    args.Set("enable_flashinfer_allreduce_fusion", true, "DeepSeek on one Blackwell node");
  const std::string method = config.QuantMethod();
  if (args.IsNull("quantization")) {
    if (!method.empty())
      args.Set("quantization", method, "the checkpoint's quantization");
    else if (config.architecture() == "DeepseekV3ForCausalLM")
      args.Set("quantization", "fp8", "DeepSeek-V3 is published in FP8");
  }
  const bool fits = args.IsOneOf("quantization", {"fp8", "modelopt_fp8", "modelopt_fp4"});
  if (fits && args.Is("moe_a2a_backend", "none") && args.Is("moe_runner_backend", "auto"))
    args.Set("moe_runner_backend", "flashinfer_trtllm", "the MoE kernels for Blackwell");
}

}  // namespace

Status AdjustDeepSeek(const HfConfig& config, ServerArgs& args) {
  if (config.IsSparseAttention()) {
    RL_RETURN_IF_ERROR(AdjustSparseAttention(args));
  } else if (args.IsSm100() && args.NamesNoAttention()) {
    args.Set("attention_backend", "trtllm_mla", "latent attention on Blackwell");
  }
  if (args.IsSm100()) AdjustForSm100(config, args);
  return OkStatus();
}

}  // namespace redline::backends::sglang
