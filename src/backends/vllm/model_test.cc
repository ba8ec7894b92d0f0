// What is read out of a model's config.json: length, dtype, quantization, kind.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "backends/vllm/model_dtype.h"
#include "backends/vllm/model_facts.h"
#include "backends/vllm/model_length.h"
#include "backends/vllm/quantization.h"

namespace redline::backends::vllm {
namespace {

using nlohmann::json;

TEST(ModelLengthTest, FromTheConfigOrAskedFor) {
  const struct {
    const char* config;
    int64_t asked;  // 0: nothing
    int64_t length;
  } cases[] = {
      {R"({"max_position_embeddings": 40960})", 0, 40960},
      {R"({"max_position_embeddings": 40960})", 8192, 8192},
      {R"({"n_positions": 1024, "max_seq_len": 512})", 0, 512},
      {R"({"max_position_embeddings": 8, "model_max_length": 16})", 0, 16},
      {R"({})", 0, 2048},
      {R"({})", 99999, 99999},
      {R"({"max_position_embeddings": 9, "rope_scaling": {"rope_type": "yarn", "factor": 40,
           "original_max_position_embeddings": 4096}})",
       0, 163840},
      {R"({"max_position_embeddings": 100, "rope_scaling": {"type": "linear", "factor": 2}})", 0,
       200},
      {R"({"max_position_embeddings": 100, "rope_scaling": {"rope_type": "llama3", "factor": 8}})",
       0, 100},
      {R"({"max_position_embeddings": 100, "original_max_position_embeddings": 10,
           "rope_scaling": {"type": "longrope"}})",
       0, 10},
      {R"({"model_type": "gemma3_text", "max_position_embeddings": 100,
           "rope_scaling": {"rope_type": "linear", "factor": 8}})",
       0, 100},
  };
  for (const auto& each : cases) {
    SCOPED_TRACE(each.config);
    const auto asked = each.asked == 0 ? std::nullopt : std::optional(each.asked);
    const auto length = ResolveModelLength(json::parse(each.config), asked, false, false);
    ASSERT_TRUE(length.ok()) << length.status().message();
    EXPECT_EQ(each.length, length->max_model_len);
  }
}

TEST(ModelLengthTest, LongerThanTheModelOnlyWhenAllowed) {
  const json config = {{"max_position_embeddings", 100}};
  const auto refused = ResolveModelLength(config, 101, false, false);
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.status().message(), testing::HasSubstr("VLLM_ALLOW_LONG_MAX_MODEL_LEN"));
  const auto allowed = ResolveModelLength(config, 101, false, true);
  ASSERT_TRUE(allowed.ok());
  EXPECT_EQ(101, allowed->max_model_len);
  EXPECT_THAT(allowed->warning, testing::HasSubstr("100"));
}

TEST(ModelLengthTest, WithoutItsSlidingWindowTheModelIsThatLong) {
  const json config = {{"max_position_embeddings", 100}, {"sliding_window", 10}};
  EXPECT_EQ(10, ResolveModelLength(config, std::nullopt, true, false)->max_model_len);
  EXPECT_EQ(100, ResolveModelLength(config, std::nullopt, false, false)->max_model_len);
}

TEST(ModelDtypeTest, AutoIsTheModelsAsFarAsTheGpuHasIt) {
  const struct {
    const char* config;
    const char* asked;
    int capability;
    const char* dtype;
  } cases[] = {
      {R"({"torch_dtype": "bfloat16"})", "auto", 90, "bfloat16"},
      {R"({"dtype": "float16"})", "auto", 90, "float16"},
      {R"({"torch_dtype": "float32"})", "auto", 90, "bfloat16"},
      {R"({})", "auto", 90, "bfloat16"},
      {R"({"torch_dtype": "bfloat16"})", "auto", 75, "float16"},
      {R"({"torch_dtype": "bfloat16"})", "half", 90, "float16"},
      {R"({"torch_dtype": "bfloat16"})", "float", 90, "float32"},
      {R"({"text_config": {"torch_dtype": "float16"}})", "auto", 90, "float16"},
      {R"({"model_type": "gemma2", "torch_dtype": "float16"})", "auto", 90, "bfloat16"},
  };
  for (const auto& each : cases) {
    SCOPED_TRACE(each.config);
    const auto dtype = ResolveDtype(json::parse(each.config), each.asked, each.capability, false);
    ASSERT_TRUE(dtype.ok());
    EXPECT_EQ(each.dtype, dtype->dtype);
  }
  EXPECT_FALSE(ResolveDtype({{"model_type", "gemma2"}}, "half", 90, false).ok());
}

