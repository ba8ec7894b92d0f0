#include "net/target.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace redline::net {
namespace {

struct Case {
  std::string target;
  std::string path;
};

TEST(ParseTarget, EverySpellingGivesOnePath) {
  const std::vector<Case> cases = {
      {"/", "/"},
      {"/v1/models", "/v1/models"},
      {"//v1/models", "/v1/models"},
      {"/v1//models", "/v1/models"},
      {"/v1/./models", "/v1/models"},
      {"/v1/x/../models", "/v1/models"},
      {"/v1/%2e%2E/api", "/api"},
      {"/%76%31/models", "/v1/models"},
      {"/v1%2Fmodels", "/v1/models"},
      {"/v1/models/", "/v1/models/"},
      {"/v1/models/.", "/v1/models/"},
      {"/v1/models/..", "/v1/"},
      {"/v1/models?a=b", "/v1/models"},
      {"/v1/models#x", "/v1/models"},
      {"/V1/Models", "/V1/Models"},
      {"/v1/models.", "/v1/models."},
      {"/%C3%A4", "/\xC3\xA4"},
      {"http://example.com/v1/../api", "/api"},
      {"HTTP://example.com", "/"},
      {"https://example.com:1/x?y", "/x"},
      {"/%252e%252e/x", "/%2e%2e/x"},  // decoded once
  };
  for (const Case& test : cases) {
    const auto target = ParseTarget(test.target);
    ASSERT_TRUE(target.ok()) << test.target << ": " << target.status().ToString();
    EXPECT_EQ(target->path, test.path) << test.target;
  }
}

TEST(ParseTarget, Refuses) {
  for (const char* target :
       {"",      "v1",       "*",       "/..",       "/../v1",      "/v1/../../x",  "/%",
        "/%4",   "/%zz",     "/a%00b",  "/%0d%0a",   "/%FF",        "/%C0%AF",      "/?a=%",
        "/?%00", "ftp://x/", "http://", "http:///x", "http://u@h/", "localhost:80", "/%7f"}) {
    EXPECT_EQ(ParseTarget(target).status().code(), Code::kInvalidArgument) << target;
  }
}

TEST(ParseTarget, Query) {
  const auto target = ParseTarget("/x?a=1&b=x+y%26z&a=2&flag&=v&c=a=b&&");
  ASSERT_TRUE(target.ok());
  EXPECT_EQ(target->raw_query, "a=1&b=x+y%26z&a=2&flag&=v&c=a=b&&");
  EXPECT_EQ(target->query, (std::map<std::string, std::string>{
                               {"a", "1"}, {"b", "x y&z"}, {"flag", ""}, {"", "v"}, {"c", "a=b"}}));
  EXPECT_EQ(ParseTarget("http://host:9/p")->authority, "host:9");
}

TEST(PercentEncodePath, RoundTrips) {
  EXPECT_EQ(PercentEncodePath("/a b/\xC3\xA4?#%"), "/a%20b/%C3%A4%3F%23%25");
  EXPECT_EQ(*PercentDecode(PercentEncodePath("/a b?%25")), "/a b?%25");
}

}  // namespace
}  // namespace redline::net
