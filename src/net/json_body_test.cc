#include "net/json_body.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace redline::net {
namespace {

std::string Nested(int depth) { return std::string(depth, '[') + std::string(depth, ']'); }

TEST(ParseJson, RefusesWhatIsNotJson) {
  using namespace std::string_literals;
  const std::vector<std::string> cases = {
      "",
      " ",
      "{",
      "{\"a\":}",
      "[1,]",
      "NaN",
      "[Infinity]",
      "-",
      "01",
      "1e400",
      "'a'",
      "{\"a\":1}x",
      "// c\n1",
      "[1]\0"s,
      "{}\0{}"s,
      "\"a\0b\""s,
      "\"\xFF\"",
      "\"\xC3\"",
      "\"\\ud800\"",
      "\"\\udc00\\ud800\"",
      "\"\\x\"",
      "\"\xED\xA0\x80\"",
      "{\"a\":1,\"a\":2}",
      "{\"a\":{\"b\":1,\"b\":1}}",
      "tru",
      "\"\n\"",
      std::string(100000, '['),
      Nested(129),
  };
  for (const std::string& text : cases) {
    const Status status = ParseJson(text).status();
    EXPECT_EQ(status.code(), Code::kInvalidArgument) << text.substr(0, 40);
    EXPECT_LT(status.message().size(), 300u) << text.substr(0, 40);
  }
}

TEST(ParseJson, ReadsWhatIsJson) {
  const auto json = ParseJson(R"({"a":[1,-2,3.5,true,null,"\ud83d\ude00"],"b":{"a":{}}})");
  ASSERT_TRUE(json.ok()) << json.status().ToString();
  EXPECT_EQ((*json)["a"][1], -2);
  EXPECT_EQ((*json)["a"][5], "\xF0\x9F\x98\x80");
  EXPECT_EQ((*json)["b"]["a"], nlohmann::json::object());
  EXPECT_TRUE(ParseJson(Nested(128)).ok());
  EXPECT_EQ(ParseJson("18446744073709551615")->get<uint64_t>(), UINT64_MAX);
}

TEST(ParseJson, HoldsItsLimits) {
  EXPECT_EQ(ParseJson("[1,2,3]", {.max_bytes = 6}).status().code(), Code::kTooLarge);
  EXPECT_FALSE(ParseJson("[1,2,3]", {.max_values = 3}).ok());
  EXPECT_TRUE(ParseJson("[1,2,3]", {.max_values = 4}).ok());
  EXPECT_FALSE(ParseJson("[[1]]", {.max_depth = 1}).ok());
}

TEST(ParseJson, ObjectsOnlyWhereAsked) {
  EXPECT_TRUE(ParseJsonObject("{}").ok());
  EXPECT_NE(ParseJsonObject("[]").status().message().find("must be a JSON object"),
            std::string::npos);
}

TEST(JsonString, IsAlwaysValid) {
  EXPECT_EQ(JsonString("a\"\\\n\x01\x7F"), "\"a\\\"\\\\\\n\\u0001\\u007f\"");
  EXPECT_EQ(JsonString("\xC3\xA4\xFF\xE2\x82"), "\"\xC3\xA4\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"");
  for (int first = 0; first < 256; ++first) {
    for (int second = 0; second < 256; second += 5) {
      const std::string bytes = {static_cast<char>(first), static_cast<char>(second), 'z'};
      EXPECT_TRUE(ParseJson(JsonString(bytes)).ok()) << first << " " << second;
    }
  }
}

}  // namespace
}  // namespace redline::net
