#include "engine/weights/checkpoint.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <fstream>

#include "engine/weights/test_files.h"

namespace redline::engine {
namespace {

namespace fs = std::filesystem;

// Row `row` of a tensor of f32 rows.
const std::byte* RowAt(const TensorView& view, int64_t row) {
  return view.data + row * BytesOf(view.dtype, view.shape.back());
}

// Where the GGUF converter for "llama" puts Hugging Face's row `row` of a q or k projection: within
// a head, (half, i) becomes (i, half).
int64_t PermutedRow(int64_t row, int64_t head_dim) {
  const int64_t head = row / head_dim;
  const int64_t half = row % head_dim / (head_dim / 2);
  const int64_t index = row % (head_dim / 2);
  return head * head_dim + index * 2 + half;
}

void ExpectSameTensor(const TensorView& hf, const TensorView& gguf, int64_t head_dim) {
  ASSERT_EQ(hf.shape, gguf.shape) << hf.name;
  ASSERT_EQ(hf.dtype, gguf.dtype) << hf.name;
  const bool permuted =
      hf.name.find("q_proj") != std::string::npos || hf.name.find("k_proj") != std::string::npos;
  const int64_t num_rows = hf.shape.size() == 1 ? 1 : hf.shape.front();
  const auto row_bytes = static_cast<size_t>(BytesOf(hf.dtype, hf.shape.back()));
  for (int64_t row = 0; row < num_rows; ++row) {
    const int64_t gguf_row = permuted ? PermutedRow(row, head_dim) : row;
    ASSERT_EQ(std::memcmp(RowAt(hf, row), RowAt(gguf, gguf_row), row_bytes), 0)
        << hf.name << " row " << row;
  }
}

TEST(Checkpoint, StoriesGgufAndHuggingFaceAgree) {
  if (!fs::exists(kStoriesGguf)) GTEST_SKIP() << "NOT TESTED: " << kStoriesGguf << " is missing";
  auto gguf = OpenCheckpoint(kStoriesGguf);
  ASSERT_TRUE(gguf.ok()) << gguf.status().ToString();
  auto hf = OpenCheckpoint(kStoriesHf);
  ASSERT_TRUE(hf.ok()) << hf.status().ToString();

  const ModelConfig& config = (*gguf)->config();
  EXPECT_EQ(config.architecture, "llama");
  EXPECT_EQ(config.hidden_size, 64);
  EXPECT_EQ(config.num_hidden_layers, 5);
  EXPECT_EQ(config.num_key_value_heads, 4);
  EXPECT_EQ(config.head_dim, 8);
  EXPECT_EQ(config.vocab_size, 512);
  EXPECT_EQ(config.rope_layout, RopeLayout::kInterleaved);
  EXPECT_EQ(config.eos_token_ids, std::vector<TokenId>{2});
  EXPECT_FALSE(config.tie_word_embeddings);  // the file has an output.weight
  EXPECT_EQ((*gguf)->bos_token(), "<s>");
  EXPECT_EQ((*hf)->config().rope_layout, RopeLayout::kHalfSplit);
  EXPECT_TRUE((*hf)->config().tie_word_embeddings);
  EXPECT_EQ((*hf)->Find("lm_head.weight"), nullptr);

  EXPECT_EQ((*hf)->AllTensors().size(), 2u + 5u * 9u);
  for (const TensorView* view : (*hf)->AllTensors()) {
    const TensorView* other = (*gguf)->Find(view->name);
    ASSERT_NE(other, nullptr) << view->name;
    ExpectSameTensor(*view, *other, config.head_dim);
  }
}

TEST(Checkpoint, SmolLm2Opens) {
  const fs::path path = SmolLm2Path();
  if (path.empty()) GTEST_SKIP() << "NOT TESTED: no SmolLM2 GGUF; run scripts/fetch_test_data.sh";
  auto checkpoint = OpenCheckpoint(path);
  ASSERT_TRUE(checkpoint.ok()) << checkpoint.status().ToString();
  const ModelConfig& config = (*checkpoint)->config();
  EXPECT_EQ(config.num_hidden_layers, 30);
  EXPECT_EQ(config.num_attention_heads, 9);
  EXPECT_EQ(config.num_key_value_heads, 3);
  EXPECT_EQ(config.vocab_size, 49152);
  EXPECT_EQ(config.max_position_embeddings, 8192);
  EXPECT_EQ(config.rope_theta, 100000);
  EXPECT_TRUE(config.tie_word_embeddings);
  EXPECT_EQ((*checkpoint)->AllTensors().size(), 272u);
  EXPECT_EQ((*checkpoint)->Find("model.layers.29.mlp.down_proj.weight")->dtype, DType::kQ4_1);
  EXPECT_EQ((*checkpoint)->Find("model.embed_tokens.weight")->dtype, DType::kQ8_0);
  EXPECT_EQ((*checkpoint)->eos_token(), "<|im_end|>");
  EXPECT_NE((*checkpoint)->chat_template().find("<|im_start|>"), std::string::npos);
}

}  // namespace
}  // namespace redline::engine
