#include "text/golden_test_util.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/files.h"
#include "base/strings.h"

namespace redline::text {
namespace {

using nlohmann::json;

std::string StreamAll(const Tokenizer& tokenizer, const std::vector<TokenId>& ids) {
  StreamDecoder decoder(&tokenizer);
  std::string text;
  for (const TokenId id : ids) {
    const std::string piece = decoder.Push(id);
    EXPECT_TRUE(IsValidUtf8(piece));
    text += piece;
  }
  return text + decoder.Finish();
}

void ExpectCase(const Tokenizer& tokenizer, const json& line) {
  const auto text = line.at("text").get<std::string>();
  const auto ids = line.at("ids").get<std::vector<TokenId>>();
  const auto encoded = tokenizer.Encode(text, SpecialTokens::kParse);
  ASSERT_TRUE(encoded.ok()) << encoded.status().ToString();
  EXPECT_EQ(*encoded, ids) << "text: " << line.at("text").dump();
  if (!line.contains("decoded")) return;
  const auto decoded = line.at("decoded").get<std::string>();
  const auto whole = tokenizer.Decode(ids, /*skip_special=*/true);
  ASSERT_TRUE(whole.ok()) << whole.status().ToString();
  EXPECT_EQ(*whole, decoded);
  EXPECT_EQ(StreamAll(tokenizer, ids), decoded);
}

std::string FileText(const std::filesystem::path& path) {
  const Result<std::string> text = ReadFile(path, uint64_t{256} << 20);
  EXPECT_TRUE(text.ok()) << text.status().ToString();
  return text.ok() ? *text : std::string();
}

std::vector<std::string> SplitBy(std::string_view text, std::string_view separator) {
  std::vector<std::string> parts;
  size_t start = 0;
  for (size_t at; (at = text.find(separator, start)) != std::string_view::npos;) {
    parts.emplace_back(text.substr(start, at - start));
    start = at + separator.size();
  }
  parts.emplace_back(text.substr(start));
  return parts;
}

// GPT-2's stand-in character of each byte, as UTF-8.
std::string ByteCharacter(int byte) {
  const auto printable = [](int b) {
    return (b >= 33 && b <= 126) || (b >= 161 && b <= 172) || b >= 174;
  };
  int code_point = byte;
  if (!printable(byte)) {
    code_point = 256;
    for (int b = 0; b < byte; ++b) code_point += printable(b) ? 0 : 1;
  }
  if (code_point < 0x80) return std::string(1, static_cast<char>(code_point));
  return {static_cast<char>(0xC0 | (code_point >> 6)),
          static_cast<char>(0x80 | (code_point & 0x3F))};
}

json AddedToken(TokenId id, std::string_view content, bool special) {
  return {{"id", id},        {"content", content},  {"single_word", false}, {"lstrip", false},
          {"rstrip", false}, {"normalized", false}, {"special", special}};
}

}  // namespace

void ExpectGolden(const Tokenizer& tokenizer, const std::filesystem::path& jsonl) {
  std::ifstream in(jsonl);
  ASSERT_TRUE(in) << jsonl;
  int num_cases = 0;
  for (std::string line; std::getline(in, line); ++num_cases) {
    ExpectCase(tokenizer, json::parse(line));
  }
  EXPECT_GT(num_cases, 50) << jsonl;
}

void ExpectLlamaCppGolden(const Tokenizer& tokenizer, const std::filesystem::path& base) {
  const auto texts = SplitBy(FileText(base.string() + ".inp"), "\n__ggml_vocab_test__\n");
  const auto lines = SplitBy(FileText(base.string() + ".out"), "\n");
  ASSERT_GE(lines.size(), texts.size());
  for (size_t i = 0; i < texts.size(); ++i) {
    std::istringstream in(lines[i]);
    std::vector<TokenId> ids;
    for (TokenId id; in >> id;) ids.push_back(id);
    const auto encoded = tokenizer.Encode(texts[i], SpecialTokens::kAsText);
    ASSERT_TRUE(encoded.ok()) << encoded.status().ToString();
    EXPECT_EQ(*encoded, ids) << "text: " << json(texts[i]).dump();
  }
}

GgufVocabulary VocabularyFromTokenizerJson(const std::filesystem::path& tokenizer_json,
                                           std::string_view pre) {
  const json root = json::parse(FileText(tokenizer_json));
  GgufVocabulary vocabulary{.model = "gpt2", .pre = std::string(pre)};
  const auto put = [&](size_t id, const std::string& token, int32_t type) {
    if (id >= vocabulary.tokens.size()) vocabulary.tokens.resize(id + 1);
    vocabulary.token_types.resize(vocabulary.tokens.size(), 1);
    vocabulary.tokens[id] = token;
    vocabulary.token_types[id] = type;
  };
  for (const auto& [token, id] : root.at("model").at("vocab").items()) {
    put(id.get<size_t>(), token, 1);
  }
  for (const json& added : root.at("added_tokens")) {
    put(added.at("id").get<size_t>(), added.at("content"), added.at("special") ? 3 : 4);
  }
  for (const json& merge : root.at("model").at("merges")) {
    vocabulary.merges.push_back(merge.is_string() ? merge.get<std::string>()
                                                  : merge.at(0).get<std::string>() + " " +
                                                        merge.at(1).get<std::string>());
  }
  return vocabulary;
}

std::string TinyTokenizerJson() {
  json ids;
  for (int byte = 0; byte < 256; ++byte) ids[ByteCharacter(byte)] = byte;
  for (const char* token : {"he", "ll", "hell", "hello"}) ids[token] = ids.size();
  const json byte_level = {{"type", "ByteLevel"},
                           {"add_prefix_space", false},
                           {"trim_offsets", true},
                           {"use_regex", true}};
  const json root = {
      {"version", "1.0"},
      {"added_tokens", {AddedToken(260, "<|end|>", true), AddedToken(261, "<think>", false)}},
      {"pre_tokenizer", byte_level},
      {"decoder", byte_level},
      {"model", {{"type", "BPE"}, {"vocab", ids}, {"merges", {"h e", "l l", "he ll", "hell o"}}}},
  };
  return root.dump();
}

}  // namespace redline::text
