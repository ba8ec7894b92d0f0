#include "backends/vllm/flexible_words.h"

#include <gtest/gtest.h>

#include "base/strings.h"

namespace redline::backends::vllm {
namespace {

struct Case {
  std::vector<std::string> given;
  std::vector<std::string> words;
  std::vector<std::string> repeated = {};
};

TEST(FlexibleWordsTest, WordsAsTheParserGetsThem) {
  const Case cases[] = {
      {{"--max_model_len", "a_b"}, {"--max-model-len", "a_b"}},
      {{"--max_model_len=a_b"}, {"--max-model-len=a_b"}},
      {{"-O3"}, {"--optimization-level", "3"}},
      {{"-O=2"}, {"--optimization-level", "2"}},
      {{"-O", "1"}, {"--optimization-level", "1"}},
      {{"-O", "5"}, {"-O", "5"}},
      {{"-Ofast"}, {"--optimization-level", "fast"}},
      {{"--help=model"}, {"--help"}},
      {{"--a.b", "1", "--a.c", "x"}, {"--a", R"({"b":1,"c":"x"})"}},
      {{"--json_arg.some_key.other=true"}, {"--json-arg", R"({"some_key":{"other":true}})"}},
      {{"--a.l+", "x,y", "--a.l+=z"}, {"--a", R"({"l":["x","y","z"]})"}},
      {{"-cc.mode=0", "-tp", "2"}, {"-tp", "2", "-cc", R"({"mode":0})"}},
      {{"--x=1.5"}, {"--x=1.5"}},
      {{"--a.b", "1", "--a.b", "2"}, {"--a", R"({"b":2})"}, {"--a.b"}},
      {{"--tp", "1", "--tp", "2"}, {"--tp", "1", "--tp", "2"}, {"--tp"}},
  };
  for (const Case& each : cases) {
    SCOPED_TRACE(Join(each.given, " "));
    const auto flexible = ToFlexibleWords(each.given);
    ASSERT_TRUE(flexible.ok()) << flexible.status().message();
    EXPECT_EQ(each.words, flexible->words);
    EXPECT_EQ(each.repeated, flexible->repeated);
  }
}

TEST(FlexibleWordsTest, ADottedKeyNeedsAValue) {
  const auto flexible = ToFlexibleWords(std::vector<std::string>{"--a.b"});
  ASSERT_FALSE(flexible.ok());
  EXPECT_EQ("--a.b", flexible.status().param());
}

}  // namespace
}  // namespace redline::backends::vllm
