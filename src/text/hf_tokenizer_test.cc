#include "text/hf_tokenizer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <nlohmann/json.hpp>
#include <random>
#include <thread>

#include "base/files.h"
#include "text/golden_test_util.h"

namespace redline::text {
namespace {

namespace fs = std::filesystem;

// Skips loudly: without the file, nothing of the case below has been tested.
#define SKIP_WITHOUT(path)                                                                   \
  if (!fs::exists(path))                                                                     \
  GTEST_SKIP() << "NOT TESTED: " << (path) << " is absent; scripts/fetch_test_data.sh gets " \
               << "published tokenizers"

struct Published {
  const char* name;
  const char* golden;
  const char* llama_cpp_golden;
  bool adds_bos;
};

std::ostream& operator<<(std::ostream& out, const Published& p) { return out << p.name; }

class PublishedTokenizer : public ::testing::TestWithParam<Published> {
 protected:
  static fs::path Path() { return fs::path(kTestDataDir) / GetParam().name / "tokenizer.json"; }
};

TEST_P(PublishedTokenizer, MatchesGolden) {
  SKIP_WITHOUT(Path());
  const fs::path golden = fs::path(kGoldenDir) / GetParam().golden;
  SKIP_WITHOUT(golden);
  const auto tokenizer = LoadHfTokenizer(Path());
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.status().ToString();
  EXPECT_EQ((*tokenizer)->AddsBos(), GetParam().adds_bos);
  ExpectGolden(**tokenizer, golden);
  if (GetParam().llama_cpp_golden != nullptr) {
    ExpectLlamaCppGolden(**tokenizer, fs::path(kGoldenDir) / GetParam().llama_cpp_golden);
  }
}

INSTANTIATE_TEST_SUITE_P(
    HfTokenizer, PublishedTokenizer,
    ::testing::Values(Published{"deepseek_v3", "hf_golden_deepseek_v3.jsonl", nullptr, true},
                      Published{"qwen2_5", "hf_golden_qwen2_5.jsonl", "ggml-vocab-qwen2.gguf",
                                false},
                      Published{"gpt2", "hf_golden_gpt2.jsonl", "ggml-vocab-gpt-2.gguf", false}),
    [](const auto& param_info) { return std::string(param_info.param.name); });

// An added token that never occurs but asks for what the fast path of text/bridge does not do, so
// that `tokenizers` itself encodes.
std::string WithoutFastPath(const fs::path& tokenizer_json) {
  const auto text = ReadFile(tokenizer_json);
  EXPECT_TRUE(text.ok()) << text.status().ToString();
  nlohmann::json root = nlohmann::json::parse(*text);
  nlohmann::json& added = root["added_tokens"];
  int64_t last = static_cast<int64_t>(root["model"]["vocab"].size()) - 1;
  for (const nlohmann::json& token : added) last = std::max(last, token["id"].get<int64_t>());
  nlohmann::json token = added.empty() ? nlohmann::json::object() : added.back();
  token["id"] = last + 1;
  token["content"] = "\x01 never \x01";
  token["single_word"] = true;
  added.push_back(token);
  return root.dump();
}

// Words, digits, spaces, scripts, marks and control tokens in random order, the same in every run.
std::vector<std::string> RandomTexts(int count) {
  const std::vector<std::string> parts = {"a",
                                          "B",
                                          "the",
                                          " ",
                                          "  ",
                                          "\n",
                                          "\r\n",
                                          "\t",
                                          "'s",
                                          "'LL",
                                          "1",
                                          "23",
                                          "4567",
                                          "½",
                                          "٣",
                                          ".",
                                          "...",
                                          "!?",
                                          "$",
                                          "你好",
                                          "世界",
                                          "かな",
                                          "カナ",
                                          "한국",
                                          "Привет",
                                          "é",
                                          "e\u0301",
                                          "\u0301",
                                          "ﬁ",
                                          "Å",
                                          "🦙",
                                          "👩‍👩‍👧",
                                          "\u00a0",
                                          "\u200b",
                                          "\u3000",
                                          "\x01",
                                          "<|im_end|>",
                                          "<｜User｜>",
                                          "<think>",
                                          "<|",
                                          "<｜end",
                                          "|>",
                                          "_",
                                          "`",
                                          "{\"k\": [1, 2]}",
                                          "https://a.b/c?d=e"};
  std::mt19937 random(42);
  std::vector<std::string> texts(count);
  for (std::string& text : texts) {
    for (int i = static_cast<int>(random() % 40); i >= 0; --i)
      text += parts[random() % parts.size()];
  }
  return texts;
}

// Texts that are one piece, or few: merged by another algorithm from 4,096 bytes on.
std::vector<std::string> LongTexts() {
  std::vector<std::string> texts;
  for (const std::string unit : {"a", " ", "\n", "=", "ab", "abcdefghijklmnopqrstuvwxyz", "你好",
                                 "thequickbrownfox", "\u0301", "e\u0301"}) {
    std::string text;
    while (text.size() < 9'001) text += unit;
    texts.push_back(text);
  }
  std::mt19937 random(7);
  for (const int alphabet : {2, 5, 26}) {
    std::string text;
    while (text.size() < 20'000) text += static_cast<char>('a' + random() % alphabet);
    texts.push_back(text);
  }
  return texts;
}

TEST_P(PublishedTokenizer, FastPathEqualsTokenizers) {
  SKIP_WITHOUT(Path());
  const auto fast = LoadHfTokenizer(Path());
  const auto reference = MakeHfTokenizer(WithoutFastPath(Path()), {});
  ASSERT_TRUE(fast.ok() && reference.ok());
  std::vector<std::string> texts = RandomTexts(200);
  std::ranges::move(LongTexts(), std::back_inserter(texts));
  for (const std::string& text : texts) {
    for (const SpecialTokens special : {SpecialTokens::kParse, SpecialTokens::kAsText}) {
      const auto ids = (*fast)->Encode(text, special);
      ASSERT_TRUE(ids.ok()) << ids.status().ToString();
      ASSERT_EQ(*ids, *(*reference)->Encode(text, special)) << "text: " << text.substr(0, 200);
    }
  }
}

class TinyTokenizer : public ::testing::Test {
 protected:
  void SetUp() override {
    auto made = MakeHfTokenizer(TinyTokenizerJson(), {.bos_id = 260, .adds_bos = true});
    ASSERT_TRUE(made.ok()) << made.status().ToString();
    tokenizer_ = std::move(*made);
  }
  std::vector<TokenId> Encode(std::string_view text, SpecialTokens special) const {
    const auto ids = tokenizer_->Encode(text, special);
    EXPECT_TRUE(ids.ok()) << ids.status().ToString();
    return ids.ok() ? *ids : std::vector<TokenId>{};
  }
  std::unique_ptr<Tokenizer> tokenizer_;
};

TEST_F(TinyTokenizer, MergesAndNeverAddsBos) {
  EXPECT_EQ(Encode("hello", SpecialTokens::kParse), (std::vector<TokenId>{259}));
  EXPECT_EQ(Encode("", SpecialTokens::kParse), (std::vector<TokenId>{}));
  EXPECT_EQ(Encode(std::string_view("a\0b", 3), SpecialTokens::kParse),
            (std::vector<TokenId>{'a', 0, 'b'}));
  EXPECT_TRUE(tokenizer_->AddsBos());
  EXPECT_EQ(tokenizer_->BosId(), 260);
  EXPECT_EQ(tokenizer_->VocabSize(), 262);
}

TEST_F(TinyTokenizer, ControlTokensInTextOfUnknownOrigin) {
  EXPECT_EQ(Encode("<|end|>", SpecialTokens::kParse), (std::vector<TokenId>{260}));
  EXPECT_EQ(Encode("<think>", SpecialTokens::kParse), (std::vector<TokenId>{261}));
  EXPECT_EQ(Encode("<|end|>", SpecialTokens::kAsText).size(), 7u);
  EXPECT_EQ(Encode("<think>", SpecialTokens::kAsText).size(), 7u);
}

TEST_F(TinyTokenizer, DecodesAndNamesTokens) {
  const std::vector<TokenId> ids = {260, 259, 261, 0xE4};
  EXPECT_EQ(*tokenizer_->Decode(ids, true), "hello<think>\xEF\xBF\xBD");
  EXPECT_EQ(*tokenizer_->Decode(ids, false), "<|end|>hello<think>\xEF\xBF\xBD");
  EXPECT_EQ(tokenizer_->TokenBytes(0xE4), "\xE4");
  EXPECT_EQ(tokenizer_->TokenToId("hell"), 258);
  EXPECT_EQ(tokenizer_->TokenToId("absent"), std::nullopt);
  EXPECT_TRUE(tokenizer_->IsSpecial(260));
  EXPECT_FALSE(tokenizer_->IsSpecial(261));
}

TEST_F(TinyTokenizer, BadInputIsAnError) {
  EXPECT_EQ(tokenizer_->Encode("a\xFFz", SpecialTokens::kParse).status().code(),
            Code::kInvalidArgument);
  for (const TokenId id : {-1, 262, 1 << 30}) {
    EXPECT_EQ(tokenizer_->Decode(std::vector<TokenId>{id}, true).status().code(),
              Code::kInvalidArgument);
    EXPECT_EQ(tokenizer_->TokenBytes(id), "");
    EXPECT_FALSE(tokenizer_->IsSpecial(id));
  }
}

TEST_F(TinyTokenizer, UsableFromManyThreads) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([this] {
      for (int i = 0; i < 200; ++i) {
        EXPECT_EQ(Encode("hello hell", SpecialTokens::kParse).size(), 3u);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

// Eight times the bytes may take about eight times the processor time; a quadratic step would show
// as 64.
TEST_F(TinyTokenizer, TimeIsLinearInTheText) {
  const auto seconds = [&](const std::string& text) {
    double best = 1e9;
    for (int i = 0; i < 3; ++i) {
      const std::clock_t start = std::clock();
      EXPECT_FALSE(Encode(text, SpecialTokens::kParse).empty());
      best = std::min(best, static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC);
    }
    return best;
  };
  const size_t size = 25'000;
  for (const std::string& unit : {std::string("a"), std::string(" "), std::string("hello"),
                                  std::string("\n"), std::string("<|end|>")}) {
    std::string text;
    while (text.size() < size) text += unit;
    std::string eight;
    for (int i = 0; i < 8; ++i) eight += text;
    EXPECT_LT(seconds(eight), 20 * seconds(text) + 0.005) << "unit: " << unit;
  }
}

// Every damaged file is kDataLoss: never a crash, never another code.
TEST(HfTokenizer, DamagedFiles) {
  const std::string good = TinyTokenizerJson();
  const auto replaced = [&](std::string_view from, std::string_view to) {
    std::string text = good;
    const size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return text.replace(at, from.size(), to);
  };
  std::vector<std::string> damaged = {
      "",
      "{}",
      "null",
      "[]",
      "\"x\"",
      "{\"model\": 3}",
      std::string(2000, '['),
      "\xFF\xFE",
      replaced("\"BPE\"", "\"Unheard\""),
      replaced("\"id\":260", "\"id\":4000000000"),
      replaced("\"id\":260", "\"id\":99999999999999999999"),
      replaced("\"id\":260", "\"id\":-5"),
      replaced("\"id\":260", "\"id\":\"x\""),
      replaced("\"content\":\"<|end|>\"", "\"content\":7"),
      replaced("\"h e\"", "\"h zebra\""),
      replaced("\"h e\"", "\"he\""),
      replaced("\"hello\":259", "\"hello\":4294967295"),
      replaced("\"merges\":[", "\"merges\":[[],"),
      replaced("\"pre_tokenizer\":{",
               "\"pre_tokenizer\":{\"type\":\"Split\",\"pattern\":{\"Regex\":\"(\"},"
               "\"behavior\":\"Isolated\",\"invert\":false},\"x\":{"),
  };
  for (size_t cut = 1; cut < good.size(); cut += 97) damaged.push_back(good.substr(0, cut));
  for (const std::string& text : damaged) {
    const auto made = MakeHfTokenizer(text, {});
    if (made.ok()) {
      ADD_FAILURE() << "accepted case " << (&text - damaged.data());
    } else {
      EXPECT_EQ(made.status().code(), Code::kDataLoss) << made.status().ToString();
    }
  }
}

class TokenizerDirectory : public ::testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/redline-text-XXXXXX";
    ASSERT_NE(mkdtemp(name), nullptr);
    root_ = name;
    Write("tokenizer.json", TinyTokenizerJson());
  }
  void TearDown() override { fs::remove_all(root_); }
  void Write(const char* name, const std::string& text) { std::ofstream(root_ / name) << text; }
  fs::path root_;
};

TEST_F(TokenizerDirectory, ConfigNamesBosAndEos) {
  Write("tokenizer_config.json", R"({"bos_token": {"content": "<|end|>"}, "eos_token": "<think>",
                                     "add_bos_token": true})");
  const auto tokenizer = LoadHfTokenizer(root_ / "tokenizer.json");
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.status().ToString();
  EXPECT_EQ((*tokenizer)->BosId(), 260);
  EXPECT_EQ((*tokenizer)->EosId(), 261);
  EXPECT_TRUE((*tokenizer)->AddsBos());
}

TEST_F(TokenizerDirectory, NoConfigNoBos) {
  const auto tokenizer = LoadHfTokenizer(root_ / "tokenizer.json");
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.status().ToString();
  EXPECT_EQ((*tokenizer)->BosId(), std::nullopt);
  EXPECT_FALSE((*tokenizer)->AddsBos());
}

TEST_F(TokenizerDirectory, PostProcessorNamesBos) {
  std::string json = TinyTokenizerJson();
  json.insert(1, R"("post_processor": {"type": "TemplateProcessing",
      "single": [{"SpecialToken": {"id": "<|end|>", "type_id": 0}},
                 {"Sequence": {"id": "A", "type_id": 0}}],
      "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
      "special_tokens": {"<|end|>": {"id": "<|end|>", "ids": [260], "tokens": ["<|end|>"]}}},)");
  Write("tokenizer.json", json);
  const auto tokenizer = LoadHfTokenizer(root_ / "tokenizer.json");
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.status().ToString();
  EXPECT_EQ((*tokenizer)->BosId(), 260);
  EXPECT_TRUE((*tokenizer)->AddsBos());
  EXPECT_EQ((*tokenizer)->Encode("hello", SpecialTokens::kParse)->size(), 1u);
}

TEST_F(TokenizerDirectory, AbsentAndDamagedFiles) {
  EXPECT_EQ(LoadHfTokenizer(root_ / "absent.json").status().code(), Code::kNotFound);
  Write("tokenizer_config.json", "[");
  EXPECT_EQ(LoadHfTokenizer(root_ / "tokenizer.json").status().code(), Code::kDataLoss);
}

}  // namespace
}  // namespace redline::text
