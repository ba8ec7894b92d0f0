// The names that vLLM 0.13.0 gives to what can be chosen, as its own enums and registries list
// them.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/status.h"

namespace redline::backends::vllm {

// config/compilation.py: CompilationMode, by number.
inline constexpr std::array<std::string_view, 4> kCompilationModes = {
    "NONE", "STOCK_TORCH_COMPILE", "DYNAMO_TRACE_ONCE", "VLLM_COMPILE"};
// config/compilation.py: CUDAGraphMode; the first three by number.
inline constexpr std::array<std::string_view, 5> kCudagraphModes = {
    "NONE", "PIECEWISE", "FULL", "FULL_DECODE_ONLY", "FULL_AND_PIECEWISE"};

// config/speculative.py: MTPModelTypes and SpeculativeMethod.
inline constexpr std::array<std::string_view, 8> kMtpMethods = {
    "deepseek_mtp",   "mimo_mtp",          "glm4_moe_mtp", "ernie_mtp",
    "qwen3_next_mtp", "longcat_flash_mtp", "mtp",          "pangu_ultra_moe_mtp"};
inline constexpr std::array<std::string_view, 15> kSpeculativeMethods = {
    "ngram",     "medusa",         "mlp_speculator",    "draft_model", "suffix",
    "eagle",     "eagle3",         "deepseek_mtp",      "mimo_mtp",    "glm4_moe_mtp",
    "ernie_mtp", "qwen3_next_mtp", "longcat_flash_mtp", "mtp",         "pangu_ultra_moe_mtp"};

// model_executor/layers/quantization/__init__.py: QuantizationMethods.
inline constexpr std::array<std::string_view, 31> kQuantizationMethods = {"awq",
                                                                          "deepspeedfp",
                                                                          "tpu_int8",
                                                                          "fp8",
                                                                          "ptpc_fp8",
                                                                          "fbgemm_fp8",
                                                                          "fp_quant",
                                                                          "modelopt",
                                                                          "modelopt_fp4",
                                                                          "bitblas",
                                                                          "gguf",
                                                                          "gptq_marlin_24",
                                                                          "gptq_marlin",
                                                                          "gptq_bitblas",
                                                                          "awq_marlin",
                                                                          "gptq",
                                                                          "compressed-tensors",
                                                                          "bitsandbytes",
                                                                          "hqq",
                                                                          "experts_int8",
                                                                          "ipex",
                                                                          "quark",
                                                                          "moe_wna16",
                                                                          "torchao",
                                                                          "auto-round",
                                                                          "rtn",
                                                                          "inc",
                                                                          "mxfp4",
                                                                          "petit_nvfp4",
                                                                          "cpu_gptq",
                                                                          "cpu_awq"};

// attention/backends/registry.py: AttentionBackendEnum.
inline constexpr std::array<std::string_view, 23> kAttentionBackends = {"FLASH_ATTN",
                                                                        "TRITON_ATTN",
                                                                        "ROCM_ATTN",
                                                                        "ROCM_AITER_MLA",
                                                                        "ROCM_AITER_TRITON_MLA",
                                                                        "ROCM_AITER_FA",
                                                                        "ROCM_AITER_MLA_SPARSE",
                                                                        "TORCH_SDPA",
                                                                        "FLASHINFER",
                                                                        "FLASHINFER_MLA",
                                                                        "TRITON_MLA",
                                                                        "CUTLASS_MLA",
                                                                        "FLASHMLA",
                                                                        "FLASHMLA_SPARSE",
                                                                        "FLASH_ATTN_MLA",
                                                                        "PALLAS",
                                                                        "IPEX",
                                                                        "NO_ATTENTION",
                                                                        "FLEX_ATTENTION",
                                                                        "TREE_ATTN",
                                                                        "ROCM_AITER_UNIFIED_ATTN",
                                                                        "CPU_ATTN",
                                                                        "CUSTOM"};
// config/parallel.py: all2all_backend.
inline constexpr std::array<std::string_view, 6> kAll2AllBackends = {"naive",
                                                                     "pplx",
                                                                     "deepep_high_throughput",
                                                                     "deepep_low_latency",
                                                                     "allgather_reducescatter",
                                                                     "flashinfer_all2allv"};

// tool_parsers/__init__.py and reasoning/__init__.py.
inline constexpr std::array<std::string_view, 29> kToolParsers = {
    "deepseek_v3",     "deepseek_v31", "deepseek_v32",   "ernie45",     "gigachat3",
    "glm45",           "granite",      "granite-20b-fc", "hermes",      "hunyuan_a13b",
    "internlm",        "jamba",        "kimi_k2",        "llama3_json", "llama4_json",
    "llama4_pythonic", "longcat",      "minimax",        "minimax_m2",  "mistral",
    "olmo3",           "openai",       "phi4_mini_json", "pythonic",    "qwen3_coder",
    "qwen3_xml",       "seed_oss",     "step3",          "xlam"};
inline constexpr std::array<std::string_view, 16> kReasoningParsers = {
    "deepseek_r1", "deepseek_v3",  "ernie45",       "glm45",      "granite",
    "holo2",       "hunyuan_a13b", "kimi_k2",       "minimax_m2", "minimax_m2_append_think",
    "mistral",     "olmo3",        "openai_gptoss", "qwen3",      "seed_oss",
    "step3"};

std::optional<size_t> IndexOf(std::span<const std::string_view> names, std::string_view name);
inline bool Contains(std::span<const std::string_view> names, std::string_view name) {
  return IndexOf(names, name).has_value();
}
// "a, b, c".
std::string Listed(std::span<const std::string_view> names);
// "; did you mean "a"?" or "".
std::string Hint(std::string_view word, std::span<const std::string_view> names);

std::string ToUpper(std::string_view text);
// The backend of that name in any case.
Result<std::string> AttentionBackendOf(std::string_view name);

}  // namespace redline::backends::vllm
