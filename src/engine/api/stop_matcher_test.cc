#include "engine/api/stop_matcher.h"

#include <gtest/gtest.h>

namespace redline::engine {
namespace {

struct Outcome {
  std::string text;
  bool found = false;
  bool operator==(const Outcome&) const = default;
};

// Pushes `text` cut at the positions whose bits are set in `cuts`.
Outcome MatchInPieces(const std::vector<std::string>& stops, const std::string& text,
                      uint32_t cuts) {
  StopMatcher matcher(stops);
  Outcome outcome;
  size_t start = 0;
  for (size_t end = 1; end <= text.size(); ++end) {
    if (end < text.size() && ((cuts >> (end - 1)) & 1) == 0) continue;
    outcome.text += matcher.Push(text.substr(start, end - start));
    start = end;
  }
  outcome.text += matcher.Flush();
  outcome.found = matcher.found();
  return outcome;
}

struct Case {
  std::vector<std::string> stops;
  std::string text;
  Outcome expected;
};

TEST(StopMatcher, SameAnswerForEveryWayOfCuttingTheText) {
  const std::vector<Case> cases = {
      {{"STOP"}, "ab STOP cd", {"ab ", true}},
      {{"STOP"}, "ab STO", {"ab STO", false}},
      {{"STOP"}, "STSTOPx", {"ST", true}},
      {{"STOP"}, "STOP", {"", true}},
      {{"x"}, "abc", {"abc", false}},
      {{}, "abc", {"abc", false}},
      {{"aab"}, "aaaab", {"aa", true}},
      {{"abab", "bb"}, "ababb", {"", true}},
      {{"abcd", "bc"}, "xabcd", {"xa", true}},   // ends first
      {{"bcd", "abcd"}, "xabcdy", {"x", true}},  // ends together: the longest
      {{"\n\n"}, "a\nb\n\nc", {"a\nb", true}},
      {{"日本"}, "x日月日本z", {"x日月", true}},
      {{"abacab", "acad"}, "abacadab", {"ab", true}},
  };
  for (const Case& test_case : cases) {
    const auto num_cuts = uint32_t{1} << (std::min<size_t>(test_case.text.size(), 13) - 1);
    for (uint32_t cuts = 0; cuts < num_cuts; ++cuts) {
      ASSERT_TRUE(MatchInPieces(test_case.stops, test_case.text, cuts) == test_case.expected)
          << test_case.text << ", cuts " << cuts;
    }
  }
}

TEST(StopMatcher, LetsTextOutAsSoonAsItIsCertain) {
  StopMatcher matcher({"<end>"});
  EXPECT_EQ(matcher.Push("a<"), "a");
  EXPECT_EQ(matcher.Push("en"), "");
  EXPECT_EQ(matcher.Push("x<e"), "<enx");
  EXPECT_EQ(matcher.Flush(), "<e");
}

TEST(StopMatcher, GivesNothingAfterTheStop) {
  StopMatcher matcher({"."});
  EXPECT_EQ(matcher.Push("a.b"), "a");
  EXPECT_EQ(matcher.Push("c"), "");
  EXPECT_EQ(matcher.Flush(), "");
}

TEST(StopMatcher, HostileStopsStayLinear) {
  StopMatcher matcher(std::vector<std::string>(4, std::string(1023, 'a') + "b"));
  std::string out;
  for (int piece = 0; piece < 200; ++piece) out += matcher.Push(std::string(1000, 'a'));
  EXPECT_FALSE(matcher.found());
  EXPECT_EQ(out.size() + matcher.Flush().size(), 200'000u);
}

}  // namespace
}  // namespace redline::engine
