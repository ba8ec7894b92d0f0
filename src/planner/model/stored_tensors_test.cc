#include "planner/model/stored_tensors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "planner/model/model_shape_reader.h"
#include "planner/model/rank_weights.h"

namespace redline::planner {
namespace {

using ::testing::HasSubstr;

const NumberFormat kQ4 = {.kind = NumberFormat::Kind::kBlock,
                          .block_columns = 32,
                          .block_bytes = 20,
                          .block_name = "q4_1"};
const NumberFormat kQ6 = {.kind = NumberFormat::Kind::kBlock,
                          .block_columns = 256,
                          .block_bytes = 210,
                          .block_name = "q6_k"};
const NumberFormat kF32 = {.kind = NumberFormat::Kind::kFloat32};

ModelShape Shape(const char* model_type, bool is_tied) {
  return ModelShapeFromConfig({{"model_type", model_type},
                               {"hidden_size", 512},
                               {"intermediate_size", 1024},
                               {"num_hidden_layers", 3},
                               {"num_attention_heads", 8},
                               {"num_key_value_heads", 2},
                               {"head_dim", 64},
                               {"vocab_size", 1000},
                               {"max_position_embeddings", 2048},
                               {"tie_word_embeddings", is_tied},
                               {"torch_dtype", "bfloat16"}})
      .value();
}

// A file of such a model: matrices in q4_1, the down projection of the first layer in q6_k.
std::vector<StoredTensor> FileOf(const ModelShape& shape, bool has_bias, bool has_qk_norm) {
  std::vector<StoredTensor> tensors = {{"model.embed_tokens.weight", {1000, 512}, kQ6},
                                       {"model.norm.weight", {512}, kF32}};
  if (!shape.has_tied_embeddings) tensors.push_back({"lm_head.weight", {1000, 512}, kQ4});
  for (int layer = 0; layer < 3; ++layer) {
    const std::string prefix = "model.layers." + std::to_string(layer) + ".";
    const auto add = [&](const char* name, std::vector<int64_t> sizes, const NumberFormat& format) {
      tensors.push_back({prefix + name, std::move(sizes), format});
    };
    add("input_layernorm.weight", {512}, kF32);
    add("post_attention_layernorm.weight", {512}, kF32);
    add("self_attn.q_proj.weight", {512, 512}, kQ4);
    add("self_attn.k_proj.weight", {128, 512}, kQ4);
    add("self_attn.v_proj.weight", {128, 512}, kQ4);
    add("self_attn.o_proj.weight", {512, 512}, kQ4);
    add("mlp.gate_proj.weight", {1024, 512}, kQ4);
    add("mlp.up_proj.weight", {1024, 512}, kQ4);
    add("mlp.down_proj.weight", {512, 1024}, layer == 0 ? kQ6 : kQ4);
    if (has_bias) {
      add("self_attn.q_proj.bias", {512}, kF32);
      add("self_attn.k_proj.bias", {128}, kF32);
      add("self_attn.v_proj.bias", {128}, kF32);
    }
    if (!has_qk_norm) continue;
    add("self_attn.q_norm.weight", {64}, kF32);
    add("self_attn.k_norm.weight", {64}, kF32);
  }
  return tensors;
}

int64_t BytesIn(const std::vector<StoredTensor>& tensors) {
  int64_t bytes = 0;
  for (const StoredTensor& tensor : tensors)
    bytes += BytesOfMatrix(tensor.format, tensor.shape.size() > 1 ? tensor.shape[0] : 1,
                           tensor.shape.back());
  return bytes;
}

TEST(StoredTensorsTest, CountsAreThoseOfTheFile) {
  const struct {
    const char* model_type;
    bool is_tied;
    bool has_bias;
    bool has_qk_norm;
  } cases[] = {{"llama", true, false, false},
               {"llama", false, false, false},
               {"qwen2", false, true, false},
               {"qwen3", true, false, true}};
  for (const auto& each : cases) {
    SCOPED_TRACE(each.model_type);
    const ModelShape shape = Shape(each.model_type, each.is_tied);
    const auto tensors = FileOf(shape, each.has_bias, each.has_qk_norm);
    const auto stored = WithStoredTensors(shape, tensors);
    ASSERT_TRUE(stored.ok()) << stored.status().ToString();
    EXPECT_EQ(BytesOf(*stored).Total(), BytesIn(tensors));
    EXPECT_EQ(ParametersOf(*stored), ParametersOf(shape));
    EXPECT_EQ(ScalesOf(*stored), 0);
    EXPECT_EQ(HeaviestRank(*stored, {})->bytes, BytesOf(*stored));
    EXPECT_LT(HeaviestRank(*stored, TensorParallel(2))->bytes.Total(), BytesIn(tensors));
    ASSERT_EQ(stored->groups.size(), 2U);  // the first layer is unlike the others
    EXPECT_EQ(stored->groups[1].num_layers, 2);
    EXPECT_EQ(NameOf(stored->format.quantized), "q4_1");
    EXPECT_EQ(ToJson(*stored)["weight_bytes_by_format"]["q6_k"],
              (1000 * 512 + 512 * 1024) / 256 * 210);
  }
}

TEST(StoredTensorsTest, WhatIsWrongIsNamed) {
  const ModelShape shape = Shape("llama", true);
  const auto good = FileOf(shape, false, false);
  const auto with = [&good](auto change) {
    std::vector<StoredTensor> tensors = good;
    change(tensors);
    return tensors;
  };
  const struct {
    std::vector<StoredTensor> tensors;
    Code code;
    std::string says;
  } cases[] = {
      {with([](auto& all) { all.pop_back(); }), Code::kDataLoss,
       "\"model.layers.2.mlp.down_proj.weight\" is missing"},
      {with([](auto& all) { all.push_back(all.front()); }), Code::kDataLoss, "occurs twice"},
      {with([](auto& all) {
         all.push_back({"model.extra", {2}, kF32});
       }),
       Code::kInvalidArgument, "\"model.extra\" is not part of the model"},
      {with([](auto& all) {
         all.front().shape = {999, 512};
       }),
       Code::kDataLoss, "511488 numbers; the configuration asks for 512000"},
      {with([](auto& all) { all[2].format = {.kind = NumberFormat::Kind::kFloat16}; }),
       Code::kUnimplemented, "others like it are in float16"},
  };
  for (const auto& each : cases) {
    const auto stored = WithStoredTensors(shape, each.tensors);
    EXPECT_EQ(stored.status().code(), each.code) << stored.status().ToString();
    EXPECT_THAT(stored.status().message(), HasSubstr(each.says));
  }
}

TEST(StoredTensorsTest, OtherLayersAreNotGuessedAt) {
  const ModelShape shape = ModelShapeFromConfig({{"model_type", "mixtral"},
                                                 {"hidden_size", 512},
                                                 {"intermediate_size", 1024},
                                                 {"num_hidden_layers", 1},
                                                 {"num_attention_heads", 8},
                                                 {"num_key_value_heads", 2},
                                                 {"num_local_experts", 4},
                                                 {"num_experts_per_tok", 2},
                                                 {"vocab_size", 1000},
                                                 {"max_position_embeddings", 2048}})
                               .value();
  const std::vector<StoredTensor> ends = {{"model.embed_tokens.weight", {1000, 512}, kQ6},
                                          {"model.norm.weight", {512}, kF32},
                                          {"lm_head.weight", {1000, 512}, kQ4}};
  EXPECT_EQ(WithStoredTensors(shape, ends).status().code(), Code::kUnimplemented);
}

}  // namespace
}  // namespace redline::planner
