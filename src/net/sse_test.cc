#include "net/sse.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace redline::net {
namespace {

using Strings = std::vector<std::string>;

// "type|data|id" of every event, feeding the stream in pieces of `piece` bytes.
Strings Read(const std::string& stream, size_t piece) {
  Strings events;
  SseReader reader([&](const ServerSentEvent& event) {
    events.push_back(event.type + "|" + event.data + "|" + event.id);
    return true;
  });
  for (size_t at = 0; at < stream.size(); at += piece)
    EXPECT_TRUE(reader.Feed(std::string_view(stream).substr(at, piece)).ok());
  return events;
}

struct Case {
  std::string stream;
  Strings events;
};

TEST(SseReader, ReadsTheSameEventsInAnyPieces) {
  const std::vector<Case> cases = {
      {"data: a\n\n", {"message|a|"}},
      {"data: a\r\n\r\ndata: b\r\n\r\n", {"message|a|", "message|b|"}},
      {"data: a\r\rdata: b\r\r", {"message|a|", "message|b|"}},
      {"data: a\ndata: b\n\n", {"message|a\nb|"}},
      {"data\n\n", {"message||"}},
      {"data:a\n\ndata:  b\n\n", {"message|a|", "message| b|"}},
      {": ping\n\ndata: a\n: x\n\n", {"message|a|"}},
      {"event: x\n\ndata: a\n\n", {"message|a|"}},
      {"event: x\ndata: a\n\ndata: b\n\n", {"x|a|", "message|b|"}},
      {"id: 7\ndata: a\n\ndata: b\n\n", {"message|a|7", "message|b|7"}},
      {"retry: 5\nfoo: bar\nfoo\ndata: a\n\n", {"message|a|"}},
      {"\xEF\xBB\xBF"
       "data: a\n\n",
       {"message|a|"}},
      {"data: a\n\n\n\ndata: b\n\n", {"message|a|", "message|b|"}},
      {"data: unfinished", {}},
      {"data: unfinished\n", {}},
      {"data: \xC3\xA4\n\n", {"message|\xC3\xA4|"}},
      {"data: {\"a\": \"b: c\"}\n\ndata: [DONE]\n\n",
       {"message|{\"a\": \"b: c\"}|", "message|[DONE]|"}},
      {"data: a\n\r\ndata: b\n\r\n", {"message|a|", "message|b|"}},
  };
  for (const Case& test : cases) {
    for (size_t piece = 1; piece <= test.stream.size(); ++piece)
      EXPECT_EQ(Read(test.stream, piece), test.events) << test.stream << " by " << piece;
  }
}

TEST(SseReader, RefusesEndlessLinesAndEvents) {
  SseReader reader([](const ServerSentEvent&) { return true; }, 1000);
  Status status;
  for (int count = 0; count < 20 && status.ok(); ++count)
    status = reader.Feed(std::string(100, 'x'));
  EXPECT_EQ(status.code(), Code::kTooLarge);
  EXPECT_EQ(reader.Feed("\n\n").code(), Code::kTooLarge);

  SseReader lines([](const ServerSentEvent&) { return true; }, 1000);
  status = OkStatus();
  for (int count = 0; count < 1000 && status.ok(); ++count)
    status = lines.Feed("data: 0123456789\n");
  EXPECT_EQ(status.code(), Code::kTooLarge);
}

TEST(SseReader, StopsWhenTheSinkSaysSo) {
  int seen = 0;
  SseReader reader([&](const ServerSentEvent&) { return ++seen < 2; });
  EXPECT_EQ(reader.Feed("data: 1\n\ndata: 2\n\ndata: 3\n\n").code(), Code::kCancelled);
  EXPECT_EQ(seen, 2);
}

TEST(SseEvent, RoundTrips) {
  EXPECT_EQ(SseEvent("a"), "data: a\n\n");
  EXPECT_EQ(SseEvent("", "ping"), "event: ping\ndata: \n\n");
  EXPECT_EQ(Read(SseEvent("a\nb\r\nc\rd"), 3), (Strings{"message|a\nb\nc\nd|"}));
}

}  // namespace
}  // namespace redline::net
