#include "lab/load/sse_scanner.h"

#include <gtest/gtest.h>

#include <vector>

namespace redline::lab {
namespace {

// Pieces end at each of `cuts`.
std::vector<std::string> EventsOf(std::string_view stream, const std::vector<size_t>& cuts) {
  std::vector<std::string> events;
  const auto on_event = [&](std::string_view data) {
    events.emplace_back(data);
    return true;
  };
  SseScanner scanner;
  scanner.Begin();
  size_t begin = 0;
  for (const size_t cut : cuts) {
    // A copy that is gone afterwards: nothing may point into it.
    const std::string piece(stream.substr(begin, cut - begin));
    EXPECT_TRUE(scanner.Feed(piece, on_event));
    begin = cut;
  }
  EXPECT_TRUE(scanner.Feed(std::string(stream.substr(begin)), on_event));
  EXPECT_TRUE(scanner.End(on_event));
  return events;
}

TEST(SseScannerTest, FindsTheSameEventsHoweverTheStreamIsCut) {
  struct Case {
    std::string stream;
    std::vector<std::string> events;
  };
  const Case cases[] = {
      {"data: one\n\ndata: two\n\n", {"one", "two"}},
      {"data:one\r\n\r\ndata: two\r\n\r\n", {"one", "two"}},
      {": a comment\n\nevent: x\nid: 7\ndata: one\nretry: 3\n\n\n\n", {"one"}},
      {"data: one\ndata: more\ndata:\n\ndata: [DONE]\n\n", {"one\nmore\n", "[DONE]"}},
      {"data: without an empty line", {"without an empty line"}},
      {"data: \xE4\xBD\xA0\n\ndata:  blank\n\n", {"\xE4\xBD\xA0", " blank"}},
      {"data\n\nda: x\n\ndata: y\n", {"y"}},
      {"", {}}};
  for (const Case& each : cases) {
    EXPECT_EQ(EventsOf(each.stream, {}), each.events) << each.stream;
    for (size_t first = 0; first <= each.stream.size(); ++first) {
      for (size_t second = first; second <= each.stream.size(); ++second)
        EXPECT_EQ(EventsOf(each.stream, {first, second}), each.events)
            << each.stream << " cut at " << first << " and " << second;
    }
  }
}

TEST(SseScannerTest, LongLinesEndTheStream) {
  const auto on_event = [](std::string_view) { return true; };
  const std::string half(SseScanner::kMaxEventBytes / 2 + 8, 'x');
  SseScanner scanner;
  scanner.Begin();
  EXPECT_TRUE(scanner.Feed("data: " + half, on_event));
  EXPECT_FALSE(scanner.Feed(half, on_event));
  EXPECT_TRUE(scanner.too_long());

  scanner.Begin();
  EXPECT_FALSE(scanner.Feed("data: " + half + half + "\n\n", on_event));
  EXPECT_TRUE(scanner.too_long());

  scanner.Begin();
  EXPECT_FALSE(scanner.Feed("data: " + half + "\ndata: " + half + "\n\n", on_event));
  EXPECT_TRUE(scanner.too_long());

  scanner.Begin();
  EXPECT_TRUE(scanner.Feed("data: short\n\n", on_event));
}

TEST(SseScannerTest, StopsWhenTold) {
  int num_events = 0;
  SseScanner scanner;
  scanner.Begin();
  EXPECT_FALSE(scanner.Feed("data: 1\n\ndata: 2\n\n", [&](std::string_view) {
    ++num_events;
    return false;
  }));
  EXPECT_EQ(num_events, 1);
  EXPECT_FALSE(scanner.too_long());
}

}  // namespace
}  // namespace redline::lab
