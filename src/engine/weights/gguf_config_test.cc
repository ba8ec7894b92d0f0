#include "engine/weights/gguf_config.h"

#include <gtest/gtest.h>

#include <functional>

#include "engine/weights/config_check.h"
#include "engine/weights/gguf_builder.h"
#include "engine/weights/tensor_set.h"
#include "engine/weights/test_files.h"

namespace redline::engine {
namespace {

Result<std::unique_ptr<Checkpoint>> Open(const GgufBuilder& builder) {
  return OpenGgufCheckpoint(MapBytes(builder.Build()));
}

TEST(GgufConfig, Families) {
  const struct {
    const char* arch;
    RopeLayout rope_layout;
    bool attention_bias;
    bool qk_norm;
  } cases[] = {
      {"llama", RopeLayout::kInterleaved, false, false},
      {"qwen2", RopeLayout::kHalfSplit, true, false},
      {"qwen3", RopeLayout::kHalfSplit, false, true},
  };
  for (const auto& c : cases) {
    auto checkpoint = Open(TinyGguf(c.arch));
    ASSERT_TRUE(checkpoint.ok()) << checkpoint.status().ToString();
    const ModelConfig& config = (*checkpoint)->config();
    EXPECT_EQ(config.architecture, "llama");
    EXPECT_EQ(config.model_type, c.arch);
    EXPECT_EQ(config.rope_layout, c.rope_layout);
    EXPECT_EQ(config.attention_bias, c.attention_bias);
    EXPECT_EQ(config.qk_norm, c.qk_norm);
    EXPECT_EQ(config.head_dim, 2);
    EXPECT_EQ(config.vocab_size, 3);
    EXPECT_TRUE(config.tie_word_embeddings);  // there is no output.weight
    EXPECT_NE((*checkpoint)->Find("model.layers.0.self_attn.q_proj.weight"), nullptr);
    EXPECT_EQ((*checkpoint)->Find("blk.0.attn_q.weight"), nullptr);
    auto tokenizer = (*checkpoint)->MakeTokenizer();
    ASSERT_TRUE(tokenizer.ok());
    EXPECT_EQ(*tokenizer, nullptr);
  }
}

TEST(GgufConfig, AnOutputLayerUntiesTheEmbeddings) {
  auto checkpoint = Open(TinyGguf().F32("output.weight", {4, 3}));
  ASSERT_TRUE(checkpoint.ok());
  EXPECT_FALSE((*checkpoint)->config().tie_word_embeddings);
  EXPECT_NE((*checkpoint)->Find("lm_head.weight"), nullptr);
}

TEST(GgufConfig, EveryEndOfTurnTokenEndsGeneration) {
  auto checkpoint = Open(TinyGguf()
                             .Int("tokenizer.ggml.eos_token_id", 2)
                             .Int("tokenizer.ggml.eot_token_id", 1)
                             .Int("tokenizer.ggml.eom_token_id", 2));
  ASSERT_TRUE(checkpoint.ok());
  EXPECT_EQ((*checkpoint)->config().eos_token_ids, (std::vector<TokenId>{2, 1}));
}

TEST(GgufConfig, Vocabulary) {
  auto gguf = GgufFile::Open(
      MapBytes(TinyGguf()
                   .String("tokenizer.ggml.model", "gpt2")
                   .String("tokenizer.ggml.pre", "llama-bpe")
                   .Strings("tokenizer.ggml.tokens", {"a", "b", "ab"})
                   .Strings("tokenizer.ggml.merges", {"a b"})
                   .Numbers<int32_t>("tokenizer.ggml.token_type", GgufType::kInt32, {1, 1, 3})
                   .Int("tokenizer.ggml.bos_token_id", 2)
                   .Build()));
  ASSERT_TRUE(gguf.ok());
  auto vocabulary = VocabularyFromGguf(**gguf);
  ASSERT_TRUE(vocabulary.ok() && vocabulary->has_value());
  EXPECT_EQ((*vocabulary)->tokens, (std::vector<std::string>{"a", "b", "ab"}));
  EXPECT_EQ((*vocabulary)->merges, std::vector<std::string>{"a b"});
  EXPECT_EQ((*vocabulary)->token_types, (std::vector<int32_t>{1, 1, 3}));
  EXPECT_EQ((*vocabulary)->bos_token_id, 2);
  EXPECT_FALSE((*vocabulary)->eos_token_id);
  EXPECT_TRUE((*vocabulary)->add_bos_token);  // by default for this pre-tokenizer
}

// The divisors that llama.cpp's converter writes for Llama 3.1 (factor 8) at head_dim 128.
std::vector<float> Llama31Divisors() {
  const RopeScaling scaling{.kind = RopeScaling::Kind::kLlama3,
                            .factor = 8,
                            .low_freq_factor = 1,
                            .high_freq_factor = 4,
                            .original_max_position_embeddings = 8192};
  std::vector<float> divisors;
  for (int64_t i = 0; i < 64; ++i)
    divisors.push_back(static_cast<float>(RopeFrequencyDivisor(scaling, 500000, i, 64)));
  return divisors;
}

TEST(GgufConfig, RecognisesLlama3sRopeFrequencies) {
  std::vector<float> divisors = Llama31Divisors();
  EXPECT_EQ(divisors.front(), 1);
  EXPECT_EQ(divisors.back(), 8);
  auto scaling = Llama3ScalingFromDivisors(divisors, 500000);
  ASSERT_TRUE(scaling.ok()) << scaling.status().ToString();
  EXPECT_EQ(scaling->kind, RopeScaling::Kind::kLlama3);
  EXPECT_EQ(scaling->factor, 8);
  EXPECT_EQ(scaling->original_max_position_embeddings, 8192);
  divisors[30] *= 1.01f;
  EXPECT_EQ(Llama3ScalingFromDivisors(divisors, 500000).status().code(), Code::kUnimplemented);
  EXPECT_FALSE(Llama3ScalingFromDivisors(Llama31Divisors(), 10000).ok());
}

TEST(GgufConfig, LinearScaling) {
  auto checkpoint = Open(
      TinyGguf().String("llama.rope.scaling.type", "linear").Float("llama.rope.scaling.factor", 4));
  ASSERT_TRUE(checkpoint.ok()) << checkpoint.status().ToString();
  EXPECT_EQ((*checkpoint)->config().rope_scaling.kind, RopeScaling::Kind::kLinear);
  EXPECT_EQ((*checkpoint)->config().rope_scaling.factor, 4);
}

using Change = std::function<void(GgufBuilder&)>;

struct Refusal {
  const char* name;  // also what the message must hold
  Change change;
  Code code;
};

TEST(GgufConfig, RefusesByName) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const Refusal cases[] = {
      {"llama.expert_count", [](auto& g) { g.Int("llama.expert_count", 8); }, Code::kUnimplemented},
      {"llama.attention.sliding_window",
       [](auto& g) { g.Int("llama.attention.sliding_window", 4096); }, Code::kUnimplemented},
      {"llama.attention.scale", [](auto& g) { g.Float("llama.attention.scale", 2); },
       Code::kUnimplemented},
      {"llama.attention.value_length", [](auto& g) { g.Int("llama.attention.value_length", 4); },
       Code::kUnimplemented},
      {"split", [](auto& g) { g.Int("split.count", 3); }, Code::kUnimplemented},
      {"yarn", [](auto& g) { g.String("llama.rope.scaling.type", "yarn"); }, Code::kUnimplemented},
      {"head_dim is 2000; 1 to 1024",
       [](auto& g) {
         g.Int("llama.attention.key_length", 2000).Int("llama.rope.dimension_count", 2);
         g.Int("llama.attention.value_length", 2000);
       },
       Code::kDataLoss},
      {"partial rotary embedding is not supported (2 of 4",
       [](auto& g) {
         g.Int("llama.attention.key_length", 4).Int("llama.rope.dimension_count", 2);
         g.Int("llama.attention.value_length", 4).F32("rope_freqs.weight", {1}, 1.0f);
       },
       Code::kUnimplemented},
      {"rope_theta is 0.25; a number from 1 to 1000000000000",
       [](auto& g) { g.Float("llama.rope.freq_base", 0.25f); }, Code::kDataLoss},
      {"partial rotary", [](auto& g) { g.Int("llama.rope.dimension_count", 1); },
       Code::kUnimplemented},
      {"rope_freqs.weight holds", [](auto& g) { g.F32("rope_freqs.weight", {1}, 3.0f); },
       Code::kUnimplemented},
      {"\"rope_freqs.weight\" has shape", [](auto& g) { g.F32("rope_freqs.weight", {2}, 1.0f); },
       Code::kDataLoss},
      {"blk.0.attn_output.bias", [](auto& g) { g.F32("blk.0.attn_output.bias", {4}); },
       Code::kUnimplemented},
      {"blk.0.attn_q_norm.weight", [](auto& g) { g.F32("blk.0.attn_q_norm.weight", {2}); },
       Code::kUnimplemented},
      {"blk.1.attn_q.weight",
       [](auto& g) {
         g.F32("blk.1.attn_q.weight", {4, 4});
       },
       Code::kUnimplemented},
      {"\"output.weight\" has shape [2, 4]",
       [](auto& g) {
         g.F32("output.weight", {4, 2});
       },
       Code::kDataLoss},
      {"\"lm_head.weight\" holds infinite or NaN",
       [&](auto& g) {
         g.F32("output.weight", {4, 3}, nan);
       },
       Code::kDataLoss},
      {"eos_token_id", [](auto& g) { g.Int("tokenizer.ggml.eos_token_id", 3); }, Code::kDataLoss},
      {"head_dim", [](auto& g) { g.Int("llama.attention.key_length", 3); }, Code::kDataLoss},
      {"rope_theta", [&](auto& g) { g.Float("llama.rope.freq_base", nan); }, Code::kDataLoss},
      {"the vocabulary has 4 tokens",
       [](auto& g) {
         g.String("tokenizer.ggml.model", "gpt2")
             .Strings("tokenizer.ggml.tokens", {"a", "b", "c", "d"});
       },
       Code::kDataLoss},
      {"tokenizer.ggml.tokens",
       [](auto& g) { g.String("tokenizer.ggml.model", "gpt2").Int("tokenizer.ggml.tokens", 1); },
       Code::kDataLoss},
  };
  for (const Refusal& c : cases) {
    GgufBuilder builder = TinyGguf();
    c.change(builder);
    auto checkpoint = Open(builder);
    ASSERT_FALSE(checkpoint.ok()) << c.name;
    EXPECT_EQ(checkpoint.status().code(), c.code) << checkpoint.status().ToString();
    EXPECT_NE(checkpoint.status().message().find(c.name), std::string::npos)
        << checkpoint.status().ToString();
  }
}

TEST(GgufConfig, RefusesIncompleteModels) {
  GgufBuilder empty;
  EXPECT_EQ(Open(empty).status().code(), Code::kDataLoss);
  EXPECT_EQ(Open(GgufBuilder().String("general.architecture", "gemma3")).status().code(),
            Code::kUnimplemented);
  auto without_tensor = Open(TinyGguf().Int("llama.attention.key_length", 4));
  EXPECT_NE(without_tensor.status().message().find("blk.0.attn_q.weight"), std::string::npos);
}

}  // namespace
}  // namespace redline::engine
