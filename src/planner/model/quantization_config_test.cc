#include "planner/model/quantization_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "backends/model_configs.h"
#include "planner/model/model_shape_reader.h"
#include "planner/model/weight_totals.h"

namespace redline::planner {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using Kind = NumberFormat::Kind;

TEST(QuantizationConfigTest, EachMethod) {
  const struct {
    std::string config;
    Kind kind;
    int64_t block_columns = 1;
  } cases[] = {
      {R"({})", Kind::kFloat16},
      {R"({"torch_dtype": "float32"})", Kind::kFloat32},
      {R"({"quantization_config": null})", Kind::kFloat16},
      {R"({"quantization_config": {"quant_method": "fp8", "weight_block_size": [128, 128]}})",
       Kind::kFp8Block, 128},
      {R"({"quantization_config": {"quant_method": "fp8"}})", Kind::kFp8Tensor},
      {R"({"quantization_config": {"quant_method": "mxfp4"}})", Kind::kMxFp4, 32},
      {R"({"quantization_config": {"quant_method": "modelopt", "quant_algo": "FP8"}})",
       Kind::kFp8Tensor},
      {R"({"quantization_config": {"quant_method": "modelopt", "quant_algo": "NVFP4"}})",
       Kind::kNvFp4, 16},
      {R"({"quantization_config": {"quant_method": "compressed-tensors", "config_groups":
           {"group_0": {"weights": {"num_bits": 4, "type": "int", "strategy": "group",
                                    "group_size": 32}}}}})",
       Kind::kInt4Group, 32},
      {R"({"quantization_config": {"quant_method": "compressed-tensors", "config_groups":
           {"group_0": {"weights": {"num_bits": 8, "type": "float", "strategy": "channel"}}}}})",
       Kind::kFp8Channel},
  };
  for (const auto& each : cases) {
    const json config = json::parse(each.config);
    const auto quantization = ReadQuantization(config, config, json());
    ASSERT_TRUE(quantization.ok()) << each.config << quantization.status().ToString();
    EXPECT_EQ(quantization->format.quantized.kind, each.kind) << each.config;
    EXPECT_EQ(quantization->format.quantized.block_columns, each.block_columns) << each.config;
  }
}

TEST(QuantizationConfigTest, WhatIsNotKnownIsNamed) {
  const struct {
    std::string config;
    std::string says;
  } cases[] = {
      {R"({"torch_dtype": "int3"})", "must be bfloat16, float16 or float32, not \"int3\""},
      {R"({"quantization_config": {"quant_method": "awq"}})",
       "\"awq\" is not known; known are fp8, mxfp4, compressed-tensors, modelopt"},
      {R"({"quantization_config": {}})", "quant_method"},
      {R"({"quantization_config": {"quant_method": 8}})", "must be a word, not 8"},
      {R"({"quantization_config": {"quant_method": "fp8", "weight_block_size": [0, 128]}})",
       "must be two sizes"},
      {R"({"quantization_config": {"quant_method": "fp8", "weight_block_size": [128]}})",
       "must be two sizes"},
      {R"({"quantization_config": {"quant_method": "fp8", "modules_to_not_convert": [1]}})",
       "must be a list of words"},
      {R"({"quantization_config": {"quant_method": "modelopt", "quant_algo": "W4A8"}})",
       "known are FP8 and NVFP4"},
      {R"({"quantization_config": {"quant_method": "compressed-tensors"}})", "config_groups"},
      {R"({"quantization_config": {"quant_method": "compressed-tensors", "config_groups":
           {"group_0": {"weights": {"num_bits": 3, "type": "int", "strategy": "group"}}}}})",
       "\"int3 by group\" is not known"},
      {R"({"quantization_config": {"quant_method": "compressed-tensors", "config_groups":
           {"group_0": {"weights": {"num_bits": 4, "strategy": "group", "group_size": 0}}}}})",
       "must be a whole number from 1"},
  };
  for (const auto& each : cases) {
    const json config = json::parse(each.config);
    const auto quantization = ReadQuantization(config, config, json());
    ASSERT_FALSE(quantization.ok()) << each.config;
    EXPECT_THAT(quantization.status().message(), HasSubstr(each.says)) << each.config;
  }
}

// nvidia/DeepSeek-V3.2-NVFP4's hf_quant_config.json, its list shortened: projections of the
// attention but the last, and the prediction layer, stay in bf16.
TEST(QuantizationConfigTest, ModelOptsFileBesideTheConfiguration) {
  json excluded = {"lm_head", "model.layers.61*"};
  for (int layer = 0; layer < 61; ++layer)
    for (const char* module :
         {"indexer*", "kv_a_proj_with_mqa", "kv_b_proj", "q_a_proj", "q_b_proj"})
      excluded.push_back("model.layers." + std::to_string(layer) + ".self_attn." + module);
  const json beside = {
      {"quantization",
       {{"quant_algo", "NVFP4"}, {"group_size", 16}, {"exclude_modules", excluded}}}};
  json config = backends::FindModelConfig("DeepSeek-V3.2").value();
  config.erase("quantization_config");
  const auto shape = ModelShapeFromConfig(config, beside);
  ASSERT_TRUE(shape.ok()) << shape.status().ToString();
  ASSERT_EQ(shape->groups.size(), 2u);  // dense and sparse layers, as without quantisation
  const ModuleSet kept = shape->groups[1].unquantized;
  EXPECT_TRUE(kept.Has(Module::kQueryUp));
  EXPECT_TRUE(kept.Has(Module::kIndexer));
  EXPECT_FALSE(kept.Has(Module::kOutput));
  EXPECT_FALSE(kept.Has(Module::kExperts));
  EXPECT_TRUE(shape->prediction.layer.unquantized.Has(Module::kExperts));
  // Half a byte a number, a byte for sixteen of them, and four for each matrix.
  EXPECT_EQ(BytesOf(*shape)[TensorClass::kRoutedExperts],
            int64_t{58} * 256 * (3 * 2048 * 7168 / 2 + 3 * 2048 * 7168 / 16 + 3 * 4));
}

// A layer whose experts alone stay in bf16 is a group of its own.
TEST(QuantizationConfigTest, LayersThatDifferAreApart) {
  json config = backends::FindModelConfig("Qwen3-235B-A22B-FP8").value();
  config["quantization_config"]["modules_to_not_convert"] = {"model.layers.93.mlp.experts"};
  const auto shape = ModelShapeFromConfig(config);
  ASSERT_TRUE(shape.ok());
  ASSERT_EQ(shape->groups.size(), 2u);
  EXPECT_EQ(shape->groups[0].num_layers, 93);
  EXPECT_EQ(shape->group_of_layer[93], 1);
}

}  // namespace
}  // namespace redline::planner
