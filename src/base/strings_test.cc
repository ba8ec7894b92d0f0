#include "base/strings.h"

#include <gtest/gtest.h>

namespace redline {
namespace {

TEST(Strings, Utf8) {
  const std::pair<std::string, bool> cases[] = {
      {"", true},      {"caf\xC3\xA9", true}, {"\xE4\xBD\xA0", true},  {"\xF0\x9F\x98\x80", true},
      {"\xC3", false}, {"\xC0\xAF", false},   {"\xED\xA0\x80", false}, {"\xF4\x90\x80\x80", false},
      {"a\xFF", false}};
  for (const auto& [text, valid] : cases) EXPECT_EQ(IsValidUtf8(text), valid);
  EXPECT_EQ(CompleteUtf8Prefix("a\xE4\xBD"), 1u);
  EXPECT_EQ(CompleteUtf8Prefix("a\xE4\xBD\xA0"), 4u);
  EXPECT_EQ(CompleteUtf8Prefix("\xF0\x9F\x98"), 0u);
}

TEST(Strings, NumbersRefuseTrailersAndOverflow) {
  EXPECT_EQ(ParseInt64("-12"), -12);
  EXPECT_FALSE(ParseInt64("12x"));
  EXPECT_FALSE(ParseInt64("99999999999999999999"));
  EXPECT_FALSE(ParseInt64(""));
}

TEST(Strings, NearestName) {
  const std::vector<std::string> names = {"deploy", "describe", "delete"};
  EXPECT_EQ(DidYouMean("deply", names), "; did you mean \"deploy\"?");
  EXPECT_EQ(DidYouMean("desc", names), "; did you mean \"describe\"?");
  EXPECT_EQ(DidYouMean("xyzzy", names), "");
}

TEST(Strings, EscapesWhatCouldForgeALine) {
  const std::pair<std::string, std::string> cases[] = {
      {"a\nb\x1b[31m", "a\\nb\\x1b[31m"},
      {"\t\x7f", "\\t\\x7f"},
      {"\u009b31m \u0080\u009f\u00a0", "\\u009b31m \\u0080\\u009f\u00a0"},
      {"\u202a\u202egpj\u202c\u2029\u202f", "\\u202a\\u202egpj\\u202c\u2029\u202f"},
      {"\u2065\u2066\u2069\u206a", "\u2065\\u2066\\u2069\u206a"},
      {"\x9b"
       "31m\xff",
       "\\x9b31m\\xff"},
      {"\xe2\x80", "\\xe2\\x80"},
      {"caf\u00e9 \u65e5\u672c \U0001F600", "caf\u00e9 \u65e5\u672c \U0001F600"}};
  for (const auto& [text, escaped] : cases) EXPECT_EQ(EscapeControl(text), escaped);
}

TEST(Strings, Formats) {
  EXPECT_EQ(FormatBytes(512), "512 B");
  EXPECT_EQ(FormatBytes(1536), "1.5 KiB");
  EXPECT_EQ(FormatDuration(0.25), "250ms");
  EXPECT_EQ(FormatDuration(95), "1m35s");
}

TEST(Strings, Sha256) {
  EXPECT_EQ(Sha256Hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_TRUE(ConstantTimeEqual("key", "key"));
  EXPECT_FALSE(ConstantTimeEqual("key", "kez"));
}

TEST(Strings, ExcerptIsShortWholeAndEscaped) {
  EXPECT_EQ(Excerpt("short"), "short");
  EXPECT_EQ(Excerpt(std::string(100, 'x'), 10), "xxxxxxxxxx...");
  EXPECT_EQ(Excerpt("\u65e5\u672c", 4), "\u65e5...") << "no character is cut in two";
  EXPECT_EQ(Excerpt("a\nb", 80).find('\n'), std::string::npos);
}

}  // namespace
}  // namespace redline
