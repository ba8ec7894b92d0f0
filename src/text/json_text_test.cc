#include "text/json_text.h"

#include <gtest/gtest.h>

namespace redline::text {
namespace {

JsonText Checked(std::string_view text) {
  const auto json = JsonText::Check(text);
  EXPECT_TRUE(json.ok()) << json.status().ToString();
  return *json;
}

// Each pair was printed by Python 3.11.
TEST(JsonTextTest, PrintsAsPythonDoes) {
  const std::pair<const char*, const char*> cases[] = {
      {" null ", "null"},
      {"[true,false]", "[true, false]"},
      {"{}", "{}"},
      {R"({"b":1,"a":{"c":[]},"é":"\u00e9\u0001\/\"\\\n\t\b\f\u007f"})",
       "{\"b\": 1, \"a\": {\"c\": []}, \"é\": \"é\\u0001/\\\"\\\\\\n\\t\\b\\f\x7F\"}"},
      {"[0,-0,-1,123456789012345678901234567890]", "[0, 0, -1, 123456789012345678901234567890]"},
      {"[0.0,-0.0,1.0,1.5,1e2,1E+2,100000e-5]", "[0.0, -0.0, 1.0, 1.5, 100.0, 100.0, 1.0]"},
      {"[1e15,1e16,1e17,123456789.125e7]",
       "[1000000000000000.0, 1e+16, 1e+17, 1234567891250000.0]"},
      {"[0.0001,0.00001,1.5e-7,5e-324]", "[0.0001, 1e-05, 1.5e-07, 5e-324]"},
      {"[0.1,0.30000000000000004,1.7976931348623157e308]",
       "[0.1, 0.30000000000000004, 1.7976931348623157e+308]"},
      {"\"\\ud83d\\ude00\"", "\"😀\""},
  };
  for (const auto& [text, python] : cases) EXPECT_EQ(Checked(text).Python(), python);
}

TEST(JsonTextTest, MembersKeepTheirOrder) {
  const auto members = Checked(R"( {"z" : [1, "}" ] , "a":"\u0062","m":{"}":"\""} } )").Members();
  ASSERT_EQ(members.size(), 3u);
  EXPECT_EQ(members[0].key, "z");
  ASSERT_EQ(members[0].value.Items().size(), 2u);
  EXPECT_EQ(members[0].value.Items()[1].String(), "}");
  EXPECT_EQ(members[1].key, "a");
  EXPECT_EQ(members[1].value.String(), "b");
  EXPECT_EQ(members[2].value.text(), R"({"}":"\""})");
  EXPECT_TRUE(Checked("{}").Members().empty());
  EXPECT_TRUE(Checked("[ ]").Items().empty());
}

TEST(JsonTextTest, RefusesWhatIsNoJson) {
  for (const std::string& text :
       {std::string(), std::string("{"), std::string("[1,]"), std::string(R"({"a":1,"a":2})"),
        std::string(1000, '['), std::string("\"\\ud800\""), std::string("nul")})
    EXPECT_EQ(JsonText::Check(text).status().code(), Code::kInvalidArgument) << text;
}

}  // namespace
}  // namespace redline::text
