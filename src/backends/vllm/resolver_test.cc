// Each rule of the resolver by itself.
#include "backends/vllm/resolver.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "backends/vllm/cudagraph_sizes.h"
#include "base/strings.h"

namespace redline::backends::vllm {
namespace {

using nlohmann::json;

enum class Model { kSparse, kMla, kDense, kMoe, kGptOss, kBert };

json ConfigOf(Model model) {
  const json blocked = {{"quant_method", "fp8"}, {"weight_block_size", {128, 128}}};
  switch (model) {
    case Model::kSparse:
      return {{"architectures", {"DeepseekV32ForCausalLM"}},
              {"model_type", "deepseek_v32"},
              {"torch_dtype", "bfloat16"},
              {"max_position_embeddings", 163840},
              {"num_attention_heads", 128},
              {"n_routed_experts", 256},
              {"num_nextn_predict_layers", 1},
              {"index_topk", 2048},
              {"quantization_config", blocked}};
    case Model::kMla:
      return {{"architectures", {"DeepseekV3ForCausalLM"}},
              {"model_type", "deepseek_v3"},
              {"torch_dtype", "bfloat16"},
              {"max_position_embeddings", 163840},
              {"num_attention_heads", 128},
              {"n_routed_experts", 256},
              {"num_nextn_predict_layers", 1}};
    case Model::kDense:
      return {{"architectures", {"Qwen3ForCausalLM"}},
              {"model_type", "qwen3"},
              {"torch_dtype", "bfloat16"},
              {"max_position_embeddings", 40960},
              {"num_attention_heads", 32},
              {"num_key_value_heads", 8}};
    case Model::kMoe:
      return {{"architectures", {"Qwen3MoeForCausalLM"}},
              {"model_type", "qwen3_moe"},
              {"torch_dtype", "bfloat16"},
              {"max_position_embeddings", 40960},
              {"num_attention_heads", 64},
              {"num_experts", 128}};
    case Model::kGptOss:
      return {{"architectures", {"GptOssForCausalLM"}},
              {"model_type", "gpt_oss"},
              {"max_position_embeddings", 131072},
              {"num_attention_heads", 64},
              {"num_local_experts", 128},
              {"quantization_config", {{"quant_method", "mxfp4"}}}};
    case Model::kBert:
      return {{"architectures", {"BertModel"}},
              {"model_type", "bert"},
              {"torch_dtype", "float32"},
              {"max_position_embeddings", 512},
              {"num_attention_heads", 12}};
  }
  return {};
}

const spec::HardwareProfile kH200 = {"H200x8", "NVIDIA H200", 90, 143771, 8};
const spec::HardwareProfile kB200 = {"B200x8", "NVIDIA B200", 100, 183359, 8};
const spec::HardwareProfile kA100 = {"A100x8", "NVIDIA A100-SXM4-80GB", 80, 81920, 8};
const spec::HardwareProfile kL40 = {"L40x1", "NVIDIA L40", 89, 46068, 1};

// Words between spaces.
EngineResolution ResolveWords(Model model, const std::string& words,
                              const spec::HardwareProfile& hardware = kH200,
                              std::map<std::string, std::string> environment = {}) {
  ResolveRequest request;
  for (std::string& word : Split(words, ' '))
    if (!word.empty()) request.arguments.push_back(std::move(word));
  request.environment = std::move(environment);
  request.model_config = ConfigOf(model);
  request.hardware = hardware;
  return Resolve(request);
}

struct Rule {
  Model model;
  const char* words;
  const char* field;  // JSON pointer
  json value;
  spec::HardwareProfile hardware = kH200;
  std::map<std::string, std::string> environment = {};
};

void ExpectRules(std::initializer_list<Rule> rules) {
  for (const Rule& rule : rules) {
    SCOPED_TRACE(std::string(rule.words) + " " + rule.field);
    const auto resolution = ResolveWords(rule.model, rule.words, rule.hardware, rule.environment);
    ASSERT_FALSE(resolution.error) << resolution.error->message;
    EXPECT_EQ(rule.value, resolution.resolved.at(json::json_pointer(rule.field)));
  }
}

TEST(VllmResolverTest, Batches) {
  ExpectRules({
      {Model::kDense, "", "/scheduler/max_num_batched_tokens", 8192},
      {Model::kDense, "", "/scheduler/max_num_seqs", 1024},
      {Model::kDense, "", "/scheduler/max_num_seqs", 256, kA100},
      {Model::kDense, "", "/scheduler/max_num_batched_tokens", 2048, kL40},
      {Model::kDense, "--max-num-seqs 2 --max-model-len 100", "/scheduler/max_num_batched_tokens",
       200},
      {Model::kDense, "--max-num-batched-tokens 512", "/scheduler/max_num_seqs", 512},
      {Model::kDense, "--no-enable-chunked-prefill", "/scheduler/max_num_batched_tokens", 40960},
      {Model::kDense, "--max-num-batched-tokens 16k", "/scheduler/max_num_encoder_input_tokens",
       16000},
      {Model::kDense, "--no-enable-prefix-caching", "/cache/enable_prefix_caching", false},
  });
}

TEST(VllmResolverTest, BlocksAndCacheTypes) {
  ExpectRules({
      {Model::kDense, "", "/cache/block_size", 16},
      {Model::kDense, "--block-size 32", "/cache/block_size", 32},
      {Model::kMla, "-tp 8", "/cache/block_size", 64},
      {Model::kMla, "-tp 8 --block-size 128", "/cache/block_size", 128},
      {Model::kMla, "-tp 8", "/cache/block_size", 128, kB200},
      {Model::kMla, "-tp 8", "/attention/backend", "CUTLASS_MLA", kB200},
      {Model::kMla, "-tp 8", "/cache/block_size", 16, kA100},
      {Model::kMla, "-tp 8", "/cache/block_size", 16, kH200, {{"VLLM_MLA_DISABLE", "1"}}},
      {Model::kMla, "-tp 8 --attention-backend flashinfer_mla", "/cache/block_size", 64},
      {Model::kMla, "-tp 8 --attention-backend flashinfer_mla --block-size 32", "/cache/block_size",
       32},
      {Model::kMla, "-tp 8 --attention-backend TRITON_MLA", "/cache/block_size", 16},
      {Model::kSparse, "-tp 8", "/cache/block_size", 64, kB200},
      {Model::kSparse, "-tp 8 --block-size 128", "/cache/block_size", 64},
      {Model::kSparse, "-tp 8", "/attention/backend", nullptr, kB200},
      {Model::kSparse, "-tp 8 --kv-cache-dtype fp8_e5m2", "/cache/cache_dtype", "fp8_ds_mla"},
      {Model::kSparse, "-tp 8 --kv-cache-dtype bfloat16", "/cache/cache_dtype", "auto"},
      {Model::kMla, "-tp 8 --kv-cache-dtype fp8", "/cache/cache_dtype", "fp8"},
      {Model::kDense,
       "",
       "/attention/backend",
       "FLASHINFER",
       kH200,
       {{"VLLM_ATTENTION_BACKEND", "FLASHINFER"}}},
      {Model::kDense, "--attention-config.flash_attn_version 2", "/attention/flash_attn_version",
       2},
  });
}

TEST(VllmResolverTest, Parallelism) {
  ExpectRules({
      {Model::kDense, "", "/parallel/distributed_executor_backend", "uni"},
      {Model::kDense, "-tp 2", "/parallel/distributed_executor_backend", "mp"},
      {Model::kDense, "-tp 2 -dp 4", "/parallel/world_size_across_dp", 8},
      {Model::kDense, "-tp 16 --nnodes 2", "/parallel/disable_custom_all_reduce", true},
      {Model::kDense, "", "/parallel/data_parallel_size", 2, kH200, {{"VLLM_DP_SIZE", "2"}}},
      {Model::kDense,
       "",
       "/parallel/all2all_backend",
       "pplx",
       kH200,
       {{"VLLM_ALL2ALL_BACKEND", "pplx"}}},
      {Model::kSparse, "-tp 8 -dcp 2", "/parallel/decode_context_parallel_size", 2},
      {Model::kDense, "-tp 8 --distributed-executor-backend ray",
       "/parallel/distributed_executor_backend", "ray"},
      {Model::kDense, "--worker-cls mine.Worker", "/parallel/worker_cls", "mine.Worker"},
  });
}

TEST(VllmResolverTest, Compilation) {
  ExpectRules({
      {Model::kDense, "", "/compilation/mode", 3},
      {Model::kDense, "", "/compilation/cudagraph_mode", "FULL_AND_PIECEWISE"},
      {Model::kDense, "-O1", "/compilation/cudagraph_mode", "PIECEWISE"},
      {Model::kDense, "-O0", "/compilation/mode", 0},
      {Model::kDense, "-O0", "/compilation/cudagraph_capture_sizes", json::array()},
      {Model::kDense, "-O0", "/compilation/pass_config/fuse_norm_quant", false},
      {Model::kDense, "--enforce-eager", "/optimization_level", 0},
      {Model::kDense, "--enforce-eager", "/compilation/max_cudagraph_capture_size", 0},
      {Model::kDense, "", "/compilation/pass_config/fuse_norm_quant", false},
      {Model::kSparse, "-tp 8", "/compilation/pass_config/fuse_norm_quant", true},
      {Model::kDense, "-cc.mode 0", "/compilation/cudagraph_mode", "NONE"},
      {Model::kDense, "-cc.mode 0", "/compilation/pass_config/fuse_act_quant", true},
      {Model::kDense, "-cc.mode=0 -cc.cudagraph_mode=full_decode_only",
       "/compilation/cudagraph_mode", "FULL_DECODE_ONLY"},
      {Model::kDense, "-cc.pass_config.fuse_gemm_comms=true -tp 2",
       "/compilation/pass_config/enable_sp", true},
      {Model::kDense,
       "-cc.pass_config.enable_sp=true -tp 8 --cudagraph-capture-sizes 1 8 16",
       "/compilation/cudagraph_capture_sizes",
       {8, 16}},
      {Model::kDense, "-cc.pass_config.fuse_attn_quant=true", "/compilation/cudagraph_mode",
       "FULL"},
      {Model::kDense, "-cc.splitting_ops=[]", "/compilation/cudagraph_mode", "FULL"},
      {Model::kDense, "-cc.splitting_ops=[] -O1", "/compilation/cudagraph_mode", "NONE"},
      {Model::kGptOss, "", "/compilation/max_cudagraph_capture_size", 1024},
      {Model::kGptOss, "--max-cudagraph-capture-size 64", "/compilation/max_cudagraph_capture_size",
       64},
      {Model::kDense,
       "--cudagraph-capture-sizes 4 2 2 1 99999",
       "/compilation/cudagraph_capture_sizes",
       {1, 2, 4}},
      {Model::kDense, "--max-num-seqs 3", "/compilation/cudagraph_capture_sizes", {1, 2, 4}},
      {Model::kDense, "--max-cudagraph-capture-size 17", "/compilation/max_cudagraph_capture_size",
       16},
      {Model::kMoe, "-dp 8 --enable-expert-parallel --all2all-backend deepep_high_throughput",
       "/compilation/cudagraph_mode", "NONE"},
      {Model::kMoe, "-dp 8 --enable-expert-parallel --all2all-backend deepep_high_throughput",
       "/compilation/max_cudagraph_capture_size", 512},
      {Model::kBert, "", "/compilation/cudagraph_mode", "PIECEWISE"},
      {Model::kBert, "", "/model/runner_type", "pooling"},
  });
}

TEST(VllmResolverTest, Speculation) {
  ExpectRules({
      {Model::kDense, "", "/speculative", nullptr},
      {Model::kSparse, R"(-tp 8 --speculative-config {"method":"mtp","num_speculative_tokens":2})",
       "/speculative/draft_tensor_parallel_size", 8},
      {Model::kMla,
       "--speculative-config.method deepseek_mtp "
       "--speculative-config.num_speculative_tokens 1 -tp 8 --model M",
       "/speculative/model", "M"},
      {Model::kMla,
       R"(-tp 8 --speculative-config {"method":"deepseek_mtp","num_speculative_tokens":1})",
       "/speculative/method", "mtp"},
      {Model::kDense, R"(--speculative-config {"method":"ngram","num_speculative_tokens":4})",
       "/speculative/model", "ngram"},
      {Model::kDense, R"(--speculative-config {"model":"ngram","num_speculative_tokens":4})",
       "/speculative/draft_tensor_parallel_size", nullptr},
      {Model::kDense,
       R"(--speculative-config {"method":"ngram","num_speculative_tokens":4} --max-num-seqs 2)",
       "/compilation/max_cudagraph_capture_size", 16},
      {Model::kDense,
       R"(--speculative-config {"method":"eagle3","model":"E","num_speculative_tokens":3})",
       "/speculative/method", "eagle3"},
  });
}

TEST(VllmResolverTest, TheModelsConfigCanBeOverridden) {
  ExpectRules({
      {Model::kDense, R"(--hf-overrides {"max_position_embeddings":8192})", "/model/max_model_len",
       8192},
      {Model::kDense, "--hf-overrides.max_position_embeddings 8192", "/model/max_model_len", 8192},
      // The rope parameters were read before an object replaces their older name.
      {Model::kDense, R"(--hf-overrides {"rope_scaling":{"rope_type":"linear","factor":2}})",
       "/model/max_model_len", 40960},
      {Model::kDense, R"(--hf-overrides {"rope_parameters":{"rope_type":"linear","factor":2}})",
       "/model/max_model_len", 81920},
      {Model::kDense, R"(--pooler-config {"pooling_type":"MEAN"})",
       "/scheduler/enable_chunked_prefill", false},
      {Model::kDense, "--runner pooling", "/compilation/cudagraph_mode", "PIECEWISE"},
  });
}

struct RefusedCase {
  Model model;
  const char* words;
  const char* stage;
  const char* message;
  spec::HardwareProfile hardware = kH200;
};

TEST(VllmResolverTest, RefusalsNameStageAndRemedy) {
  constexpr const char* kParsed = "validate_parsed_serve_args";
  constexpr const char* kServer = "validate_api_server_args";
  constexpr const char* kEngine = "create_engine_config";
  const RefusedCase cases[] = {
      {Model::kDense, "--tp-size 8", "argparse", "--tp-size"},
      {Model::kDense, "--max-model-len auto", "argparse", "auto"},
      {Model::kDense, "--config f.yaml", "argparse", "--config"},
      {Model::kDense, "-cc.cudagraph_mode=ALL", "argparse", "FULL_AND_PIECEWISE"},
      {Model::kDense, "--speculative-config {method:mtp}", "argparse", "{method:mtp}"},
      {Model::kDense, "--lora-modules a", "argparse", "NAME=PATH"},
      {Model::kDense, "--lora-modules a=b=c", "argparse", "NAME=PATH"},
      {Model::kDense, "--attention-config null", "argparse", "JSON object"},
      {Model::kDense, "--enable-auto-tool-choice", kParsed, "--tool-call-parser"},
      {Model::kDense, "--enable-log-outputs", kParsed, "--enable-log-requests"},
      {Model::kDense, "--enable-auto-tool-choice --tool-call-parser deepseekv32", kServer,
       "deepseek_v32"},
      {Model::kDense, "--structured-outputs-config.reasoning_parser r1", kServer, "deepseek_r1"},
      {Model::kDense, "-tp 3", kEngine, "divisor"},
      {Model::kDense, "-tp 3", kEngine, "--tensor-parallel-size"},
      {Model::kDense, "-dp 0", kEngine, "at least 1"},
      {Model::kDense, "--hf-overrides text", kEngine, "--hf-overrides"},
      {Model::kDense, "--config-format x", kEngine, "mistral"},
      {Model::kDense, "--kv-cache-metrics-sample 2", kEngine, "at most 1"},
      {Model::kDense, "--show-hidden-metrics-for-version x", kEngine, "no version"},
      {Model::kDense, "--collect-detailed-traces all", kEngine, "--otlp-traces-endpoint"},
      {Model::kDense, R"(-cc.compile_sizes=["x"])", kEngine, "cudagraph_capture_sizes"},
      {Model::kDense, "-cc.compile_ranges_split_points=[0]", kEngine, "positive"},
      {Model::kSparse,
       R"(-tp 8 --speculative-config {"method":"mtp","num_speculative_tokens":1,"quantization":"awq"})",
       kEngine, "does not fit"},
      {Model::kDense, "-tp 16", kEngine, "16 GPUs"},
      {Model::kDense, "-tp 2", kEngine, "2 GPUs", kL40},
      {Model::kDense, "--enable-expert-parallel", kEngine, "no experts"},
      {Model::kMoe, "-tp 8 --enable-eplb", kEngine, "--enable-expert-parallel"},
      {Model::kMoe, "--enable-expert-parallel --enable-eplb", kEngine, "above 1"},
      {Model::kMoe, "--eplb-config.num_redundant_experts 2", kEngine, "--enable-eplb"},
      {Model::kMoe, "-dp 8 --enable-dbo", kEngine, "deepep_low_latency"},
      {Model::kSparse, "-tp 8 -dcp 3", kEngine, "divide"},
      {Model::kDense, "-tp 8 -dcp 2", kEngine, "KV heads"},
      {Model::kDense, "--gpu-memory-utilization 0", kEngine, "above 0"},
      {Model::kDense, "--max-model-len 50000", kEngine, "40960"},
      {Model::kDense, "--max-num-seqs 0", kEngine, "at least 1"},
      {Model::kDense, "--max-num-seqs 512 --max-num-batched-tokens 256", kEngine, "512"},
      {Model::kDense, "--no-enable-chunked-prefill --max-num-batched-tokens 8192", kEngine,
       "40960"},
      {Model::kDense, "-pp 2 --async-scheduling", kEngine, "pipeline"},
      {Model::kDense,
       R"(--async-scheduling --speculative-config {"method":"ngram","num_speculative_tokens":1})",
       kEngine, "eagle"},
      {Model::kDense, "--distributed-executor-backend ray --async-scheduling", kEngine, "ray"},
      {Model::kDense, R"(--speculative-config {"method":"mtp","num_speculative_tokens":1})",
       kEngine, "another method"},
      {Model::kSparse, R"(-tp 8 --speculative-config {"method":"mtp"})", kEngine,
       "num_speculative_tokens"},
      {Model::kSparse,
       R"(-tp 8 --speculative-config {"method":"nextn","num_speculative_tokens":1})", kEngine,
       "deepseek_mtp"},
      {Model::kSparse,
       R"(-tp 8 --speculative-config {"method":"eagle3","model":"E","num_speculative_tokens":1})",
       kEngine, "gpt-oss"},
      {Model::kDense, R"(--speculative-config {"method":"draft_model","model":"D"})", kEngine,
       "ngram"},
      {Model::kDense, "--attention-backend FA9", kEngine, "FLASH_ATTN"},
      {Model::kDense, "--attention-backend FLASHINFER --attention-config.backend FLASH_ATTN",
       kEngine, "exclude"},
      {Model::kDense, "-O5", kEngine, "0, 1, 2 or 3"},
      {Model::kDense, "--cudagraph-capture-sizes 1 2 --max-cudagraph-capture-size 4", kEngine,
       "largest"},
      {Model::kDense, "--cudagraph-capture-sizes 1 -cc.cudagraph_capture_sizes=[1]", kEngine,
       "exclude"},
      {Model::kDense, "--max-num-partial-prefills 2", kEngine, "partial"},
      {Model::kDense, "--data-parallel-external-lb -dp 2", kEngine, "--data-parallel-rank"},
      {Model::kDense, "-dp 2 --data-parallel-size-local 4", kEngine, "data_parallel_size_local"},
      {Model::kDense, "--kv-offloading-backend native", kEngine, "--kv-offloading-size"},
      {Model::kGptOss, "--dtype half", kEngine, "mxfp4"},
      {Model::kDense, "--enable-lora --max-loras 4 --max-cpu-loras 2", kEngine, "max_cpu_loras"},
  };
  for (const RefusedCase& each : cases) {
    SCOPED_TRACE(each.words);
    const auto resolution = ResolveWords(each.model, each.words, each.hardware);
    ASSERT_TRUE(resolution.error.has_value());
    EXPECT_EQ(each.stage, resolution.error->stage);
    EXPECT_THAT(resolution.error->message, testing::HasSubstr(each.message));
    EXPECT_TRUE(resolution.resolved.is_null());
  }
}

TEST(VllmResolverTest, ABadVariableEndsTheEngineBeforeItsArguments) {
  for (const char* name :
       {"VLLM_ATTENTION_BACKEND", "VLLM_ALL2ALL_BACKEND", "VLLM_FLASH_ATTN_VERSION"}) {
    const auto resolution = ResolveWords(Model::kDense, "--tp-size 8", kH200, {{name, "x"}});
    ASSERT_TRUE(resolution.error.has_value());
    EXPECT_EQ("argparse", resolution.error->stage);
    EXPECT_THAT(resolution.error->message, testing::HasSubstr(name));
  }
}

TEST(VllmResolverTest, RewritesCarryWhatWasAskedTheRuleAndItsSource) {
  const auto resolution =
      ResolveWords(Model::kSparse, "-tp 8 --kv-cache-dtype fp8 --block-size 16");
  const auto rewrite = [&](std::string_view field) {
    const auto found = std::find_if(resolution.rewritten.begin(), resolution.rewritten.end(),
                                    [&](const Rewrite& each) { return each.field == field; });
    return found == resolution.rewritten.end() ? Rewrite() : *found;
  };
  EXPECT_EQ(16, rewrite("cache.block_size").asked);
  EXPECT_EQ(64, rewrite("cache.block_size").got);
  EXPECT_THAT(rewrite("cache.block_size").rule, testing::HasSubstr("64"));
  EXPECT_THAT(rewrite("cache.block_size").source, testing::HasSubstr("platforms/cuda.py"));
  EXPECT_EQ("fp8", rewrite("cache.cache_dtype").asked);
  EXPECT_EQ("fp8_ds_mla", rewrite("cache.cache_dtype").got);
  EXPECT_TRUE(rewrite("cache.block_size").was_given);
  EXPECT_TRUE(rewrite("cache.cache_dtype").was_given);
  EXPECT_FALSE(rewrite("model.quantization").was_given);
  EXPECT_EQ("", rewrite("parallel.tensor_parallel_size").field);
}

TEST(VllmResolverTest, WhatChangesNothingIsSaid) {
  const auto warnings = [](const std::string& words) {
    return Join(ResolveWords(Model::kDense, words).warnings, "\n");
  };
  EXPECT_THAT(warnings("--tool-call-parser hermes"), testing::HasSubstr("does nothing"));
  EXPECT_THAT(warnings("--reasoning-parser deepseek-v3"), testing::HasSubstr("deepseek_v3"));
  EXPECT_THAT(warnings("--seed 1 --seed 2"), testing::HasSubstr("--seed"));
  EXPECT_EQ("", warnings("-tp 8"));
}

TEST(VllmResolverTest, TheModelStandsWithOrWithoutItsFlag) {
  EXPECT_FALSE(ResolveWords(Model::kDense, "some/model -tp 2").error);
  EXPECT_FALSE(ResolveWords(Model::kDense, "-tp 2 some/model").error);
  EXPECT_FALSE(ResolveWords(Model::kDense, "--model some/model -tp=2").error);
}

TEST(VllmResolverTest, CaptureSizesStepWiderTheLargerTheyAre) {
  EXPECT_EQ((std::vector<int64_t>{1, 2, 4}), DefaultCaptureSizes(7));
  EXPECT_EQ((std::vector<int64_t>{1, 2, 4, 8, 16}), DefaultCaptureSizes(16));
  EXPECT_EQ(51U, DefaultCaptureSizes(512).size());
  EXPECT_EQ(272, DefaultCaptureSizes(280).back());
}

}  // namespace
}  // namespace redline::backends::vllm