TEST(QuantizationTest, CheckpointAndFlagBecomeOneMethod) {
  const struct {
    const char* quant;  // of config.json; "": none
    const char* asked;  // "": nothing
    const char* method;
    bool is_blocked;
  } cases[] = {
      {"", "", "", false},
      {"", "fp8", "fp8", false},
      {R"({"quant_method": "fp8", "weight_block_size": [128, 128]})", "", "fp8", true},
      {R"({"quant_method": "fp8", "weight_block_size": [128, 128]})", "fp8", "fp8", true},
      {R"({"quant_method": "fp8"})", "", "fp8", false},
      {R"({"quant_method": "mxfp4"})", "", "mxfp4", false},
      {R"({"quant_method": "awq", "bits": 4, "group_size": 128, "zero_point": true})", "",
       "awq_marlin", false},
      {R"({"quant_method": "awq", "bits": 4, "group_size": 128, "zero_point": true})", "awq", "awq",
       false},
      {R"({"quant_method": "gptq", "bits": 4, "group_size": 128, "sym": true, "desc_act": false})",
       "", "gptq_marlin", false},
      {R"({"quant_method": "gptq", "bits": 3, "group_size": 128, "sym": true, "desc_act": false})",
       "", "gptq", false},
      {R"({"quant_method": "gptq", "bits": 4, "desc_act": false})", "moe_wna16", "moe_wna16",
       false},
      {R"({"quant_method": "modelopt", "quant_algo": "NVFP4"})", "", "modelopt_fp4", false},
      {R"({"quant_method": "compressed_tensors",
           "config_groups": {"g": {"weights": {"strategy": "block"}}}})",
       "", "compressed-tensors", true},
  };
  for (const auto& each : cases) {
    SCOPED_TRACE(std::string(each.quant) + " " + each.asked);
    json config = json::object();
    if (*each.quant != '\0') config["quantization_config"] = json::parse(each.quant);
    const auto asked = *each.asked == '\0' ? std::nullopt : std::optional<std::string>(each.asked);
    const auto found = ResolveQuantization(config, asked, 90);
    ASSERT_TRUE(found.ok()) << found.status().message();
    EXPECT_EQ(each.method, found->method.value_or(""));
    EXPECT_EQ(each.is_blocked, found->has_blocked_weights);
  }
}

TEST(QuantizationTest, WhatDoesNotFitIsRefused) {
  const json fp8 = {{"quantization_config", {{"quant_method", "fp8"}}}};
  EXPECT_FALSE(ResolveQuantization(fp8, "awq", 90).ok());
  EXPECT_FALSE(ResolveQuantization(json::object(), "awq", 90).ok());
  const auto unknown = ResolveQuantization(json::object(), "fp9", 90);
  ASSERT_FALSE(unknown.ok());
  EXPECT_THAT(unknown.status().message(), testing::HasSubstr("did you mean \"fp8\""));
  EXPECT_TRUE(CheckQuantization("fp8", 80, "bfloat16").ok());
  EXPECT_FALSE(CheckQuantization("fp8", 75, "float16").ok());
  EXPECT_FALSE(CheckQuantization("mxfp4", 90, "float16").ok());
  EXPECT_FALSE(CheckQuantization("fp8", 90, "float32").ok());
}

TEST(ModelFactsTest, KindOfModel) {
  EXPECT_TRUE(FactsOfArchitecture("DeepseekV32ForCausalLM").supports_pipeline);
  EXPECT_TRUE(FactsOfArchitecture("Qwen3NextForCausalLM").is_hybrid);
  EXPECT_TRUE(FactsOfArchitecture("BertModel").pools);
  EXPECT_TRUE(FactsOfArchitecture("Gemma3ForConditionalGeneration").is_multimodal);
  EXPECT_FALSE(FactsOfArchitecture("NoSuchForCausalLM").is_known);
  EXPECT_TRUE(IsDeepSeekMla({{"model_type", "deepseek_v3"}}));
  EXPECT_FALSE(IsDeepSeekMla({{"model_type", "deepseek_v3"}, {"kv_lora_rank", nullptr}}));
  EXPECT_FALSE(IsDeepSeekMla({{"model_type", "qwen3"}, {"kv_lora_rank", 512}}));
  EXPECT_EQ(8, NumExperts({{"num_local_experts", 8}}));
  EXPECT_EQ(0, NumExperts({{"hidden_size", 8}}));
  EXPECT_EQ(8, NumKvHeads({{"num_key_value_heads", 8}, {"num_attention_heads", 32}}));
  EXPECT_EQ(32, NumKvHeads({{"num_attention_heads", 32}}));
}

}  // namespace
}  // namespace redline::backends::vllm
