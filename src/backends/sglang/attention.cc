// Attention backends: the default for model and GPU, and what each of them needs.
#include <fmt/format.h>

#include <algorithm>

#include "backends/sglang/steps.h"

namespace redline::backends::sglang {
namespace {

// utils/common.py: is_fa3_default_architecture.
constexpr std::string_view kFlashAttention3[] = {"Llama4ForConditionalGeneration",
                                                 "LlamaForCausalLM",
                                                 "Olmo2ForCausalLM",
                                                 "Gemma2ForCausalLM",
                                                 "Gemma3ForConditionalGeneration",
                                                 "Qwen2ForCausalLM",
                                                 "Qwen3ForCausalLM",
                                                 "Qwen3MoeForCausalLM",
                                                 "Qwen3VLForConditionalGeneration",
                                                 "Qwen3VLMoeForConditionalGeneration",
                                                 "Glm4MoeForCausalLM",
                                                 "Glm4vForConditionalGeneration",
                                                 "Glm4vMoeForConditionalGeneration",
                                                 "Step3VLForConditionalGeneration"};

// utils/common.py: is_no_spec_infer_or_topk_one.
bool IsWithoutDraftTree(const ServerArgs& args) {
  if (args.IsNull("speculative_eagle_topk")) return true;
  const bool single_tokens = args.IsNull("page_size") || args.Int("page_size") == 1;
  return args.Int("speculative_eagle_topk") == 1 && single_tokens;
}

std::string DefaultBackend(const ServerArgs& args) {
  if (args.model().uses_mla)
    return args.IsHopper() ? "fa3" : (args.IsSm100() ? "flashinfer" : "triton");
  const bool runs_fa3 = std::find(std::begin(kFlashAttention3), std::end(kFlashAttention3),
                                  args.model().config.architecture()) != std::end(kFlashAttention3);
  if (args.IsHopper() && IsWithoutDraftTree(args) && runs_fa3) return "fa3";
  if (args.IsBlackwell() && IsWithoutDraftTree(args)) return "trtllm_mha";
  return args.HasFlashInfer() ? "flashinfer" : "triton";
}

void ChooseBackend(ServerArgs& args) {
  if (!args.IsNull("prefill_attention_backend") &&
      args.Get("prefill_attention_backend") == args.Get("decode_attention_backend"))
    args.Set("attention_backend", args.Get("prefill_attention_backend"),
             "prefill and decode both ask for it");
  if (!args.IsNull("attention_backend")) return;
  args.Set("attention_backend", DefaultBackend(args), "the default for this model and GPU");
  args.Warn(fmt::format("Attention backend not explicitly specified. Use {} backend by default.",
                        args.Text("attention_backend")));
}

Status CheckGraphlessBackends(ServerArgs& args) {
  if (args.Is("attention_backend", "torch_native")) {
    args.Warn("Cuda graph is disabled because of using torch native attention backend");
    args.Set("disable_cuda_graph", true, "torch_native attention cannot be captured");
  }
  if (!args.Is("attention_backend", "flex_attention")) return OkStatus();
  args.Warn("Cuda graph is disabled because of using torch Flex Attention backend");
  args.Set("disable_cuda_graph", true, "flex_attention cannot be captured");
  if (args.IsNull("speculative_algorithm")) return OkStatus();
  return InvalidArgument(
      "--attention-backend flex_attention does not speculate; leave out "
      "--speculative-algorithm",
      "attention_backend");
}

// A backend that runs with some page sizes only.
struct PageRule {
  std::string_view backend;
  std::vector<int64_t> sizes;  // good ones; empty: `size` in any case
  int64_t size;
  std::string_view sizes_text;  // as the engine's log has it
  std::string_view log_name;
};

void FixPageSize(ServerArgs& args, const PageRule& rule) {
  const bool fits =
      std::find(rule.sizes.begin(), rule.sizes.end(), args.Int("page_size")) != rule.sizes.end();
  if (fits) return;
  const std::string before =
      args.IsNull("page_size") ? "None" : std::to_string(args.Int("page_size"));
  if (rule.sizes.empty())
    args.Warn(fmt::format("{} only supports a page_size of {}, change page_size to {}.",
                          rule.log_name, rule.size, rule.size));
  else
    args.Warn(fmt::format("{} only supports page_size of {}, changing page_size from {} to {}.",
                          rule.log_name, rule.sizes_text, before, rule.size));
  args.Set("page_size", rule.size,
           fmt::format("{} attention runs with pages of {}", rule.backend, rule.size));
}

Status CheckTrtllmMla(ServerArgs& args) {
  if (!args.AnyIs({"attention_backend", "decode_attention_backend"}, "trtllm_mla"))
    return OkStatus();
  if (!args.IsBlackwell())
    return InvalidArgument("--attention-backend trtllm_mla needs a Blackwell GPU; leave it out",
                           "attention_backend");
  FixPageSize(args, {"trtllm_mla", {32, 64}, 64, "32 or 64", "TensorRT-LLM MLA"});
  if (args.IsOneOf("kv_cache_dtype", {"fp8_e4m3", "fp4_e2m1", "auto"})) return OkStatus();
  return InvalidArgument(fmt::format("--kv-cache-dtype {} does not work with trtllm_mla; use "
                                     "fp8_e4m3, fp4_e2m1 or auto",
                                     args.Text("kv_cache_dtype")),
                         "kv_cache_dtype");
}

Status CheckTrtllmMha(ServerArgs& args) {
  if (!args.AnyIs({"attention_backend", "decode_attention_backend", "prefill_attention_backend"},
                  "trtllm_mha"))
    return OkStatus();
  if (!args.IsSm100())
    return InvalidArgument("--attention-backend trtllm_mha needs a Blackwell GPU; leave it out",
                           "attention_backend");
  FixPageSize(args, {"trtllm_mha", {16, 32, 64}, 64, "16, 32 or 64", "TensorRT-LLM MHA"});
  return OkStatus();
}

Status CheckFlashAttention(ServerArgs& args) {
  if (args.Is("attention_backend", "fa3") && args.Is("kv_cache_dtype", "fp8_e5m2")) {
    args.Warn(
        "FlashAttention3 only supports fp8_e4m3 if using FP8; Setting attention backend to "
        "triton.");
    args.Set("attention_backend", "triton", "FlashAttention 3 cannot read an fp8_e5m2 KV cache");
  }
  if (args.AnyIs({"attention_backend", "decode_attention_backend"}, "fa4"))
    return InvalidArgument("fa4 only prefills; use --prefill-attention-backend fa4",
                           "attention_backend");
  if (args.Is("prefill_attention_backend", "fa4") && !args.model().uses_mla) {
    const std::string before =
        args.IsNull("page_size") ? "None" : std::to_string(args.Int("page_size"));
    args.Warn(
        fmt::format("FA4 backend only supports page size 128 for non-MLA model "
                    "architectures, changing page_size from {} to 128.",
                    before));
    args.Set("page_size", 128, "fa4 attention runs with pages of 128");
  }
  return OkStatus();
}

void CheckOtherPlatforms(ServerArgs& args) {
  if (args.Is("attention_backend", "aiter") && args.model().context_length > 8192)
    args.Set("mem_fraction_static", args.Number("mem_fraction_static") * 0.85,
             "aiter needs more memory for long contexts");
  if (args.Is("attention_backend", "intel_xpu"))
    FixPageSize(args,
                {"intel_xpu", {32, 64, 128}, 128, "32, 64 or 128", "Intel XPU attention backend"});
}

Status CheckDualChunk(ServerArgs& args) {
  const bool asked_by_model = !args.model().config.Get("dual_chunk_attention_config").is_null();
  const bool is_dual_chunk = args.Is("attention_backend", "dual_chunk_flash_attn");
  if (asked_by_model && !is_dual_chunk)
    return InvalidArgument(fmt::format("the model needs --attention-backend "
                                       "dual_chunk_flash_attn, not {}",
                                       args.Text("attention_backend")),
                           "attention_backend");
  if (!is_dual_chunk) return OkStatus();
  args.Warn(
      "Mixed chunk and radix cache are disabled when using dual-chunk flash attention backend");
  args.Set("enable_mixed_chunk", false, "not with dual-chunk attention");
  args.Set("disable_radix_cache", true, "not with dual-chunk attention");
  return OkStatus();
}

}  // namespace

Status HandleSamplingBackend(ServerArgs& args) {
  if (args.IsNull("sampling_backend"))
    args.Set("sampling_backend", args.HasFlashInfer() ? "flashinfer" : "pytorch",
             "FlashInfer samples where it is installed");
  return OkStatus();
}

Status HandleAttentionBackendCompatibility(ServerArgs& args) {
  RL_RETURN_IF_ERROR(args.EnsureModel());
  ChooseBackend(args);
  RL_RETURN_IF_ERROR(CheckGraphlessBackends(args));
  const std::initializer_list<std::string_view> decoding = {"attention_backend",
                                                            "decode_attention_backend"};
  if (args.AnyIs(decoding, "flashmla")) FixPageSize(args, {"flashmla", {}, 64, "", "FlashMLA"});
  if (args.AnyIs(decoding, "cutlass_mla"))
    FixPageSize(args, {"cutlass_mla", {}, 128, "", "Cutlass MLA"});
  RL_RETURN_IF_ERROR(CheckTrtllmMla(args));
  RL_RETURN_IF_ERROR(CheckTrtllmMha(args));
  RL_RETURN_IF_ERROR(CheckFlashAttention(args));
  CheckOtherPlatforms(args);
  return CheckDualChunk(args);
}

Status HandlePageSize(ServerArgs& args) {
  if (args.IsNull("page_size")) args.Set("page_size", 1, "the default");
  return OkStatus();
}

Status HandleGrammarBackend(ServerArgs& args) {
  if (args.IsNull("grammar_backend")) args.Set("grammar_backend", "xgrammar", "the default");
  return OkStatus();
}

}  // namespace redline::backends::sglang
