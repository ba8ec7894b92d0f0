#include "planner/model/model_shape_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "backends/model_configs.h"

namespace redline::planner {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

json Config(const std::string& name) { return backends::FindModelConfig(name).value(); }

TEST(ModelShapeReaderTest, LayersOfDeepSeekV32) {
  const auto shape = ModelShapeFromConfig(Config("DeepSeek-V3.2"));
  ASSERT_TRUE(shape.ok()) << shape.status().ToString();
  ASSERT_EQ(shape->groups.size(), 2u);
  EXPECT_EQ(shape->groups[0].num_layers, 3);
  EXPECT_EQ(std::get<DenseFfn>(shape->groups[0].ffn).intermediate_size, 18432);
  EXPECT_EQ(shape->groups[1].num_layers, 58);
  const auto& moe = std::get<MoeFfn>(shape->groups[1].ffn);
  EXPECT_EQ(moe.num_experts, 256);
  EXPECT_EQ(moe.shared_intermediate_size, 2048);
  EXPECT_TRUE(moe.has_score_correction);
  const auto& attention = std::get<LatentAttention>(shape->groups[1].attention);
  EXPECT_EQ(attention.indexer->top_k, 2048);
  EXPECT_EQ(shape->prediction.num_layers, 1);
  EXPECT_EQ(shape->num_layers(), 61);
  EXPECT_EQ(shape->group_of_layer[2], 0);
  EXPECT_EQ(shape->group_of_layer[3], 1);
}

TEST(ModelShapeReaderTest, GroupsOfTheOthers) {
  const struct {
    std::string name;
    std::vector<int64_t> layers_of_groups;
  } cases[] = {
      {"DeepSeek-V3", {3, 58}}, {"Llama-3.1-70B", {80}},         {"Qwen3-30B-A3B", {48}},
      {"GLM-4.5-Air", {1, 45}}, {"gpt-oss-120b", {18, 18}},      {"MiniMax-M2.5", {62}},
      {"Kimi-K2.5", {1, 60}},   {"Qwen3.5-397B-A17B", {45, 15}}, {"Qwen3.5-27B", {48, 16}},
      {"GLM-5.2", {3, 57, 18}},
  };
  for (const auto& each : cases) {
    const auto shape = ModelShapeFromConfig(Config(each.name));
    ASSERT_TRUE(shape.ok()) << each.name << shape.status().ToString();
    std::vector<int64_t> layers;
    for (const LayerGroup& group : shape->groups) layers.push_back(group.num_layers);
    EXPECT_EQ(layers, each.layers_of_groups) << each.name;
  }
}

TEST(ModelShapeReaderTest, WhatIsParticular) {
  const auto oss = ModelShapeFromConfig(Config("gpt-oss-20b"));
  EXPECT_EQ(std::get<GroupedQueryAttention>(oss->groups[0].attention).sliding_window, 128);
  EXPECT_EQ(std::get<GroupedQueryAttention>(oss->groups[1].attention).sliding_window, 0);
  EXPECT_TRUE(std::get<GroupedQueryAttention>(oss->groups[0].attention).has_sinks);
  const auto kimi = ModelShapeFromConfig(Config("Kimi-K2.5"));
  EXPECT_EQ(kimi->architecture, "kimi_k2");
  EXPECT_TRUE(kimi->has_encoders);
  EXPECT_EQ(kimi->prediction.num_layers, 0);
  EXPECT_TRUE(kimi->groups[1].unquantized.Has(Module::kSharedExperts));
  EXPECT_TRUE(kimi->groups[0].unquantized.Has(Module::kDense));
  EXPECT_FALSE(kimi->groups[1].unquantized.Has(Module::kExperts));
  EXPECT_TRUE(ModelShapeFromConfig(Config("Qwen3-4B"))->has_tied_embeddings);

  json qwen2 = Config("Qwen3-8B");
  qwen2["model_type"] = "qwen2";
  qwen2["use_sliding_window"] = true;
  qwen2["sliding_window"] = 4096;
  qwen2["max_window_layers"] = 30;
  const auto windows = ModelShapeFromConfig(qwen2);
  ASSERT_EQ(windows->groups.size(), 2u);
  EXPECT_EQ(windows->groups[1].num_layers, 6);
  EXPECT_EQ(std::get<GroupedQueryAttention>(windows->groups[1].attention).sliding_window, 4096);
}

// mistralai/Mixtral-8x7B-v0.1: 46,702,792,704 parameters.
TEST(ModelShapeReaderTest, Mixtral) {
  const auto shape = ModelShapeFromText(R"({
      "model_type": "mixtral", "hidden_size": 4096, "intermediate_size": 14336,
      "max_position_embeddings": 32768, "num_attention_heads": 32, "num_experts_per_tok": 2,
      "num_hidden_layers": 32, "num_key_value_heads": 8, "num_local_experts": 8,
      "sliding_window": null, "tie_word_embeddings": false, "vocab_size": 32000})");
  ASSERT_TRUE(shape.ok()) << shape.status().ToString();
  EXPECT_EQ(ToJson(*shape).at("num_parameters"), 46'702'792'704);
}

TEST(ModelShapeReaderTest, ErrorsNameKeyValueAndRemedy) {
  const struct {
    std::string change;  // merged into DeepSeek-V3.2's; null removes
    std::string param;
    std::string says;
  } cases[] = {
      {R"({"model_type": "deepseek_v4"})", "model_type",
       "does not know the model_type \"deepseek_v4\"; did you mean \"deepseek_v3\"?; it knows "},
      {R"({"model_type": null})", "model_type", "has no \"model_type\""},
      {R"({"hidden_size": null})", "hidden_size",
       "has no \"hidden_size\", which a model of type \"deepseek_v32\" needs; take the file"},
      {R"({"hidden_size": -7168})", "hidden_size", "from 1 to 1048576, not -7168"},
      {R"({"hidden_size": 7168.5})", "hidden_size", "whole number"},
      {R"({"hidden_size": "7168"})", "hidden_size", "not \"7168\""},
      {R"({"hidden_size": 18446744073709551615})", "hidden_size", "not 18446744073709551615"},
      {R"({"num_hidden_layers": 100000})", "num_hidden_layers", "from 1 to 512"},
      {R"({"num_experts_per_tok": 257})", "num_experts_per_tok", "from 1 to 256"},
      {R"({"kv_lora_rank": 0})", "kv_lora_rank", "from 1"},
      {R"({"q_lora_rank": null})", "q_lora_rank", "the indexer reads it"},
      {R"({"tie_word_embeddings": 1})", "tie_word_embeddings", "true or false, not 1"},
      {R"({"mlp_layer_types": ["dense"]})", "mlp_layer_types", "one word for each"},
      {R"({"indexer_types": 3})", "indexer_types", "a list of at most"},
      // Each is within bounds, what they make is not.
      {R"({"hidden_size": 1048576, "n_routed_experts": 65536, "moe_intermediate_size": 1048576})",
       "hidden_size", "parameters; at most 1e+15 are taken"},
  };
  for (const auto& each : cases) {
    json config = Config("DeepSeek-V3.2");
    config.merge_patch(json::parse(each.change));
    const auto shape = ModelShapeFromConfig(config);
    ASSERT_FALSE(shape.ok()) << each.change;
    EXPECT_EQ(shape.status().param(), each.param) << shape.status().message();
    EXPECT_THAT(shape.status().message(), HasSubstr(each.says));
  }
}

TEST(ModelShapeReaderTest, ErrorsInsideAModelThatSees) {
  json config = Config("Qwen3.5-27B");
  config["text_config"].erase("linear_num_key_heads");
  EXPECT_EQ(ModelShapeFromConfig(config).status().param(), "text_config.linear_num_key_heads");
  EXPECT_FALSE(ModelShapeFromConfig(json::array()).ok());
  EXPECT_FALSE(ModelShapeFromText("{").ok());
  json heads = Config("Llama-3.3-70B");
  heads["num_key_value_heads"] = 7;
  EXPECT_THAT(ModelShapeFromConfig(heads).status().message(),
              HasSubstr("must divide num_attention_heads, not 7"));
}

TEST(ModelShapeReaderTest, JsonTellsTheWhole) {
  const json shown = ToJson(*ModelShapeFromConfig(Config("DeepSeek-V3.2")));
  EXPECT_EQ(shown.at("groups").at(1).at("attention").at("indexer").at("top_k"), 2048);
  EXPECT_EQ(shown.at("quantized_weights"), "fp8_block");
  EXPECT_EQ(shown.at("kv_bytes_per_token_bf16"), 78'324);
  EXPECT_EQ(shown.at("groups").at(1).at("unquantized_modules"), json::array());
  EXPECT_EQ(shown.at("num_parameters_by_class").at("router"), 58 * (256 * 7168 + 256));
  const json kimi = ToJson(*ModelShapeFromConfig(Config("Kimi-K2.5")));
  EXPECT_THAT(kimi.at("groups").at(1).at("unquantized_modules"),
              ::testing::IsSupersetOf({json("output"), json("kv_up"), json("shared_experts")}));
  EXPECT_THAT(kimi.at("groups").at(1).at("unquantized_modules"),
              ::testing::Not(::testing::Contains(json("experts"))));
}

}  // namespace
}  // namespace redline::planner
