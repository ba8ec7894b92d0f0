#include "engine/weights/checkpoint.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>

#include "engine/weights/dequantize.h"
#include "engine/weights/safetensors_reader.h"
#include "engine/weights/tensor_extents.h"
#include "engine/weights/test_files.h"
#include "text/golden_test_util.h"

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

// A tiny model of tests/reference as a directory that a test may damage.
class TinyModel {
 public:
  explicit TinyModel(const std::string& name) {
    fs::copy("tests/reference/tiny/" + name, directory_.path());
  }
  const fs::path& path() const { return directory_.path(); }
  void Write(const std::string& name, const std::string& text) {
    std::ofstream(path() / name) << text;
  }
  Result<std::unique_ptr<Checkpoint>> Open() { return OpenCheckpoint(path()); }

  // Replaces model.safetensors by two shards and their index. Each shard holds every second tensor.
  void Shard() {
    auto file = SafetensorsFile::Open(MappedFile::Open(path() / "model.safetensors").value());
    ASSERT_TRUE(file.ok());
    std::string headers[2], data[2], map;
    for (size_t i = 0; i < (*file)->tensors().size(); ++i) {
      const TensorView& view = (*file)->tensors()[i];
      std::string& bytes = data[i % 2];
      const size_t begin = bytes.size();
      bytes.append(reinterpret_cast<const char*>(view.data), static_cast<size_t>(view.num_bytes));
      headers[i % 2] += (headers[i % 2].empty() ? "\"" : ",\"") + view.name +
                        "\":{\"dtype\":\"F32\"," + "\"shape\":" + ShapeText(view.shape) +
                        ",\"data_offsets\":[" + std::to_string(begin) + "," +
                        std::to_string(bytes.size()) + "]}";
      map += (map.empty() ? "\"" : ",\"") + view.name + "\":\"" + kShards[i % 2] + "\"";
    }
    for (size_t i : {0, 1}) Write(kShards[i], SafetensorsBytes("{" + headers[i] + "}", data[i]));
    Write("model.safetensors.index.json", "{\"weight_map\":{" + map + "}}");
    fs::remove(path() / "model.safetensors");
  }

  static constexpr const char* kShards[] = {"model-00001-of-00002.safetensors",
                                            "model-00002-of-00002.safetensors"};

 private:
  TemporaryDirectory directory_;
};

// Overwrites one tensor of a safetensors file by another of the same size.
void CopyTensor(const std::string& path, std::string_view from, std::string_view to) {
  std::string bytes = ReadFile(path).value();
  auto file = SafetensorsFile::Open(MapBytes(bytes));
  ASSERT_TRUE(file.ok());
  const std::byte* base = (*file)->file().Range(0, 1).value().data();
  const TensorView* source = nullptr;
  const TensorView* target = nullptr;
  for (const TensorView& view : (*file)->tensors()) {
    if (view.name == from) source = &view;
    if (view.name == to) target = &view;
  }
  ASSERT_TRUE(source != nullptr && target != nullptr && source->num_bytes == target->num_bytes);
  std::memcpy(bytes.data() + (target->data - base), source->data,
              static_cast<size_t>(source->num_bytes));
  std::ofstream(path) << bytes;
}

TEST(Checkpoint, TinyModelsOpen) {
  for (const char* name : {"tiny_qwen2", "tiny_qwen3", "tiny_llama3", "tiny_linear"}) {
    auto checkpoint = OpenCheckpoint(std::string("tests/reference/tiny/") + name);
    ASSERT_TRUE(checkpoint.ok()) << checkpoint.status().ToString();
    EXPECT_EQ((*checkpoint)->config().vocab_size, 96);
    EXPECT_EQ((*checkpoint)->MakeTokenizer().value(), nullptr);
    EXPECT_TRUE((*checkpoint)->CheckIntact().ok());
  }
}

