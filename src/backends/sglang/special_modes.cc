// Deterministic inference and diffusion language models.
#include <fmt/format.h>

#include <algorithm>

#include "backends/sglang/steps.h"

namespace redline::backends::sglang {
namespace {

constexpr std::string_view kDeepSeek[] = {"DeepseekV2ForCausalLM", "DeepseekV3ForCausalLM",
                                          "DeepseekV32ForCausalLM", "MistralLarge3ForCausalLM",
                                          "PixtralForConditionalGeneration"};

Status CheckDeterministicBackend(const ServerArgs& args) {
  const std::string backend = args.Text("attention_backend");
  if (!args.IsOneOf("attention_backend", {"flashinfer", "fa3", "triton"}))
    return InvalidArgument(
        fmt::format("--enable-deterministic-inference does not work with {} attention; use "
                    "--attention-backend flashinfer, fa3 or triton",
                    backend),
        "attention_backend");
  const auto config = args.ReadHfConfig();
  const bool is_deepseek = config.ok() && std::find(std::begin(kDeepSeek), std::end(kDeepSeek),
                                                    config->architecture()) != std::end(kDeepSeek);
  if (!is_deepseek || args.IsOneOf("attention_backend", {"fa3", "triton"})) return OkStatus();
  return InvalidArgument(
      fmt::format("--enable-deterministic-inference of DeepSeek models does not work with {} "
                  "attention; use --attention-backend fa3 or triton",
                  backend),
      "attention_backend");
}

}  // namespace

Status HandleDeterministicInference(ServerArgs& args) {
  if (!args.IsNull("rl_on_policy_target")) {
    args.Warn("Enable deterministic inference because of rl_on_policy_target.");
    args.Set("enable_deterministic_inference", true, "--rl-on-policy-target needs it");
  }
  if (!args.Flag("enable_deterministic_inference")) return OkStatus();
  args.Set("sampling_backend", "pytorch", "deterministic inference samples with PyTorch");
  args.Warn("Sampling backend is set to pytorch for deterministic inference.");
  // The attention backend was chosen by an earlier step: nothing is left to choose here.
  RL_RETURN_IF_ERROR(CheckDeterministicBackend(args));
  if (!args.IsOneOf("attention_backend", {"fa3", "triton"})) {
    args.Set("disable_radix_cache", true,
             "deterministic FlashInfer attention cannot reuse prefixes");
    args.Warn(
        fmt::format("Currently radix cache is not compatible with {} attention backend for "
                    "deterministic inference. It will be supported in the future.",
                    args.Text("attention_backend")));
  }
  if (args.Int("tp_size") > 1) {
    args.Set("disable_custom_all_reduce", true, "deterministic sums go through NCCL");
    args.Warn(
        "NCCL_ALGO is set to 'allreduce:tree' and custom all reduce is disabled for deterministic "
        "inference when TP size > 1.");
  }
  return OkStatus();
}

Status HandleDllmInference(ServerArgs& args) {
  if (args.IsNull("dllm_algorithm")) return OkStatus();
  const std::string rule = "diffusion language models run only this way";
  if (!args.Flag("disable_cuda_graph")) {
    const nlohmann::json single = nlohmann::json::array({1});
    if (args.Get("cuda_graph_bs") != single)
      args.Warn("Cuda graph bs is set to [1] because of using diffusion LLM inference");
    args.Set("cuda_graph_bs", single, rule);
    if (!args.Is("attention_backend", "flashinfer"))
      args.Warn(
          "Attention backend is set to flashinfer because of enabling cuda graph in diffusion LLM "
          "inference");
    args.Set("attention_backend", "flashinfer", rule);
  }
  if (!args.Flag("disable_overlap_schedule"))
    args.Warn("Overlap schedule is disabled because of using diffusion LLM inference");
  args.Set("disable_overlap_schedule", true, rule);
  if (!args.Flag("disable_radix_cache"))
    args.Warn("Radix cache is disabled because of using diffusion LLM inference");
  args.Set("disable_radix_cache", true, rule);
  if (args.Int("pp_size") <= 1) {
    args.Warn("Pipeline parallelism is disabled because of using diffusion LLM inference");
    args.Set("pp_size", 1, rule);
  }
  return OkStatus();
}

}  // namespace redline::backends::sglang
