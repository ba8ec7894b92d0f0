#include "platform/fetch/url_policy.h"

#include <gtest/gtest.h>

namespace redline::platform {
namespace {

TEST(UrlPolicyTest, LocationsAreMadeAbsolute) {
  const struct {
    std::string url;
    std::string location;
    std::string expected;
  } cases[] = {
      {"https://hub/a/b?q=1", "https://cdn/x?sig=1", "https://cdn/x?sig=1"},
      {"https://hub/a/b?q=1", "/c/d", "https://hub/c/d"},
      {"https://hub/a/b?q=/", "c", "https://hub/a/c"},
      {"https://hub", "c", "https://hub/c"},
      {"https://hub", "/c", "https://hub/c"},
      {"https://hub/a", "//cdn/x", "https://cdn/x"},
      {"https://hub/a", "file:///etc/passwd", "file:///etc/passwd"},
      {"https://hub/a", "x/y?to=http://z", "https://hub/x/y?to=http://z"},
  };
  for (const auto& each : cases)
    EXPECT_EQ(*ResolveLocation(each.url, each.location), each.expected) << each.location;
  EXPECT_FALSE(ResolveLocation("https://hub/a", "").ok());
}

TEST(UrlPolicyTest, RedirectsThatAreRefused) {
  const std::string public_hub = "https://8.8.8.8";
  const std::string local_mirror = "http://127.0.0.1:8000";
  const struct {
    std::string endpoint;
    std::string url;
    bool allowed;
  } cases[] = {
      {public_hub, "https://8.8.8.8/other", true},
      {public_hub, "https://8.8.8.8:8443/other", true},
      {public_hub, "https://1.1.1.1/x", true},
      {public_hub, "http://8.8.8.8/x", false},
      {public_hub, "http://1.1.1.1/x", false},
      {public_hub, "file:///etc/passwd", false},
      {public_hub, "unix:/run/x.sock:/", false},
      {public_hub, "ftp://1.1.1.1/x", false},
      {public_hub, "https://127.0.0.1/x", false},
      {public_hub, "https://localhost/x", false},
      {public_hub, "https://10.1.2.3/x", false},
      {public_hub, "https://172.31.0.1/x", false},
      {public_hub, "https://192.168.1.1/x", false},
      {public_hub, "https://100.64.0.1/x", false},
      {public_hub, "https://169.254.169.254/latest/meta-data", false},
      {public_hub, "https://0.0.0.0/x", false},
      {public_hub, "https://224.0.0.1/x", false},
      {public_hub, "https://2130706433/x", false},  // 127.0.0.1 as one number
      {public_hub, "https://[::1]/x", false},
      {public_hub, "https://[fe80::1]/x", false},
      {public_hub, "https://[fd00::1]/x", false},
      {public_hub, "https://[::ffff:127.0.0.1]/x", false},
      {public_hub, "https://[64:ff9b::7f00:1]/x", false},
      {public_hub, "https://[2002:7f00:1::]/x", false},
      {local_mirror, "http://127.0.0.1:9000/x", true},
      {local_mirror, "https://10.0.0.1/x", true},
      {local_mirror, "https://1.1.1.1/x", true},
      {local_mirror, "http://10.0.0.1/x", false},
      {local_mirror, "http://169.254.169.254/x", false},
      {local_mirror, "https://169.254.169.254/x", false},
      {local_mirror, "file:///etc/passwd", false},
  };
  for (const auto& each : cases)
    EXPECT_EQ(CheckRedirect(each.endpoint, each.url).ok(), each.allowed)
        << each.endpoint << " -> " << each.url;
}

TEST(UrlPolicyTest, OriginIsSchemeHostAndPort) {
  EXPECT_TRUE(SameOrigin("https://hub/a", "https://HUB:443/b"));
  EXPECT_FALSE(SameOrigin("https://hub/a", "http://hub/a"));
  EXPECT_FALSE(SameOrigin("https://hub/a", "https://hub:444/a"));
  EXPECT_FALSE(SameOrigin("https://hub/a", "https://hub.evil.com/a"));
  EXPECT_FALSE(SameOrigin("https://hub/a", "https://hub@evil.com/a"));
}

TEST(UrlPolicyTest, PercentEncoding) {
  EXPECT_EQ(PercentEncode("a b/c?d#e%", true), "a%20b/c%3Fd%23e%25");
  EXPECT_EQ(PercentEncode("refs/pr/1", false), "refs%2Fpr%2F1");
}

}  // namespace
}  // namespace redline::platform
