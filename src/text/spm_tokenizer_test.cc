#include "text/spm_tokenizer.h"

#include <gtest/gtest.h>

#include <ctime>
#include <limits>

#include "text/hf_tokenizer.h"

namespace redline::text {
namespace {

struct Entry {
  std::string text;
  float score;
  int32_t type;
};

// Ids: 0 <unk>, 1 <s>, 2 </s>, 3-258 the bytes, then the pieces below.
std::vector<Entry> Pieces() {
  return {
      {"▁", -100, 1}, {"a", -101, 1}, {"b", -102, 1},   {"c", -103, 1},  // 259-262
      {"ab", -1, 1},  {"bc", -2, 1},  {"▁a", -3, 1},    {"▁ab", -4, 1},  // 263-266
      {"aa", -5, 1},  {"aaa", -6, 1}, {"[INST]", 0, 4}, {"@@", 0, 4},    // 267-270
  };
}

GgufVocabulary Vocabulary() {
  GgufVocabulary vocabulary{.model = "llama", .bos_token_id = 1, .eos_token_id = 2};
  const auto add = [&](const std::string& text, float score, int32_t type) {
    vocabulary.tokens.push_back(text);
    vocabulary.scores.push_back(score);
    vocabulary.token_types.push_back(type);
  };
  add("<unk>", 0, 2);
  add("<s>", 0, 3);
  add("</s>", 0, 3);
  for (int byte = 0; byte < 256; ++byte) {
    char text[8];
    snprintf(text, sizeof(text), "<0x%02X>", byte);
    add(text, 0, 6);
  }
  for (const Entry& piece : Pieces()) add(piece.text, piece.score, piece.type);
  return vocabulary;
}

std::unique_ptr<Tokenizer> Make(const GgufVocabulary& vocabulary) {
  auto tokenizer = MakeGgufTokenizer(vocabulary);
  EXPECT_TRUE(tokenizer.ok()) << tokenizer.status().ToString();
  return std::move(*tokenizer);
}

TokenId Byte(int value) { return 3 + value; }

struct EncodeCase {
  std::string text;
  std::vector<TokenId> ids;
};

TEST(SpmTokenizer, Encodes) {
  const auto tokenizer = Make(Vocabulary());
  const std::vector<EncodeCase> cases = {
      {"", {}},
      {"ab", {266}},             // "▁" + "ab": the best union first
      {"abc", {266, 262}},       // ab (-1) before bc (-2)
      {"bc", {259, 264}},        // the added space stays alone
      {" ab", {259, 266}},       // two spaces
      {"aaa", {265, 267}},       // ▁a (-3) before aa (-5), leaving aa
      {"a<s>a", {265, 1, 265}},  // a space after a control token as well
      {"[INST]a", {269, 265}},
      {"a<unk>", {265, 0}},                  // as llama.cpp and transformers read it
      {"é", {259, Byte(0xC3), Byte(0xA9)}},  // no such piece: bytes
      {"<0x41>", {259, Byte('<'), Byte('0'), Byte('x'), Byte('4'), Byte('1'), Byte('>')}},
  };
  for (const EncodeCase& c : cases) {
    const auto ids = tokenizer->Encode(c.text, SpecialTokens::kParse);
    ASSERT_TRUE(ids.ok()) << ids.status().ToString();
    EXPECT_EQ(*ids, c.ids) << c.text;
  }
}

TEST(SpmTokenizer, ControlTokensAsText) {
  const auto tokenizer = Make(Vocabulary());
  const auto encode = [&](std::string_view text) {
    return *tokenizer->Encode(text, SpecialTokens::kAsText);
  };
  EXPECT_EQ(encode("<s>"), (std::vector<TokenId>{259, Byte('<'), Byte('s'), Byte('>')}));
  EXPECT_EQ(encode("[INST]").size(), 7u);
  EXPECT_EQ(encode("@@"), (std::vector<TokenId>{270}));
}

TEST(SpmTokenizer, DecodeTakesBackTheAddedSpace) {
  const auto tokenizer = Make(Vocabulary());
  for (const std::string text : {"ab", " ab", "  a", "", "é", "a b c", "\xF0\x9F\xA6\x99"}) {
    const auto ids = tokenizer->Encode(text, SpecialTokens::kParse);
    EXPECT_EQ(*tokenizer->Decode(*ids, true), text);
  }
  EXPECT_EQ(*tokenizer->Decode(std::vector<TokenId>{1, 266, 266}, true), "ab ab");
  EXPECT_EQ(*tokenizer->Decode(std::vector<TokenId>{1, 266}, false), "<s>ab");
  EXPECT_EQ(*tokenizer->Decode(std::vector<TokenId>{Byte(0xC3)}, true), "\xEF\xBF\xBD");
  EXPECT_EQ(tokenizer->TokenBytes(266), " ab");  // a stream goes on from text before it
  EXPECT_FALSE(tokenizer->Decode(std::vector<TokenId>{-1}, true).ok());
}

TEST(SpmTokenizer, WithoutSpacePrefix) {
  GgufVocabulary vocabulary = Vocabulary();
  vocabulary.add_space_prefix = false;
  const auto tokenizer = Make(vocabulary);
  EXPECT_EQ(*tokenizer->Encode("ab", SpecialTokens::kParse), (std::vector<TokenId>{263}));
  EXPECT_EQ(*tokenizer->Decode(std::vector<TokenId>{266}, true), " ab");
}

TEST(SpmTokenizer, EqualScoresMergeFromTheLeft) {
  GgufVocabulary vocabulary = Vocabulary();
  vocabulary.add_space_prefix = false;
  const auto tokenizer = Make(vocabulary);
  // aa aa a -> aaa would need aa + a: the leftmost aa joins first, then aa + a at the end.
  EXPECT_EQ(*tokenizer->Encode("aaaaa", SpecialTokens::kParse), (std::vector<TokenId>{267, 268}));
}

TEST(SpmTokenizer, NoByteTokensMeansUnknown) {
  GgufVocabulary vocabulary{.model = "llama"};
  vocabulary.tokens = {"<unk>", "a"};
  vocabulary.scores = {0, 0};
  vocabulary.token_types = {2, 1};
  vocabulary.add_space_prefix = false;
  EXPECT_EQ(*Make(vocabulary)->Encode("ax", SpecialTokens::kParse), (std::vector<TokenId>{1, 0}));
  vocabulary.token_types = {1, 1};
  EXPECT_EQ(Make(vocabulary)->Encode("x", SpecialTokens::kParse).status().code(),
            Code::kInvalidArgument);
}

TEST(SpmTokenizer, AddsBosUnlessToldNot) {
  GgufVocabulary vocabulary = Vocabulary();
  EXPECT_TRUE(Make(vocabulary)->AddsBos());
  vocabulary.add_bos_token = false;
  EXPECT_FALSE(Make(vocabulary)->AddsBos());
  vocabulary.add_bos_token = std::nullopt;
  vocabulary.bos_token_id = std::nullopt;
  EXPECT_FALSE(Make(vocabulary)->AddsBos());
}

// The tokenizer.json of the vocabulary, read back, is the same tokenizer.
TEST(SpmTokenizer, ItsTokenizerJsonGivesTheSameIds) {
  for (const bool add_space_prefix : {true, false}) {
    GgufVocabulary vocabulary = Vocabulary();
    vocabulary.add_space_prefix = add_space_prefix;
    const auto json = GgufTokenizerJson(vocabulary);
    ASSERT_TRUE(json.ok()) << json.status().ToString();
    const auto expected = Make(vocabulary);
    const auto actual = MakeHfTokenizer(*json, {}).value();
    EXPECT_TRUE(actual->AddsBos());  // by its post-processor
    EXPECT_EQ(actual->BosId(), 1);
    EXPECT_EQ(actual->VocabSize(), expected->VocabSize());
    for (const std::string text : {"", "ab", "abc", " bc  aaaa", "a<s>a</s>", "[INST]ab@@ba",
                                   "\xC3\xA9\xF0\x9F\xA6\x99\n<unk>", "<0x41>aaaaabcbcab"}) {
      const auto ids = expected->Encode(text, SpecialTokens::kParse);
      EXPECT_EQ(*actual->Encode(text, SpecialTokens::kParse), *ids) << text;
      EXPECT_EQ(*actual->Decode(*ids, true), *expected->Decode(*ids, true)) << text;
    }
  }
}

TEST(SpmTokenizer, RefusesATokenizerJsonThatWouldDiffer) {
  GgufVocabulary vocabulary = Vocabulary();
  vocabulary.token_types[Byte(0xC3)] = 1;  // a byte that other programs would still spell
  vocabulary.tokens[Byte(0xC3)] = "zz";
  EXPECT_EQ(GgufTokenizerJson(vocabulary).status().code(), Code::kUnimplemented);
  vocabulary = Vocabulary();
  vocabulary.scores[260] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(GgufTokenizerJson(vocabulary).status().code(), Code::kDataLoss);
}

// Eight times the bytes may take about eight times the processor time; a quadratic step would show
// as 64.
TEST(SpmTokenizer, TimeIsLinearInTheText) {
  const auto tokenizer = Make(Vocabulary());
  const auto seconds = [&](size_t size) {
    double best = 1e9;
    for (int i = 0; i < 3; ++i) {
      const std::clock_t start = std::clock();
      EXPECT_TRUE(tokenizer->Encode(std::string(size, 'a'), SpecialTokens::kParse).ok());
      best = std::min(best, static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC);
    }
    return best;
  };
  EXPECT_LT(seconds(400'000), 20 * seconds(50'000) + 0.005);
}

}  // namespace
}  // namespace redline::text
