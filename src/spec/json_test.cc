#include "spec/json.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace redline::spec {
namespace {

TEST(ParseJson, AcceptsWhatJsonAllows) {
  for (const char* text : {"{}", "[]", "null", "\"x\"", "{\"a\": {\"a\": 1}, \"b\": [1, 2.5]}"}) {
    EXPECT_TRUE(ParseJson(text).ok()) << text;
  }
}

TEST(ParseJson, RefusesHostileText) {
  const struct {
    std::string text;
    const char* reason;
  } cases[] = {
      {"", "not valid JSON"},
      {"{", "not valid JSON"},
      {"{} x", "not valid JSON"},
      {"[1e400]", "not valid JSON"},
      {"[NaN]", "not valid JSON"},
      {"\"\xff\"", "not valid JSON"},
      {"\"\\ud800\"", "not valid JSON"},
      {std::string(100000, '['), ""},
      {std::string(100, '[') + std::string(100, ']'), "nested deeper"},
      {"{\"a\": 1, \"b\": 2, \"a\": 3}", "\"a\" twice"},
      {"{\"x\": {\"a\": 1, \"a\": 1}}", "\"a\" twice"},
  };
  for (const auto& test : cases) {
    const auto parsed = ParseJson(test.text);
    ASSERT_FALSE(parsed.ok()) << test.text.substr(0, 50);
    EXPECT_EQ(parsed.status().code(), Code::kInvalidArgument);
    EXPECT_NE(parsed.status().message().find(test.reason), std::string::npos)
        << parsed.status().message();
  }
}

TEST(DumpJson, ReplacesBytesThatAreNotUtf8) {
  EXPECT_EQ(DumpJson(nlohmann::json("a\xff")), "\"a\xef\xbf\xbd\"");
}

}  // namespace
}  // namespace redline::spec
