#include <gtest/gtest.h>

#include "text/golden_test_util.h"
#include "text/hf_tokenizer.h"

namespace redline::text {
namespace {

namespace fs = std::filesystem;

struct Family {
  const char* name;  // folder in the test data
  const char* pre;
  const char* golden;
};

std::ostream& operator<<(std::ostream& out, const Family& family) { return out << family.name; }

class GgufFamily : public ::testing::TestWithParam<Family> {};

// The same vocabulary, as a GGUF header carries it, gives the ids of the tokenizer.json.
TEST_P(GgufFamily, MatchesGolden) {
  const fs::path path = fs::path(kTestDataDir) / GetParam().name / "tokenizer.json";
  const fs::path golden = fs::path(kGoldenDir) / GetParam().golden;
  if (!fs::exists(path) || !fs::exists(golden)) {
    GTEST_SKIP() << "NOT TESTED: " << path << " or " << golden
                 << " is absent; scripts/fetch_test_data.sh gets published tokenizers";
  }
  const auto tokenizer = MakeGgufTokenizer(VocabularyFromTokenizerJson(path, GetParam().pre));
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.status().ToString();
  ExpectGolden(**tokenizer, golden);
}

INSTANTIATE_TEST_SUITE_P(GgufTokenizer, GgufFamily,
                         ::testing::Values(Family{"deepseek_v3", "deepseek-v3",
                                                  "hf_golden_deepseek_v3.jsonl"},
                                           Family{"qwen2_5", "qwen2", "hf_golden_qwen2_5.jsonl"},
                                           Family{"gpt2", "gpt-2", "hf_golden_gpt2.jsonl"}),
                         [](const auto& param_info) { return std::string(param_info.param.name); });

// The tokens of DeepSeek-V3.1 and later, which differ from V3 in two names.
TEST(GgufTokenizer, DeepSeekChatEncodingTokens) {
  const fs::path path = fs::path(kTestDataDir) / "deepseek_v3" / "tokenizer.json";
  const fs::path golden = fs::path(kGoldenDir) / "golden_tokens.jsonl";
  if (!fs::exists(path) || !fs::exists(golden)) {
    GTEST_SKIP() << "NOT TESTED: " << path << " or " << golden << " is absent";
  }
  GgufVocabulary vocabulary = VocabularyFromTokenizerJson(path, "deepseek-v3");
  for (const auto& [id, name] : {std::pair{128798, "<think>"}, std::pair{128799, "</think>"}}) {
    vocabulary.tokens[id] = name;
    vocabulary.token_types[id] = 4;
  }
  const auto tokenizer = MakeGgufTokenizer(vocabulary);
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.status().ToString();
  ExpectGolden(**tokenizer, golden);
}

GgufVocabulary Tiny() {
  GgufVocabulary vocabulary{.model = "gpt2", .pre = "gpt-2"};
  for (int id = 0; id < 3; ++id) vocabulary.tokens.push_back(std::string(1, 'a' + id));
  vocabulary.tokens.push_back("ab");
  vocabulary.tokens.push_back("<|end|>");
  vocabulary.token_types = {1, 1, 1, 1, 3};
  vocabulary.merges = {"a b"};
  vocabulary.bos_token_id = 4;
  return vocabulary;
}

TEST(GgufTokenizer, EveryNamedPreTokenizerBuildsAndEncodes) {
  for (const char* pre :
       {"default", "", "gpt-2", "smollm", "qwen2", "deepseek-r1-qwen", "llama-bpe", "llama3",
        "llama-v3", "deepseek-llm", "deepseek-coder", "deepseek-v3"}) {
    GgufVocabulary vocabulary = Tiny();
    vocabulary.pre = pre;
    const auto tokenizer = MakeGgufTokenizer(vocabulary);
    ASSERT_TRUE(tokenizer.ok()) << pre << ": " << tokenizer.status().ToString();
    const auto ids = (*tokenizer)->Encode("abc<|end|>", SpecialTokens::kParse);
    ASSERT_TRUE(ids.ok()) << ids.status().ToString();
    EXPECT_EQ(*ids, (std::vector<TokenId>{3, 2, 4})) << pre;
    EXPECT_TRUE((*tokenizer)->IsSpecial(4));
  }
}

TEST(GgufTokenizer, AddsBosByHeaderOrByHabit) {
  GgufVocabulary vocabulary = Tiny();
  EXPECT_FALSE((*MakeGgufTokenizer(vocabulary))->AddsBos());
  vocabulary.pre = "llama-bpe";
  EXPECT_TRUE((*MakeGgufTokenizer(vocabulary))->AddsBos());
  vocabulary.add_bos_token = false;
  EXPECT_FALSE((*MakeGgufTokenizer(vocabulary))->AddsBos());
}

TEST(GgufTokenizer, ItsTokenizerJsonIsTheSameTokenizer) {
  for (const char* pre : {"smollm", "qwen2", "llama-bpe", "deepseek-v3"}) {
    GgufVocabulary vocabulary = Tiny();
    vocabulary.pre = pre;
    const auto expected = MakeGgufTokenizer(vocabulary).value();
    const auto json = GgufTokenizerJson(vocabulary);
    ASSERT_TRUE(json.ok()) << json.status().ToString();
    const auto actual = MakeHfTokenizer(*json, {}).value();
    EXPECT_EQ(actual->AddsBos(), expected->AddsBos()) << pre;
    EXPECT_EQ(actual->AddsBos() ? actual->BosId() : expected->BosId(), expected->BosId()) << pre;
    for (const std::string text : {"abcab", "<|end|>ab<|end|>", "ccc"}) {
      EXPECT_EQ(*actual->Encode(text, SpecialTokens::kParse),
                *expected->Encode(text, SpecialTokens::kParse));
    }
  }
  GgufVocabulary unknown = Tiny();
  unknown.pre = "esperanto";
  EXPECT_EQ(GgufTokenizerJson(unknown).status().code(), Code::kUnimplemented);
}

TEST(GgufTokenizer, UnknownKindsAreNamed) {
  GgufVocabulary vocabulary = Tiny();
  vocabulary.pre = "esperanto";
  Status status = MakeGgufTokenizer(vocabulary).status();
  EXPECT_EQ(status.code(), Code::kUnimplemented);
  EXPECT_NE(status.message().find("esperanto"), std::string::npos);
  vocabulary.model = "bert";
  status = MakeGgufTokenizer(vocabulary).status();
  EXPECT_EQ(status.code(), Code::kUnimplemented);
  EXPECT_NE(status.message().find("bert"), std::string::npos);
}

TEST(GgufTokenizer, DamagedHeaders) {
  const auto damage = [](auto change) {
    GgufVocabulary vocabulary = Tiny();
    change(vocabulary);
    return MakeGgufTokenizer(vocabulary).status().code();
  };
  using V = GgufVocabulary&;
  EXPECT_EQ(damage([](V v) { v.tokens.clear(); }), Code::kDataLoss);
  EXPECT_EQ(damage([](V v) { v.token_types.pop_back(); }), Code::kDataLoss);
  EXPECT_EQ(damage([](V v) { v.scores = {1.0f}; }), Code::kDataLoss);
  EXPECT_EQ(damage([](V v) { v.bos_token_id = 5; }), Code::kDataLoss);
  EXPECT_EQ(damage([](V v) { v.eos_token_id = -1; }), Code::kDataLoss);
  EXPECT_EQ(damage([](V v) { v.merges.push_back("ab"); }), Code::kDataLoss);
  EXPECT_EQ(damage([](V v) { v.merges.push_back("a zz"); }), Code::kDataLoss);
  EXPECT_EQ(damage([](V v) { v.merges.push_back("\xFF a"); }), Code::kDataLoss);
  EXPECT_EQ(damage([](V v) { v.tokens[0] = "\xFF"; }), Code::kDataLoss);
  EXPECT_EQ(damage([](V v) { v.model = "llama"; }), Code::kDataLoss);  // no scores
}

}  // namespace
}  // namespace redline::text
