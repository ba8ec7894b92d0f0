#include "backends/sglang/resolver.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "backends/model_configs.h"
#include "base/strings.h"

namespace redline::backends::sglang {
namespace {

using nlohmann::json;
using ::testing::Contains;
using ::testing::HasSubstr;

struct Setting {
  std::string model = "DeepSeek-V3.2";
  std::string hardware = "H200x8";
  std::map<std::string, std::string> environment = {};
};

EngineResolution ResolveLine(const Setting& setting, const std::string& line) {
  ResolveRequest request{.version = "0.5.6.post2",
                         .arguments = Split("--model-path " + setting.model, ' '),
                         .environment = setting.environment,
                         .model_config = FindModelConfig(setting.model).value(),
                         .hardware = spec::FindHardwareProfile(setting.hardware).value()};
  if (!line.empty()) {
    for (const std::string& word : Split(line, ' ')) request.arguments.push_back(word);
  }
  return Resolver().resolve(request);
}

const Setting kV32 = {};
const Setting kV32B200 = {.hardware = "B200x8"};
const Setting kR1 = {.model = "DeepSeek-R1-0528"};
const Setting kR1B200 = {.model = "DeepSeek-R1-0528", .hardware = "B200x8"};
const Setting kQwen = {.model = "Qwen3-8B", .hardware = "H100x1"};
const Setting kMoeB200 = {.model = "Qwen3-235B-A22B-FP8", .hardware = "B200x8"};
const Setting kOssB200 = {.model = "gpt-oss-120b", .hardware = "B200x8"};

TEST(SglangResolverTest, FieldsResolve) {
  const struct {
    Setting setting;
    std::string line;
    std::string field;
    std::string value;  // JSON
  } cases[] = {
      // memory.cc
      {kV32, "--tp-size 8", "mem_fraction_static", "0.897"},
      {kV32, "--tp-size 8 --dp-size 8 --enable-dp-attention", "mem_fraction_static", "0.769"},
      {kV32, "--tp-size 8 --dp-size 8", "mem_fraction_static", "0.897"},
      {kV32, "--tp-size 8 --chunked-prefill-size -1", "mem_fraction_static", "0.811"},
      {kV32, "--tp-size 8 --speculative-algorithm STANDALONE", "mem_fraction_static", "0.854"},
      {kQwen, "--mem-fraction-static 1.5", "mem_fraction_static", "1.5"},
      {{"Qwen3-8B", "RTX4090x1"}, "", "cuda_graph_max_bs", "24"},
      {{"Qwen3-8B", "L40x8"}, "--tp-size 8", "cuda_graph_max_bs", "160"},
      {{"Qwen3-8B", "RTX4090x1"}, "", "chunked_prefill_size", "2048"},
      {{"Qwen3-8B", "B200x1"}, "", "chunked_prefill_size", "16384"},
      {kQwen, "--cuda-graph-max-bs 16", "cuda_graph_bs", "[1,2,4,8,12,16]"},
      {kQwen, "--cuda-graph-max-bs 4 --disable-cuda-graph-padding", "cuda_graph_bs", "[1,2,3,4]"},
      {kQwen, "--cuda-graph-bs 1 8 4", "cuda_graph_max_bs", "8"},
      // deepseek.cc
      {kV32, "--tp-size 8", "attention_backend", "\"nsa\""},
      {kV32, "--tp-size 8 --page-size 16", "page_size", "64"},
      {kV32, "--tp-size 8 --attention-backend fa3", "attention_backend", "\"fa3\""},
      {kV32, "--tp-size 8 --kv-cache-dtype fp8_e4m3", "nsa_decode_backend", "\"flashmla_kv\""},
      {kV32B200, "--tp-size 8", "kv_cache_dtype", "\"fp8_e4m3\""},
      {kV32B200, "--tp-size 8 --kv-cache-dtype bf16", "nsa_prefill_backend", "\"flashmla_sparse\""},
      {kV32, "--tp-size 8 --enable-nsa-prefill-context-parallel", "moe_a2a_backend", "\"deepep\""},
      {kR1B200, "--tp-size 8", "attention_backend", "\"trtllm_mla\""},
      {kR1B200, "--tp-size 8", "enable_flashinfer_allreduce_fusion", "true"},
      {kR1B200, "--tp-size 8 --enable-dp-attention", "enable_flashinfer_allreduce_fusion", "false"},
      // model_rules.cc
      {kOssB200, "--tp-size 2", "moe_runner_backend", "\"flashinfer_mxfp4\""},
      {kOssB200, "--tp-size 2", "attention_backend", "\"trtllm_mha\""},
      {kMoeB200, "--tp-size 8", "moe_runner_backend", "\"flashinfer_trtllm\""},
      {kMoeB200, "--tp-size 8", "quantization", "\"fp8\""},
      {kMoeB200, "--tp-size 8 --moe-a2a-backend deepep", "moe_runner_backend", "\"auto\""},
      // cache.cc
      {kV32, "--tp-size 8 --enable-hierarchical-cache", "decode_attention_backend", "\"triton\""},
      {kV32B200, "--tp-size 8 --enable-hierarchical-cache", "decode_attention_backend",
       "\"flashinfer\""},
      {kQwen, "--hicache-mem-layout page_first_direct", "hicache_io_backend", "\"direct\""},
      // attention.cc
      {kQwen, "", "attention_backend", "\"fa3\""},
      {kQwen,
       "--speculative-algorithm EAGLE --speculative-num-steps 4 --speculative-eagle-topk 4 "
       "--speculative-num-draft-tokens 16",
       "attention_backend", "\"flashinfer\""},
      {{"Qwen3-8B", "A100x1"}, "", "attention_backend", "\"flashinfer\""},
      {{"Qwen3-8B", "A100x1", {{"SGLANG_IS_FLASHINFER_AVAILABLE", "0"}}},
       "",
       "attention_backend",
       "\"triton\""},
      {{"DeepSeek-R1-0528", "A100x8"}, "--tp-size 8", "attention_backend", "\"triton\""},
      {{"Qwen3-8B", "B200x1"}, "", "page_size", "64"},
      {{"Qwen3-8B", "B200x1"}, "--page-size 32", "page_size", "32"},
      {kR1, "--tp-size 8 --decode-attention-backend cutlass_mla", "page_size", "128"},
      {kQwen, "--prefill-attention-backend fa4 --page-size 16", "page_size", "128"},
      {kQwen, "--kv-cache-dtype fp8_e5m2", "attention_backend", "\"triton\""},
      {kQwen, "--attention-backend torch_native", "disable_cuda_graph", "true"},
      // parallelism.cc
      {kV32, "--tp-size 8 --dp-size 8", "chunked_prefill_size", "1024"},
      {kV32, "--tp-size 8 --dp-size 8 --chunked-prefill-size -1", "chunked_prefill_size", "-1"},
      {kV32, "--tp-size 8 --enable-dp-attention", "enable_dp_attention", "false"},
      {kR1, "--tp-size 4 --pp-size 2", "disable_overlap_schedule", "true"},
      // moe.cc
      {kV32, "--tp-size 8 --moe-a2a-backend mooncake", "ep_size", "8"},
      {kV32, "--tp-size 8 --moe-a2a-backend deepep --deepep-mode normal", "disable_cuda_graph",
       "true"},
      {kV32, "--tp-size 8 --ep-size 8 --enable-eplb", "ep_dispatch_algorithm", "\"static\""},
      {kV32, "--tp-size 8 --elastic-ep-backend mooncake --ep-size 8 --enable-eplb",
       "eplb_algorithm", "\"elasticity_aware\""},
      // speculative.cc
      {kV32, "--tp-size 8 --speculative-algorithm NEXTN", "speculative_algorithm", "\"EAGLE\""},
      {kV32, "--tp-size 8 --speculative-algorithm EAGLE", "max_running_requests", "48"},
      {kV32, "--tp-size 8 --speculative-algorithm EAGLE", "speculative_num_draft_tokens", "4"},
      {kQwen, "--speculative-algorithm NGRAM", "speculative_eagle_topk", "10"},
      {{"DeepSeek-V3.2", "H200x8", {{"SGLANG_ENABLE_SPEC_V2", "yes"}}},
       "--tp-size 8 --speculative-algorithm EAGLE",
       "disable_overlap_schedule",
       "false"},
      // serving.cc, special_modes.cc
      {kR1, "--tp-size 8 --disaggregation-mode prefill", "disaggregation_decode_tp", "8"},
      {kR1, "--tp-size 8 --disaggregation-mode decode", "disable_radix_cache", "true"},
      {kQwen, "--skip-tokenizer-init --tokenizer-worker-num 4", "tokenizer_worker_num", "1"},
      {kQwen, "--tool-call-parser qwen25", "tool_call_parser", "\"qwen\""},
      {kQwen, "--enable-deterministic-inference", "sampling_backend", "\"pytorch\""},
      {kQwen, "--enable-deterministic-inference --attention-backend flashinfer",
       "disable_radix_cache", "true"},
      {kQwen, "--dllm-algorithm x", "cuda_graph_bs", "[1]"},
      // lora.cc
      {kQwen, "--lora-paths a=/x", "enable_lora", "true"},
      {kQwen, "--enable-lora --max-lora-rank 8 --lora-target-modules all --lora-backend triton",
       "lora_target_modules",
       R"(["q_proj","k_proj","v_proj","o_proj","gate_proj","up_proj","down_proj","qkv_proj",)"
       R"("gate_up_proj","embed_tokens","lm_head"])"},
      // model_facts.cc
      {kV32, R"(--tp-size 8 --json-model-override-args {"architectures":["Olmo2ForCausalLM"]})",
       "attention_backend", "\"fa3\""},
      {kQwen, R"(--json-model-override-args {"architectures":["Nobody"]})", "attention_backend",
       "\"flashinfer\""},
  };
  for (const auto& each : cases) {
    const EngineResolution resolution = ResolveLine(each.setting, each.line);
    ASSERT_FALSE(resolution.error) << each.line << ": " << resolution.error->message;
    EXPECT_EQ(resolution.resolved.at(each.field).dump(), each.value)
        << each.setting.model << " " << each.setting.hardware << " " << each.line << ": "
        << each.field;
  }
}

TEST(SglangResolverTest, RefusalsNameStageFieldAndRemedy) {
  const struct {
    Setting setting;
    std::string line;
    std::string stage;
    std::string field;
    std::string message;
  } cases[] = {
      {kV32, "--tool-call-parser deepseek_v32", "argparse", "--tool-call-parser",
       "did you mean \"deepseekv32\"?"},
      {kQwen, R"(--lora-paths {"lora_name":"a"})", "argparse", "--lora-paths", "lora_path"},
      {kV32, "--tp-size 4 --enable-nsa-prefill-context-parallel", "post_init", "tp_size",
       "--tp-size 8"},
      {kV32, "--tp-size 8 --kv-cache-dtype fp8_e5m2", "post_init", "kv_cache_dtype", "fp8_e4m3"},
      {kV32, "--tp-size 8 --dp-size 3", "post_init", "dp_size", "multiple"},
      {kV32, "--tp-size 8 --dp-size 0", "post_init", "dp_size", "multiple"},
      {kQwen, "--dp-size 2 --enable-dp-lm-head", "post_init", "enable_dp_lm_head",
       "needs --enable-dp-attention"},
      {kQwen, "--context-length 50000", "post_init", "context_length", "40960"},
      {kQwen, "--quantization bitsandbytes", "post_init", "quantization", "cannot be loaded"},
      {kV32, "--tp-size 8 --quantization awq", "post_init", "quantization", "is fp8"},
      {kQwen, "--attention-backend trtllm_mha", "post_init", "attention_backend", "Blackwell"},
      {kR1, "--tp-size 8 --attention-backend trtllm_mla", "post_init", "attention_backend",
       "Blackwell"},
      {kQwen, "--attention-backend fa4", "post_init", "attention_backend",
       "--prefill-attention-backend fa4"},
      {kOssB200, "--attention-backend flashinfer", "post_init", "attention_backend", "triton"},
      {kV32, "--moe-runner-backend flashinfer_cutlass --tp-size 8 --ep-size 2", "post_init",
       "ep_size", "1 or 8"},
      {kV32, "--tp-size 8 --enable-eplb", "post_init", "ep_size", "--ep-size 2"},
      {kQwen, "--speculative-algorithm EAGLE --speculative-num-steps 3", "post_init",
       "speculative_eagle_topk", "needs --speculative-eagle-topk"},
      {kQwen, "--speculative-algorithm EAGLE --speculative-eagle-topk 1", "post_init",
       "speculative_num_steps", "all three or none"},
      {kV32, "--tp-size 8 --dp-size 8 --speculative-algorithm STANDALONE", "post_init",
       "speculative_algorithm", "DP attention"},
      {kV32, "--tp-size 8 --enable-hierarchical-cache --disable-radix-cache", "post_init",
       "enable_hierarchical_cache", "--disable-radix-cache"},
      {kR1, "--tp-size 8 --dp-size 8 --disaggregation-mode decode", "post_init",
       "prefill_round_robin_balance", "--prefill-round-robin-balance"},
      {kR1, "--tp-size 8 --disaggregation-mode prefill --disaggregation-decode-tp 3", "post_init",
       "disaggregation_decode_tp", "multiple"},
      {kV32, "--tp-size 8 --enable-deterministic-inference", "post_init", "attention_backend",
       "fa3 or triton"},
      {kQwen, "--export-metrics-to-file", "post_init", "export_metrics_to_file_dir", "needs"},
      {kQwen, "--cuda-graph-max-bs 2000000000", "post_init", "cuda_graph_max_bs", "or less"},
      {kQwen, "--json-model-override-args [", "post_init", "json_model_override_args", "JSON"},
      {kQwen, "--nnodes 2", "check_server_args", "nnodes", "multiple"},
      {kQwen, "--nnodes 0", "check_server_args", "nnodes", "multiple"},
      {kR1, "--tp-size 4 --pp-size 2 --enable-mixed-chunk", "check_server_args", "pp_size",
       "--enable-mixed-chunk"},
      {kR1, "--tp-size 8 --dp-size 2 --nnodes 2", "check_server_args", "dp_size",
       "--enable-dp-attention"},
      {kQwen, "--moe-dense-tp-size 2", "check_server_args", "moe_dense_tp_size", "can only be 1"},
      {kQwen, "--served-model-name a:b", "check_server_args", "served_model_name", "colon"},
      {kV32, "--tp-size 8 --chunked-prefill-size 1000", "check_server_args", "chunked_prefill_size",
       "page size 64"},
      {kQwen, "--page-size 0", "check_server_args", "chunked_prefill_size", "page size 0"},
      {kQwen, "--enable-pdmux", "check_server_args", "enable_pdmux", "--chunked-prefill-size -1"},
      {kQwen, "--prompt-tokens-buckets tse 1 1 8", "check_server_args", "prompt_tokens_buckets",
       "tse MIDDLE BASE COUNT"},
      {kQwen, "--enable-priority-scheduling --schedule-policy lpm", "check_server_args",
       "schedule_policy", "fcfs"},
      {kQwen, "--multi-item-scoring-delimiter 1", "check_server_args",
       "multi_item_scoring_delimiter", "--disable-radix-cache"},
      {kQwen, "--enable-lora", "check_server_args", "lora_paths", "--lora-target-modules"},
      {kQwen, "--lora-paths a --max-loaded-loras 1", "check_server_args", "max_loaded_loras",
       "--max-loras-per-batch 8"},
  };
  for (const auto& each : cases) {
    const EngineResolution resolution = ResolveLine(each.setting, each.line);
    ASSERT_TRUE(resolution.error) << each.line;
    EXPECT_EQ(resolution.resolved.is_null(), each.stage != "check_server_args") << each.line;
    EXPECT_EQ(resolution.error->stage, each.stage) << each.line;
    EXPECT_EQ(resolution.error->field, each.field) << each.line;
    EXPECT_THAT(resolution.error->message, HasSubstr(each.message)) << each.line;
  }
}

TEST(SglangResolverTest, AModelWithoutAConfigurationIsRefused) {
  const ResolveRequest request{.version = "0.5.6.post2",
                               .arguments = {"--model-path", "nobody/knows"},
                               .environment = {},
                               .model_config = {},
                               .hardware = spec::FindHardwareProfile("H200x1").value()};
  const EngineResolution resolution = Resolver().resolve(request);
  ASSERT_TRUE(resolution.error);
  EXPECT_EQ(resolution.error->field, "model_path");
}

TEST(SglangResolverTest, RewritesNameTheirRuleAndSource) {
  const EngineResolution resolution = ResolveLine(kV32, "--tp-size 8 --page-size 16");
  ASSERT_FALSE(resolution.error);
  const auto page = std::find_if(resolution.rewritten.begin(), resolution.rewritten.end(),
                                 [](const Rewrite& each) { return each.field == "page_size"; });
  ASSERT_NE(page, resolution.rewritten.end());
  EXPECT_EQ(page->asked, 16);
  EXPECT_EQ(page->got, 64);
  EXPECT_TRUE(page->was_given);
  EXPECT_EQ(page->rule, "DeepSeek's sparse attention runs with pages of 64");
  EXPECT_EQ(page->source, "server_args.py: _handle_model_specific_adjustments");
}

TEST(SglangResolverTest, WhatChangesNothingIsNoted) {
  const struct {
    std::string line;
    std::string note;
  } cases[] = {
      {"--tp-size 8 --enable-dp-attention", "--enable-dp-attention without --dp-size"},
      {"--tp-size 8 --nsa-decode-backend flashmla_kv", "quantizes the whole KV pool again"},
      {"--tp-size 8 --kv-cache-dtype fp8_e4m3 --nsa-decode-backend fa3", "count for nothing"},
      {"--tp-size 8 --enable-hierarchical-cache", "decodes with triton attention instead of nsa"},
      {"--tp-size 8 --tool-call-parser deepseekv32", "changes nothing for requests without tools"},
  };
  for (const auto& each : cases) {
    const EngineResolution resolution = ResolveLine(kV32, each.line);
    ASSERT_FALSE(resolution.error) << resolution.error->message;
    EXPECT_THAT(resolution.warnings, Contains(HasSubstr(each.note)));
  }
  EXPECT_EQ(ResolveLine(kV32, "--tp-size 8 --dp-size 8").warnings.back(),
            "DP attention is enabled. The chunked prefill size is adjusted to 1024 to avoid MoE "
            "kernel issues. ");
}

}  // namespace
}  // namespace redline::backends::sglang