TEST(Checkpoint, ShardsHoldTheSameTensorsAsOneFile) {
  TinyModel whole("tiny_qwen2"), sharded("tiny_qwen2");
  sharded.Shard();
  auto expected = whole.Open();
  auto actual = sharded.Open();
  ASSERT_TRUE(expected.ok() && actual.ok()) << actual.status().ToString();
  EXPECT_EQ((*actual)->WeightBytes(), (*expected)->WeightBytes());
  for (const TensorView* view : (*expected)->AllTensors()) {
    const TensorView* other = (*actual)->Find(view->name);
    ASSERT_NE(other, nullptr) << view->name;
    EXPECT_EQ(std::memcmp(view->data, other->data, static_cast<size_t>(view->num_bytes)), 0);
  }
}

TEST(Checkpoint, RefusesDamagedShards) {
  const auto expect = [](TinyModel& model, Code code, const std::string& message) {
    auto checkpoint = model.Open();
    ASSERT_FALSE(checkpoint.ok()) << message;
    EXPECT_EQ(checkpoint.status().code(), code) << checkpoint.status().ToString();
    EXPECT_NE(checkpoint.status().message().find(message), std::string::npos)
        << checkpoint.status().ToString();
  };
  TinyModel missing("tiny_qwen2"), twice("tiny_qwen2"), escaping("tiny_qwen2"), stale("tiny_qwen2");
  for (TinyModel* model : {&missing, &twice, &escaping, &stale}) model->Shard();

  fs::remove(missing.path() / TinyModel::kShards[1]);
  expect(missing, Code::kNotFound, TinyModel::kShards[1]);

  fs::copy_file(twice.path() / TinyModel::kShards[0], twice.path() / "again.safetensors");
  twice.Write("model.safetensors.index.json",
              R"({"weight_map":{"model.embed_tokens.weight":"model-00001-of-00002.safetensors",)"
              R"("model.layers.0.mlp.down_proj.weight":"again.safetensors"}})");
  expect(twice, Code::kDataLoss, "is in two files");

  escaping.Write("model.safetensors.index.json", R"({"weight_map":{"x":"../secret"}})");
  expect(escaping, Code::kDataLoss, "not the name of a file");

  stale.Write("model.safetensors.index.json",
              R"({"weight_map":{"x":"model-00001-of-00002.safetensors"}})");
  expect(stale, Code::kDataLoss, "\"x\" is not in");
}

// A file that says "tied" and holds another output layer could be read in two ways.
TEST(Checkpoint, RefusesATiedModelWithAnOutputLayerOfItsOwn) {
  TinyModel model("tiny_qwen3");
  ASSERT_TRUE(model.Open().ok());
  std::string config = ReadFile(model.path() / "config.json").value();
  const std::string untied = "\"tie_word_embeddings\": false";
  config.replace(config.find(untied), untied.size(), "\"tie_word_embeddings\": true");
  model.Write("config.json", config);
  EXPECT_EQ(model.Open().status().code(), Code::kDataLoss);
}

TEST(Checkpoint, DropsATiedModelsCopyOfItsEmbedding) {
  TinyModel model("tiny_linear");
  const std::string path = (model.path() / "model.safetensors").string();
  std::string config = ReadFile(model.path() / "config.json").value();
  const std::string untied = "\"tie_word_embeddings\": false";
  config.replace(config.find(untied), untied.size(), "\"tie_word_embeddings\": true");
  model.Write("config.json", config);
  CopyTensor(path, "model.embed_tokens.weight", "lm_head.weight");
  auto checkpoint = model.Open();
  ASSERT_TRUE(checkpoint.ok()) << checkpoint.status().ToString();
  EXPECT_EQ((*checkpoint)->Find("lm_head.weight"), nullptr);
}

TEST(Checkpoint, SaysWhatItLookedFor) {
  TemporaryDirectory empty;
  EXPECT_EQ(OpenCheckpoint(empty.path() / "absent").status().code(), Code::kNotFound);
  const Status status = OpenCheckpoint(empty.path()).status();
  EXPECT_EQ(status.code(), Code::kNotFound);
  EXPECT_NE(status.message().find("config.json"), std::string::npos);
  std::ofstream(empty.path() / "a.gguf") << "GGUF";
  EXPECT_EQ(OpenCheckpoint(empty.path()).status().code(), Code::kDataLoss);
  std::ofstream(empty.path() / "b.gguf") << "GGUF";
  EXPECT_EQ(OpenCheckpoint(empty.path()).status().code(), Code::kInvalidArgument);
  EXPECT_EQ(OpenCheckpoint("tests/reference/tiny/tiny_qwen2/model.safetensors").status().code(),
            Code::kInvalidArgument);
}

