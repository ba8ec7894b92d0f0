// What an exported model is: the GGUF's, to the bit where no type rounds it.
#include "engine/export/export.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "engine/export/export_testing.h"
#include "engine/export/hf_files.h"
#include "engine/model/testing_checkpoint.h"
#include "text/golden_test_util.h"
#include "text/hf_tokenizer.h"

namespace redline::engine {
namespace {

namespace fs = std::filesystem;

// The log-probabilities after each token, by kernels that compute in f32 whatever the weights are.
std::vector<std::vector<float>> LogprobsOf(const Checkpoint& checkpoint,
                                           const std::vector<TokenId>& tokens) {
  ThreadPool pool(2);
  const ModelOptions options = {.isa = std::string(SelectKernels().value()->vectors),
                                .kv_dtype = KvDtype::kF32};
  auto model = MakeModel(checkpoint, pool, options).value();
  auto kv = KvCache::Create(model->kv_layout(), 16, 16).value();
  TestingSequence sequence(*kv, 0, 16 * 16);
  std::vector<std::vector<float>> rows;
  for (const TokenId token : tokens) {
    std::vector<float> row = sequence.Feed(*model, *kv, std::span(&token, 1), 16);
    const float sum = model->kernels().log_sum_exp(row.data(), static_cast<int64_t>(row.size()));
    for (float& value : row) value -= sum;
    rows.push_back(std::move(row));
  }
  return rows;
}

float LargestDifference(const std::vector<std::vector<float>>& left,
                        const std::vector<std::vector<float>>& right) {
  float largest = 0;
  for (size_t i = 0; i < left.size(); ++i) {
    for (size_t j = 0; j < left[i].size(); ++j)
      largest = std::max(largest, std::abs(left[i][j] - right[i][j]));
  }
  return largest;
}

std::unique_ptr<Checkpoint> ExportAndOpen(const fs::path& gguf, const fs::path& directory,
                                          DType dtype) {
  const auto result = ExportModel({.model_path = gguf, .directory = directory, .dtype = dtype});
  EXPECT_TRUE(result.ok()) << result.status().ToString();
  auto opened = OpenCheckpoint(directory);
  EXPECT_TRUE(opened.ok()) << opened.status().ToString();
  return opened.ok() ? std::move(opened).value() : nullptr;
}

void ExpectSameConfig(const ModelConfig& actual, const ModelConfig& expected) {
  EXPECT_EQ(actual.model_type, expected.model_type);
  EXPECT_EQ(actual.hidden_size, expected.hidden_size);
  EXPECT_EQ(actual.intermediate_size, expected.intermediate_size);
  EXPECT_EQ(actual.num_hidden_layers, expected.num_hidden_layers);
  EXPECT_EQ(actual.num_attention_heads, expected.num_attention_heads);
  EXPECT_EQ(actual.num_key_value_heads, expected.num_key_value_heads);
  EXPECT_EQ(actual.head_dim, expected.head_dim);
  EXPECT_EQ(actual.vocab_size, expected.vocab_size);
  EXPECT_EQ(actual.max_position_embeddings, expected.max_position_embeddings);
  EXPECT_EQ(actual.rms_norm_eps, expected.rms_norm_eps);
  EXPECT_EQ(actual.rope_theta, expected.rope_theta);
  EXPECT_EQ(actual.rope_scaling.kind, expected.rope_scaling.kind);
  EXPECT_EQ(actual.rope_scaling.factor, expected.rope_scaling.factor);
  EXPECT_EQ(actual.tie_word_embeddings, expected.tie_word_embeddings);
  EXPECT_EQ(actual.attention_bias, expected.attention_bias);
  EXPECT_EQ(actual.qk_norm, expected.qk_norm);
  EXPECT_EQ(actual.eos_token_ids, expected.eos_token_ids);
  EXPECT_EQ(actual.bos_token_id, expected.bos_token_id);
}

// Hugging Face -> GGUF -> Hugging Face gives the first again: names, rows, numbers, configuration.
TEST(Export, UndoesWhatTheConverterToGgufDid) {
  for (const std::string name : {"tiny_qwen2", "tiny_qwen3", "tiny_linear"}) {
    const auto original = OpenTiny(name);
    TemporaryDirectory folder;
    WriteBytes(folder.path() / "m.gguf", GgufOf(*original).Build());
    const auto exported =
        ExportAndOpen(folder.path() / "m.gguf", folder.path() / "hf", DType::kF32);
    ASSERT_NE(exported, nullptr) << name;
    ExpectSameConfig(exported->config(), original->config());
    ASSERT_EQ(exported->AllTensors().size(), original->AllTensors().size()) << name;
    for (const TensorView* view : original->AllTensors()) {
      const TensorView* other = exported->Find(view->name);
      ASSERT_NE(other, nullptr) << view->name;
      EXPECT_EQ(other->shape, view->shape) << view->name;
      EXPECT_EQ(DequantizeTensor(*other), DequantizeTensor(*view)) << name << " " << view->name;
    }
    const std::vector<TokenId> tokens = {1, 17, 93, 4, 55, 55, 8};
    EXPECT_EQ(LargestDifference(LogprobsOf(*exported, tokens), LogprobsOf(*original, tokens)), 0);
  }
}

// Llama 3's frequency scaling, which a GGUF carries as divisors.
TEST(Export, KeepsLlama3RopeScaling) {
  RopeScaling scaling{RopeScaling::Kind::kLlama3, 32, 1, 4, 8192};
  std::string divisors;
  for (int64_t i = 0; i < 8; ++i)
    divisors += GgufBuilder::Bytes(static_cast<float>(RopeFrequencyDivisor(scaling, 5e5, i, 8)));
  GgufBuilder gguf = GgufOf(*OpenTiny("tiny_llama3"));
  TemporaryDirectory folder;
  WriteBytes(folder.path() / "m.gguf", gguf.Tensor("rope_freqs.weight", {8}, 0, divisors).Build());
  const auto exported = ExportAndOpen(folder.path() / "m.gguf", folder.path() / "hf", DType::kF32);
  ASSERT_NE(exported, nullptr);
  const RopeScaling& actual = exported->config().rope_scaling;
  EXPECT_EQ(actual.kind, RopeScaling::Kind::kLlama3);
  EXPECT_EQ(actual.factor, 32);
  EXPECT_EQ(actual.low_freq_factor, 1);
  EXPECT_EQ(actual.high_freq_factor, 4);
  EXPECT_EQ(actual.original_max_position_embeddings, 8192);
  EXPECT_EQ(exported->config().rope_theta, 5e5);
  const std::vector<TokenId> tokens = {1, 17, 93, 4, 55};
  const auto source = OpenCheckpoint(folder.path() / "m.gguf").value();
  EXPECT_LT(LargestDifference(LogprobsOf(*exported, tokens), LogprobsOf(*source, tokens)), 1e-4);
}

// A quantised model computes the same from its dequantised weights.
TEST(Export, DequantizedModelsGiveTheSameLogprobs) {
  for (const std::string name : {"tiny_q4_k", "tiny_q5_k", "tiny_q6_k"}) {
    const fs::path gguf = "tests/reference/tiny/" + name + ".gguf";
    TemporaryDirectory folder;
    const auto exported = ExportAndOpen(gguf, folder.path() / "hf", DType::kF32);
    ASSERT_NE(exported, nullptr) << name;
    const std::vector<TokenId> tokens = {1, 17, 42, 4, 55, 55, 8};
    const auto source = OpenCheckpoint(gguf).value();
    EXPECT_LT(LargestDifference(LogprobsOf(*exported, tokens), LogprobsOf(*source, tokens)), 2e-4)
        << name;
  }
}

TEST(Export, HalfTypesRoundOnce) {
  const fs::path gguf = "tests/reference/tiny/tiny_q4_k.gguf";
  const auto source = OpenCheckpoint(gguf).value();
  TemporaryDirectory folder;
  for (const DType dtype : {DType::kBF16, DType::kF16}) {
    const auto exported =
        ExportAndOpen(gguf, folder.path() / std::string(InfoOf(dtype).name), dtype);
    ASSERT_NE(exported, nullptr);
    const std::string name = "model.layers.1.mlp.down_proj.weight";
    ASSERT_EQ(exported->Find(name)->dtype, dtype);
    const auto actual = DequantizeTensor(*exported->Find(name));
    const auto exact = DequantizeTensor(*source->Find(name));
    for (size_t i = 0; i < exact.size(); ++i) {
      const float rounded =
          dtype == DType::kBF16 ? BF16ToF32(F32ToBF16(exact[i])) : F16ToF32(F32ToF16(exact[i]));
      ASSERT_EQ(actual[i], rounded) << i;
    }
  }
}

TEST(Export, SentencePieceModelKeepsTokensAndLogprobs) {
  if (!fs::exists(kStoriesGguf)) GTEST_SKIP() << "NOT TESTED: " << kStoriesGguf << " is missing";
  TemporaryDirectory folder;
  const auto exported = ExportAndOpen(kStoriesGguf, folder.path() / "hf", DType::kF32);
  ASSERT_NE(exported, nullptr);
  const auto source = OpenCheckpoint(kStoriesGguf).value();
  const auto expected = source->MakeTokenizer().value();
  const auto actual = exported->MakeTokenizer().value();
  ASSERT_NE(actual, nullptr);
  EXPECT_TRUE(actual->AddsBos());
  EXPECT_EQ(actual->BosId(), expected->BosId());
  EXPECT_EQ(actual->EosId(), expected->EosId());
  for (const std::string text :
       {"Once upon a time", " two  spaces", "l\xC3\xA0 \xE6\xBC\xA2\n\t{}", "<s>Once</s> a"}) {
    EXPECT_EQ(actual->Encode(text, text::SpecialTokens::kParse).value(),
              expected->Encode(text, text::SpecialTokens::kParse).value())
        << text;
  }
  const std::vector<TokenId> tokens = {1, 403, 407, 261, 378};
  EXPECT_LT(LargestDifference(LogprobsOf(*exported, tokens), LogprobsOf(*source, tokens)), 1e-4);
}

TEST(Export, SmolLm2sFilesSayWhatTheGgufSays) {
  const fs::path gguf = SmolLm2Path();
  if (gguf.empty()) GTEST_SKIP() << "NOT TESTED: no SmolLM2 GGUF; run scripts/fetch_test_data.sh";
  const auto source = OpenCheckpoint(gguf).value();
  const auto files = MakeHfTextFiles(*source, DType::kBF16);
  ASSERT_TRUE(files.ok()) << files.status().ToString();
  std::map<std::string, std::string> texts;
  for (const HfTextFile& file : *files) texts[file.name] = file.text;
  const auto config = nlohmann::json::parse(texts.at("config.json"));
  EXPECT_EQ(config["architectures"], nlohmann::json::array({"LlamaForCausalLM"}));
  EXPECT_EQ(config["torch_dtype"], "bfloat16");
  EXPECT_NE(texts["config.json"].find("\"rms_norm_eps\": 1e-05,"), std::string::npos);
  EXPECT_EQ(config["rope_theta"], 100000);
  EXPECT_EQ(config["tie_word_embeddings"], true);
  const auto tokenizer = nlohmann::json::parse(texts.at("tokenizer_config.json"));
  EXPECT_EQ(tokenizer["eos_token"], "<|im_end|>");
  EXPECT_EQ(tokenizer["pad_token"], "<|im_end|>");
  EXPECT_EQ(tokenizer["chat_template"], source->chat_template());
  EXPECT_EQ(tokenizer["model_max_length"], 8192);
  const fs::path golden = fs::path(text::kGoldenDir) / "hf_golden_smollm2.jsonl";
  if (!fs::exists(golden)) GTEST_SKIP() << "NOT TESTED: no " << golden;
  text::ExpectGolden(*text::MakeHfTokenizer(texts.at("tokenizer.json"), {}).value(), golden);
}

}  // namespace
}  // namespace redline::engine
