#include "engine/weights/hf_config.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace redline::engine {
namespace {

using Json = nlohmann::json;

Json Base(const std::string& model_type = "llama") {
  return {{"model_type", model_type}, {"hidden_size", 64},
          {"intermediate_size", 172}, {"num_hidden_layers", 5},
          {"num_attention_heads", 8}, {"num_key_value_heads", 4},
          {"vocab_size", 512},        {"max_position_embeddings", 512},
          {"rms_norm_eps", 1e-5},     {"rope_theta", 10000.0},
          {"bos_token_id", 1},        {"eos_token_id", 2},
          {"hidden_act", "silu"},     {"tie_word_embeddings", true}};
}

// Base with keys replaced; a null removes its key.
Json With(Json base, const Json& changes) {
  base.merge_patch(changes);
  return base;
}

Result<ModelConfig> Parse(const Json& json, const std::string& generation = "") {
  return ConfigFromHf(json.dump(), generation);
}

TEST(HfConfig, Families) {
  const struct {
    Json json;
    bool attention_bias;
    bool qk_norm;
    int64_t head_dim;
  } cases[] = {
      {Base("llama"), false, false, 8},
      {With(Base("llama"), {{"architectures", {"LlamaForCausalLM"}}}), false, false, 8},
      {Base("qwen2"), true, false, 8},
      {Base("qwen3"), false, true, 128},  // the configuration class's default
      {With(Base("qwen3"), {{"head_dim", 16}}), false, true, 16},
  };
  for (const auto& c : cases) {
    auto config = Parse(c.json);
    ASSERT_TRUE(config.ok()) << config.status().ToString();
    EXPECT_EQ(config->architecture, "llama");
    EXPECT_EQ(config->model_type, c.json["model_type"]);
    EXPECT_EQ(config->attention_bias, c.attention_bias);
    EXPECT_EQ(config->qk_norm, c.qk_norm);
    EXPECT_EQ(config->head_dim, c.head_dim);
    EXPECT_EQ(config->rope_layout, RopeLayout::kHalfSplit);
    EXPECT_EQ(config->eos_token_ids, std::vector<TokenId>{2});
    EXPECT_EQ(config->bos_token_id, 1);
    EXPECT_TRUE(config->tie_word_embeddings);
  }
}

TEST(HfConfig, AbsentKeysTakeTheFamilysDefaults) {
  auto config = Parse(With(Base(), {{"num_key_value_heads", nullptr},
                                    {"tie_word_embeddings", nullptr},
                                    {"rms_norm_eps", nullptr},
                                    {"rope_theta", nullptr},
                                    {"eos_token_id", nullptr},
                                    {"bos_token_id", nullptr}}));
  ASSERT_TRUE(config.ok()) << config.status().ToString();
  EXPECT_EQ(config->num_key_value_heads, 8);
  EXPECT_FALSE(config->tie_word_embeddings);
  EXPECT_EQ(config->rms_norm_eps, 1e-6);
  EXPECT_EQ(config->rope_theta, 10000);
  EXPECT_TRUE(config->eos_token_ids.empty());
  EXPECT_FALSE(config->bos_token_id);
}

TEST(HfConfig, GenerationConfigWins) {
  auto config = Parse(Base(), R"({"eos_token_id": [5, 7], "bos_token_id": 3})");
  ASSERT_TRUE(config.ok());
  EXPECT_EQ(config->eos_token_ids, (std::vector<TokenId>{5, 7}));
  EXPECT_EQ(config->bos_token_id, 3);
  config = Parse(Base(), R"({"temperature": 0.6})");
  ASSERT_TRUE(config.ok());
  EXPECT_EQ(config->eos_token_ids, std::vector<TokenId>{2});
}

TEST(HfConfig, RopeScaling) {
  const Json llama3 = {{"rope_type", "llama3"},
                       {"factor", 8.0},
                       {"low_freq_factor", 1.0},
                       {"high_freq_factor", 4.0},
                       {"original_max_position_embeddings", 8192}};
  auto config = Parse(With(Base(), {{"rope_scaling", llama3}}));
  ASSERT_TRUE(config.ok()) << config.status().ToString();
  EXPECT_EQ(config->rope_scaling.kind, RopeScaling::Kind::kLlama3);
  EXPECT_EQ(config->rope_scaling.factor, 8);
  EXPECT_EQ(config->rope_scaling.original_max_position_embeddings, 8192);

  config = Parse(With(Base(), {{"rope_scaling", {{"type", "linear"}, {"factor", 2.0}}}}));
  ASSERT_TRUE(config.ok());
  EXPECT_EQ(config->rope_scaling.kind, RopeScaling::Kind::kLinear);
  EXPECT_EQ(config->rope_scaling.factor, 2);

  config =
      Parse(With(Base(), {{"rope_theta", nullptr},
                          {"rope_parameters", {{"rope_type", "default"}, {"rope_theta", 5e5}}}}));
  ASSERT_TRUE(config.ok());
  EXPECT_EQ(config->rope_scaling.kind, RopeScaling::Kind::kNone);
  EXPECT_EQ(config->rope_theta, 5e5);
}

struct Refusal {
  const char* model_type;
  Json changes;
  Code code;
  const char* param;
};

const std::vector<Refusal>& Refusals() {
  static const std::vector<Refusal> kRefusals = {
      // What this engine would compute differently.
      {"llama", {{"model_type", "mixtral"}}, Code::kUnimplemented, "model_type"},
      {"llama",
       {{"architectures", {"LlamaForSequenceClassification"}}},
       Code::kUnimplemented,
       "architectures"},
      {"llama", {{"hidden_act", "gelu"}}, Code::kUnimplemented, "hidden_act"},
      {"llama", {{"attention_bias", true}}, Code::kUnimplemented, "attention_bias"},
      {"qwen3", {{"attention_bias", true}}, Code::kUnimplemented, "attention_bias"},
      {"llama", {{"mlp_bias", true}}, Code::kUnimplemented, "mlp_bias"},
      {"llama", {{"sliding_window", 4096}}, Code::kUnimplemented, "sliding_window"},
      {"qwen2", {{"use_sliding_window", true}}, Code::kUnimplemented, "use_sliding_window"},
      {"qwen3",
       {{"layer_types", {"full_attention", "sliding_attention"}}},
       Code::kUnimplemented,
       "layer_types"},
      {"llama", {{"partial_rotary_factor", 0.5}}, Code::kUnimplemented, "partial_rotary_factor"},
      {"llama", {{"rope_interleaved", true}}, Code::kUnimplemented, "rope_interleaved"},
      {"llama",
       {{"quantization_config", {{"quant_method", "awq"}}}},
       Code::kUnimplemented,
       "quantization_config"},
      {"qwen2",
       {{"rope_scaling", {{"type", "yarn"}, {"factor", 4.0}}}},
       Code::kUnimplemented,
       "rope_scaling"},
      {"llama",
       {{"rope_scaling", {{"rope_type", "dynamic"}, {"factor", 2.0}}}},
       Code::kUnimplemented,
       "rope_scaling"},
      {"llama",
       {{"rope_parameters", {{"rope_type", "longrope"}}}},
       Code::kUnimplemented,
       "rope_scaling"},
      // Damaged or impossible values.
      {"llama", {{"model_type", nullptr}}, Code::kDataLoss, "model_type"},
      {"llama", {{"hidden_size", nullptr}}, Code::kDataLoss, "hidden_size"},
      {"llama", {{"hidden_size", "64"}}, Code::kDataLoss, "hidden_size"},
      {"llama", {{"hidden_size", 64.0}}, Code::kDataLoss, "hidden_size"},
      {"llama", {{"hidden_size", uint64_t{1} << 63}}, Code::kDataLoss, "hidden_size"},
      {"llama", {{"num_hidden_layers", 0}}, Code::kDataLoss, "num_hidden_layers"},
      {"llama", {{"num_hidden_layers", 1'000'000}}, Code::kDataLoss, "num_hidden_layers"},
      {"llama", {{"num_attention_heads", 0}}, Code::kDataLoss, "num_attention_heads"},
      {"llama", {{"num_attention_heads", -8}}, Code::kDataLoss, "num_attention_heads"},
      {"llama", {{"num_key_value_heads", 3}}, Code::kDataLoss, "num_attention_heads"},
      {"llama", {{"head_dim", 7}}, Code::kDataLoss, "head_dim"},
      {"llama", {{"vocab_size", 1 << 30}}, Code::kDataLoss, "vocab_size"},
      {"llama", {{"rms_norm_eps", 0}}, Code::kDataLoss, "rms_norm_eps"},
      {"llama", {{"rope_theta", -1.0}}, Code::kDataLoss, "rope_theta"},
      {"llama", {{"rope_scaling", "linear"}}, Code::kDataLoss, "rope_scaling"},
      {"llama", {{"rope_scaling", {{"type", "linear"}}}}, Code::kDataLoss, "rope_scaling.factor"},
      {"llama",
       {{"rope_scaling", {{"rope_type", "llama3"}, {"factor", 8.0}}}},
       Code::kDataLoss,
       "rope_scaling.low_freq_factor"},
      {"llama", {{"eos_token_id", 512}}, Code::kDataLoss, "eos_token_id"},
      {"llama", {{"eos_token_id", {1, "2"}}}, Code::kDataLoss, "eos_token_id"},
      {"llama", {{"bos_token_id", -1}}, Code::kDataLoss, "bos_token_id"},
      {"llama", {{"tie_word_embeddings", 1}}, Code::kDataLoss, "tie_word_embeddings"},
  };
  return kRefusals;
}

TEST(HfConfig, RefusesByName) {
  for (const Refusal& c : Refusals()) {
    auto config = Parse(With(Base(c.model_type), c.changes));
    ASSERT_FALSE(config.ok()) << c.changes;
    EXPECT_EQ(config.status().code(), c.code) << c.changes << config.status().ToString();
    EXPECT_EQ(config.status().param(), c.param) << c.changes << config.status().ToString();
  }
}

TEST(HfConfig, SwitchedOffFeaturesAreNoReasonToRefuse) {
  const Json changes = {{"sliding_window", 4096},
                        {"use_sliding_window", false},
                        {"attention_bias", false},
                        {"layer_types", {"full_attention"}},
                        {"rope_scaling", nullptr}};
  EXPECT_TRUE(Parse(With(Base("qwen2"), changes)).ok());
}

TEST(HfConfig, RefusesWhatIsNoJsonObject) {
  for (const char* text : {"", "[]", "{", "nul", "{\"a\":1,\"a\":2}"})
    EXPECT_EQ(ConfigFromHf(text, "").status().code(), Code::kDataLoss) << text;
  EXPECT_EQ(Parse(Base(), "[1]").status().code(), Code::kDataLoss);
}

TEST(HfTemplates, Forms) {
  const struct {
    const char* json;
    const char* chat_template;
    const char* eos;
  } cases[] = {
      {R"({"chat_template": "{{ x }}", "eos_token": "</s>"})", "{{ x }}", "</s>"},
      {R"({"eos_token": {"content": "<end>", "special": true}})", "", "<end>"},
      {R"({"chat_template": [{"name": "tool_use", "template": "T"},
                             {"name": "default", "template": "D"}], "eos_token": null})",
       "D", ""},
      {R"({})", "", ""},
  };
  for (const auto& c : cases) {
    auto templates = TemplatesFromHf(c.json);
    ASSERT_TRUE(templates.ok()) << c.json;
    EXPECT_EQ(templates->chat_template, c.chat_template);
    EXPECT_EQ(templates->eos_token, c.eos);
  }
  EXPECT_FALSE(TemplatesFromHf(R"({"chat_template": 7})").ok());
  EXPECT_FALSE(TemplatesFromHf("[]").ok());
}

}  // namespace
}  // namespace redline::engine
