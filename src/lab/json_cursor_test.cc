#include "lab/json_cursor.h"

#include <gtest/gtest.h>

#include <string>

namespace redline::lab {
namespace {

bool IsJson(std::string_view text) {
  JsonCursor cursor(text);
  cursor.Skip();
  return cursor.AtEnd();
}

TEST(JsonCursorTest, TakesJsonOnly) {
  const std::string long_text(100, 'x');
  const std::string valid[] = {"{}",
                               "[]",
                               " [ ] ",
                               "0",
                               "-1.5e+10",
                               "1E5",
                               "true",
                               "null",
                               R"("a\u00e9\n\"")",
                               R"({"a":[1,2,{"b":null}],"c":"d"})",
                               "\"\xC3\xA9\"",
                               "\"" + long_text + "\"",
                               std::string(64, '[') + std::string(64, ']')};
  for (const std::string& text : valid) EXPECT_TRUE(IsJson(text)) << text;
  const std::string invalid[] = {"",
                                 "{",
                                 "[1,]",
                                 "{\"a\":1,}",
                                 "{,}",
                                 "[,1]",
                                 "01",
                                 "-",
                                 "1.",
                                 "1e",
                                 "tru",
                                 "nulls",
                                 "\"",
                                 "\"a\nb\"",
                                 R"("\x")",
                                 R"("\u12g4")",
                                 "\"\xC3\"",
                                 "\"\xFF\"",
                                 "{\"a\"}",
                                 "{\"a\" 1}",
                                 "{1:2}",
                                 "[1 2]",
                                 "[1}",
                                 "{\"a\":1]",
                                 "1 2",
                                 "\"" + long_text,
                                 "\"" + long_text + "\x01\"",
                                 std::string("\"\\\0\"", 4),
                                 std::string(65, '[') + std::string(65, ']')};
  for (const std::string& text : invalid) EXPECT_FALSE(IsJson(text)) << text;
}

TEST(JsonCursorTest, ReadsFields) {
  JsonCursor cursor(R"({"skip":[{"n":9}],"n":12,"b":true,"s":"a\"b","list":[1,-2],"e":{}} )");
  std::string_view key;
  std::string_view text;
  int64_t number = 0;
  int64_t sum = 0;
  bool flag = false;
  for (cursor.EnterObject(); cursor.NextKey(key);) {
    if (key == "n") {
      cursor.Integer(number);
    } else if (key == "b") {
      cursor.Bool(flag);
    } else if (key == "s") {
      cursor.String(text);
    } else if (key == "list") {
      int64_t element = 0;
      for (cursor.EnterArray(); cursor.NextElement();) {
        cursor.Integer(element);
        sum += element;
      }
    } else {
      cursor.Skip();
    }
  }
  EXPECT_TRUE(cursor.AtEnd());
  EXPECT_EQ(number, 12);
  EXPECT_TRUE(flag);
  EXPECT_EQ(text, R"(a\"b)");
  EXPECT_EQ(sum, -1);
}

TEST(JsonCursorTest, HugeNumbersAreClipped) {
  JsonCursor cursor("[99999999999999999999999,-99999999999999999999999]");
  int64_t high = 0;
  int64_t low = 0;
  cursor.EnterArray();
  cursor.NextElement();
  cursor.Integer(high);
  cursor.NextElement();
  cursor.Integer(low);
  EXPECT_EQ(high, std::numeric_limits<int64_t>::max());
  EXPECT_EQ(low, -std::numeric_limits<int64_t>::max());
}

TEST(JsonCursorTest, NumbersThatAreNotWholeAreBeyondAllLimits) {
  struct Case {
    const char* text;
    int64_t value;
  };
  constexpr int64_t kLimit = std::numeric_limits<int64_t>::max();
  for (const Case& c : {Case{"10.0", 10}, Case{"10.9", kLimit}, Case{"1e308", kLimit},
                        Case{"1E-2", kLimit}, Case{"-2.5", -kLimit}}) {
    JsonCursor cursor(c.text);
    int64_t value = 0;
    EXPECT_TRUE(cursor.Integer(value)) << c.text;
    EXPECT_EQ(value, c.value) << c.text;
  }
}

TEST(JsonCursorTest, OtherKindsFail) {
  JsonCursor cursor(R"({"a":"text"})");
  std::string_view key;
  int64_t number = 0;
  cursor.EnterObject();
  ASSERT_TRUE(cursor.NextKey(key));
  EXPECT_FALSE(cursor.Integer(number));
  EXPECT_FALSE(cursor.NextKey(key));
  EXPECT_FALSE(cursor.AtEnd());
}

}  // namespace
}  // namespace redline::lab
