#include "openai/raw_json.h"

#include <gtest/gtest.h>

namespace redline::openai {
namespace {

constexpr std::string_view kText = R"( { "a" : [1, {"b]":"\"}"} ,[ ]], "\u0063":-1.5e3,
  "d":"x\\", "e" : {"z":1,"a" : null} } )";

TEST(RawJson, FindsMembersAsWritten) {
  EXPECT_EQ(RawMember(kText, "a"), R"([1, {"b]":"\"}"} ,[ ]])");
  EXPECT_EQ(RawMember(kText, "c"), "-1.5e3");
  EXPECT_EQ(RawMember(kText, "d"), R"("x\\")");
  EXPECT_EQ(RawMember(kText, "e"), R"({"z":1,"a" : null})");
  EXPECT_EQ(RawMember(RawMember(kText, "e"), "a"), "null");
  EXPECT_EQ(RawMember(kText, "z"), "");
  EXPECT_EQ(RawMember("[1]", "a"), "");
  EXPECT_EQ(RawMember("{}", "a"), "");
}

TEST(RawJson, SplitsArrays) {
  EXPECT_EQ(RawElements(RawMember(kText, "a")),
            (std::vector<std::string_view>{"1", R"({"b]":"\"}"})", "[ ]"}));
  EXPECT_TRUE(RawElements("[]").empty());
  EXPECT_TRUE(RawElements("[ ]").empty());
  EXPECT_TRUE(RawElements("{}").empty());
}

TEST(RawJson, StopsAtTheEndOfBrokenText) {
  for (size_t length = 0; length < kText.size(); ++length) {
    RawMember(kText.substr(0, length), "zz");
    RawElements(kText.substr(length));
  }
}

}  // namespace
}  // namespace redline::openai
