// What single architectures ask for. server_args.py: _handle_model_specific_adjustments.
#include <fmt/format.h>

#include <algorithm>

#include "backends/sglang/steps.h"

namespace redline::backends::sglang {
namespace {

bool IsOneOf(const std::string& name, std::initializer_list<std::string_view> names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

void DisableHybridMemory(const HfConfig& config, ServerArgs& args) {
  args.Set("disable_hybrid_swa_memory", true, "not supported with this architecture");
  args.Warn(fmt::format("{} hybrid SWA memory for {} as it is not yet supported.",
                        config.architecture() == "Olmo2ForCausalLM" ? "Disabling" : "Disable",
                        config.architecture()));
}

Status AdjustLlama4(ServerArgs& args) {
  if (args.IsNull("attention_backend")) {
    const std::string backend =
        args.IsSm100() ? "trtllm_mha" : (args.IsHopper() ? "fa3" : "triton");
    args.Set("attention_backend", backend, "Llama 4 on this GPU");
    args.Warn(
        fmt::format("Use {} as attention backend on {} for Llama4 model", backend,
                    args.IsSm100() ? "sm100" : (args.IsHopper() ? "sm90" : "other platforms")));
  }
  if (!args.IsOneOf("attention_backend", {"fa3", "aiter", "triton", "trtllm_mha", "intel_xpu"}))
    return InvalidArgument(fmt::format("--attention-backend {} does not run Llama 4; use fa3, "
                                       "triton or trtllm_mha",
                                       args.Text("attention_backend")),
                           "attention_backend");
  if (args.IsSm100() && args.Is("moe_runner_backend", "auto") &&
      args.IsOneOf("quantization", {"fp8", "modelopt_fp8"}))
    args.Set("moe_runner_backend", "flashinfer_trtllm", "Llama 4 in FP8 on Blackwell");
  return OkStatus();
}

Status AdjustOlmo2(const HfConfig& config, ServerArgs& args) {
  DisableHybridMemory(config, args);
  if (args.IsNull("attention_backend")) {
    const bool has_fa3 = args.hardware().compute_capability >= 80;
    args.Set("attention_backend", args.IsSm100() ? "trtllm_mha" : (has_fa3 ? "fa3" : "triton"),
             "OLMo on this GPU");
  }
  if (!args.Is("attention_backend", "flashinfer")) return OkStatus();
  return InvalidArgument("--attention-backend flashinfer does not run OLMo; use fa3 or triton",
                         "attention_backend");
}

void TakeCheckpointQuantization(const HfConfig& config, ServerArgs& args) {
  if (args.IsNull("quantization") && !config.QuantMethod().empty())
    args.Set("quantization", config.QuantMethod(), "the checkpoint's quantization");
}

// Qwen3 MoE and Qwen3-Next on Blackwell.
void AdjustQwenForSm100(const HfConfig& config, ServerArgs& args) {
  TakeCheckpointQuantization(config, args);
  if (args.IsOneOf("quantization", {"fp8", "modelopt_fp4"}) && args.Is("moe_a2a_backend", "none") &&
      args.Is("moe_runner_backend", "auto"))
    args.Set("moe_runner_backend", "flashinfer_trtllm", "the MoE kernels for Blackwell");
}

void DisableOverlapForMamba(ServerArgs& args) {
  if (args.Flag("disable_radix_cache")) return;
  args.Warn(
      "Disabling overlap schedule since MambaRadixCache is not compatible with overlap schedule "
      "currently, try to use --disable-radix-cache if overlap schedule is necessary");
  args.Set("disable_overlap_schedule", true, "a radix cache with Mamba states forbids overlap");
}

void AdjustQwen3Next(const HfConfig& config, ServerArgs& args) {
  DisableOverlapForMamba(args);
  if (!args.IsSm100()) return;
  AdjustQwenForSm100(config, args);
  if (args.IsNull("attention_backend"))
    args.Set("attention_backend", "triton", "Qwen3-Next on Blackwell");
  if (args.Flag("disable_radix_cache") || !args.Is("attention_backend", "trtllm_mha")) return;
  args.Warn(
      "Disabling radix cache since trtllm_mha does not support page_size = 1, which is required "
      "by MambaRadixCache. Try to use --attention-backend triton if radix cache is necessary.");
  args.Set("disable_radix_cache", true, "trtllm_mha cannot keep Mamba states in pages of one");
  args.Set("disable_overlap_schedule", false, "without a radix cache overlap is possible");
}

Status AdjustNemotronH(const HfConfig& config, ServerArgs& args) {
  RL_RETURN_IF_ERROR(args.EnsureModel());
  const std::string& method = args.model().quantization;
  if (!IsOneOf(method, {"modelopt", "modelopt_fp8", "modelopt_fp4"})) return OkStatus();
  if (config.Get("mlp_hidden_act") != "relu2")
    return InvalidArgument("NemotronH in ModelOpt quantization needs mlp_hidden_act relu2",
                           "quantization");
  args.Set("quantization", method, "the checkpoint's quantization");
  args.Set("moe_runner_backend", "flashinfer_cutlass", "NemotronH in ModelOpt quantization");
  return OkStatus();
}

}  // namespace

Status AdjustGptOss(const HfConfig& config, ServerArgs& args) {
  if (args.NamesNoAttention())
    args.Set("attention_backend",
             args.IsSm100() ? "trtllm_mha" : (args.IsHopper() ? "fa3" : "triton"),
             "gpt-oss on this GPU");
  for (const std::string_view field : {"prefill_attention_backend", "decode_attention_backend"}) {
    const std::string_view used = args.Text(field).empty() ? "attention_backend" : field;
    if (!args.IsOneOf(used, {"triton", "trtllm_mha", "fa3", "fa4"}))
      return InvalidArgument(fmt::format("{} \"{}\" does not run gpt-oss; use triton, trtllm_mha, "
                                         "fa3 or fa4",
                                         used, args.Text(used)),
                             std::string(used));
  }
  if (args.IsBlackwell() && !args.Flag("enable_dp_attention") && args.Int("nnodes") == 1)
    args.Set("enable_flashinfer_allreduce_fusion", true, "gpt-oss on one Blackwell node");
  const bool is_mxfp4 = config.QuantMethod() == "mxfp4";
  if (is_mxfp4) args.Set("dtype", "bfloat16", "the MXFP4 kernels compute in bfloat16");
  if (args.Is("moe_runner_backend", "auto")) {
    if (args.Flag("enable_piecewise_cuda_graph")) {
      args.Warn("Enable piecewise CUDA graph, enabling auto MOE kernel.");
    } else if (args.IsBlackwell() && is_mxfp4) {
      args.Set("moe_runner_backend", "flashinfer_mxfp4", "gpt-oss in MXFP4 on Blackwell");
      args.Warn(
          "Detected SM100 and MXFP4 quantization format for GPT-OSS model, enabling FlashInfer "
          "MXFP4 MOE kernel.");
    }
  }
  if (args.Is("moe_runner_backend", "triton_kernel") && args.Int("ep_size") != 1)
    return InvalidArgument("--moe-runner-backend triton_kernel needs --ep-size 1", "ep_size");
  args.Set("disable_hybrid_swa_memory", true, "not supported with gpt-oss");
  return OkStatus();
}

Status AdjustHybridAttention(const HfConfig& config, ServerArgs& args) {
  const std::string& name = config.architecture();
  if (name == "KimiLinearForCausalLM") {
    args.Warn(fmt::format("Disabling Radix Cache for {} as it is not yet supported.", name));
    args.Set("disable_radix_cache", true, "not supported with Kimi-Linear");
  }
  if (name == "Qwen3NextForCausalLM") AdjustQwen3Next(config, args);
  if (name == "NemotronHForCausalLM") return AdjustNemotronH(config, args);
  if (IsOneOf(name,
              {"FalconH1ForCausalLM", "JetNemotronForCausalLM", "JetVLMForConditionalGeneration"}))
    DisableOverlapForMamba(args);
  return OkStatus();
}

Status HandleModelSpecificAdjustments(ServerArgs& args) {
  if (args.Text("model_path").starts_with("instance://")) return OkStatus();
  RL_ASSIGN_OR_RETURN(const HfConfig config, args.ReadHfConfig());
  const std::string& name = config.architecture();
  const bool is_mistral =
      IsOneOf(name, {"MistralLarge3ForCausalLM", "PixtralForConditionalGeneration"});
  if (is_mistral) args.Set("dtype", "bfloat16", "Mistral Large 3 runs in bfloat16");
  if (is_mistral || name == "DeepseekV3ForCausalLM") return AdjustDeepSeek(config, args);
  if (name == "GptOssForCausalLM") return AdjustGptOss(config, args);
  if (name.find("Llama4") != std::string::npos && !args.Is("device", "cpu"))
    return AdjustLlama4(args);
  if (name == "Olmo2ForCausalLM") return AdjustOlmo2(config, args);
  if (IsOneOf(name, {"Gemma2ForCausalLM", "Gemma3ForCausalLM", "Gemma3ForConditionalGeneration",
                     "Gemma3nForCausalLM", "Gemma3nForConditionalGeneration"}))
    DisableHybridMemory(config, args);
  if (IsOneOf(name, {"Qwen3MoeForCausalLM", "Qwen3VLMoeForConditionalGeneration"}) &&
      args.IsSm100())
    AdjustQwenForSm100(config, args);
  return AdjustHybridAttention(config, args);
}

}  // namespace redline::backends::sglang