TEST(Checkpoint, SmolLm2sVocabularyMakesItsTokenizer) {
  const fs::path path = SmolLm2Path();
  if (path.empty()) GTEST_SKIP() << "NOT TESTED: no SmolLM2 GGUF; run scripts/fetch_test_data.sh";
  auto checkpoint = OpenCheckpoint(path);
  ASSERT_TRUE(checkpoint.ok()) << checkpoint.status().ToString();
  auto tokenizer = (*checkpoint)->MakeTokenizer();
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.status().ToString();
  const fs::path golden = fs::path(text::kGoldenDir) / "hf_golden_smollm2.jsonl";
  if (!fs::exists(golden)) GTEST_SKIP() << "NOT TESTED: no " << golden;
  text::ExpectGolden(**tokenizer, golden);
}

// The ids in the golden files of tests/reference stand for their texts.
TEST(Checkpoint, ReferencePromptsEncodeToTheirIds) {
  const fs::path path = SmolLm2Path();
  if (path.empty()) GTEST_SKIP() << "NOT TESTED: no SmolLM2 GGUF; run scripts/fetch_test_data.sh";
  auto tokenizer = OpenCheckpoint(path).value()->MakeTokenizer();
  ASSERT_TRUE(tokenizer.ok());
  const auto prompts =
      nlohmann::json::parse(ReadFile("tests/reference/prompts_smollm2.json").value());
  ASSERT_EQ(prompts.size(), 3u);
  for (const auto& prompt : prompts) {
    auto ids = (*tokenizer)->Encode(prompt["text"].get<std::string>(), text::SpecialTokens::kParse);
    ASSERT_TRUE(ids.ok());
    EXPECT_EQ(*ids, prompt["ids"].get<std::vector<TokenId>>()) << prompt["name"];
  }
}

TEST(Checkpoint, StoriesVocabularyMakesItsTokenizer) {
  if (!fs::exists(kStoriesGguf)) GTEST_SKIP() << "NOT TESTED: " << kStoriesGguf << " is missing";
  auto tokenizer = OpenCheckpoint(kStoriesGguf).value()->MakeTokenizer();
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.status().ToString();
  EXPECT_TRUE((*tokenizer)->AddsBos());
  EXPECT_EQ((*tokenizer)->Encode("Once upon a time", text::SpecialTokens::kAsText).value(),
            (std::vector<TokenId>{403, 407, 261, 378}));
}

TEST(Checkpoint, TemplatesAndSpecialTokensComeFromTheirFiles) {
  TinyModel model("tiny_qwen2");
  model.Write("tokenizer_config.json", R"({"chat_template": "old", "eos_token": "<end>"})");
  model.Write("generation_config.json", R"({"eos_token_id": [7, 9]})");
  auto checkpoint = model.Open();
  ASSERT_TRUE(checkpoint.ok());
  EXPECT_EQ((*checkpoint)->chat_template(), "old");
  EXPECT_EQ((*checkpoint)->eos_token(), "<end>");
  EXPECT_EQ((*checkpoint)->config().eos_token_ids, (std::vector<TokenId>{7, 9}));
  model.Write("chat_template.jinja", "new");
  EXPECT_EQ(model.Open().value()->chat_template(), "new");
}

TEST(Checkpoint, AFileThatShrinksIsReportedNotFatal) {
  TinyModel model("tiny_qwen2");
  auto checkpoint = model.Open();
  ASSERT_TRUE(checkpoint.ok());
  fs::resize_file(model.path() / "model.safetensors", 4096);
  float sum = 0;
  for (const TensorView* view : (*checkpoint)->AllTensors()) {
    for (const float value : DequantizeTensor(*view)) sum += value;
  }
  EXPECT_TRUE(std::isfinite(sum));
  EXPECT_EQ((*checkpoint)->CheckIntact().code(), Code::kDataLoss);
  EXPECT_EQ(model.Open().status().code(), Code::kDataLoss);
}

}  // namespace
}  // namespace redline::engine
