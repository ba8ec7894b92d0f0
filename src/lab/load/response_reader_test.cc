#include "lab/load/response_reader.h"

#include <gtest/gtest.h>

#include <vector>

namespace redline::lab {
namespace {

using Step = ResponseReader::Step;

// "200 body|", the end ("|": complete, ".": needs more, "!": bad), of pieces that end at `cuts`.
std::string Read(std::string_view bytes, const std::vector<size_t>& cuts) {
  ResponseReader reader;
  reader.Begin();
  std::string out;
  size_t begin = 0;
  for (size_t part = 0; part <= cuts.size(); ++part) {
    const size_t end = part < cuts.size() ? cuts[part] : bytes.size();
    const std::string copy(bytes.substr(begin, end - begin));
    std::string_view input = copy;
    std::string_view piece;
    begin = end;
    for (Step step = Step::kHead; step == Step::kHead || step == Step::kBody;) {
      step = reader.Next(input, piece);
      if (step == Step::kHead) out += std::to_string(reader.status()) + " ";
      if (step == Step::kBody) out += piece;
      if (step == Step::kEnd) return out + "|";
      if (step == Step::kBad) return out + "!";
    }
  }
  return out + (reader.MayEndHere() ? "~" : ".");
}

TEST(ResponseReaderTest, FramesTheSameHoweverTheBytesAreCut) {
  struct Case {
    std::string bytes;
    std::string read;
  };
  const Case cases[] = {
      {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "200 hello|"},
      {"HTTP/1.1 204\r\n\r\n", "204 |"},
      {"HTTP/1.1 200 OK\r\ncontent-length:0\r\n\r\n", "200 |"},
      {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx", "200 x|"},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nA;x=y\r\n0123456789\r\n"
       "0\r\n\r\n",
       "200 hello0123456789|"},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nTrailer: y\r\n\r\n",
       "200 x|"},
      {"HTTP/1.0 200 OK\r\n\r\nto the end", "200 to the end~"},
      {"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello", "200 hello."},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nz\r\n", "200 !"},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\r\n", "200 !"},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nxy", "200 x!"},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1111111111111111\r\n", "200 !"},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", "!"},
      {"HTTP/1.1 200 OK\r\nContent-Length: -3\r\n\r\n", "!"},
      {"HTTP/1.1 200 OK\r\nno colon\r\n\r\n", "!"},
      {"HTTP/1.1 abc OK\r\n\r\n", "!"},
      {"HTTP/1.1 999 OK\r\n\r\n", "!"},
      {"SSH-2.0-x\r\n", "!"},
      {"HTTP/1.1 200", "."},
      {"", "."}};
  for (const Case& each : cases) {
    EXPECT_EQ(Read(each.bytes, {}), each.read) << each.bytes;
    for (size_t first = 0; first <= each.bytes.size(); ++first) {
      for (size_t second = first; second <= each.bytes.size(); ++second)
        ASSERT_EQ(Read(each.bytes, {first, second}), each.read)
            << each.bytes << " cut at " << first << " and " << second;
    }
  }
}

TEST(ResponseReaderTest, EndlessHeadsAndFramesAreBad) {
  const std::string head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  EXPECT_EQ(Read("HTTP/1.1 200 OK\r\nX: " + std::string(70000, 'x'), {100}), "!");
  EXPECT_EQ(Read(head + "1;" + std::string(70000, 'x'), {}), "200 !");
  EXPECT_EQ(Read(head + "0\r\n" + std::string(70000, 'x'), {}), "200 !");
}

TEST(ResponseReaderTest, TellsWhetherTheConnectionStays) {
  struct Case {
    std::string head;
    bool keep_alive;
    bool is_event_stream;
  };
  const Case cases[] = {
      {"HTTP/1.1 200 OK\r\n", true, false},
      {"HTTP/1.1 200 OK\r\nConnection: close\r\n", false, false},
      {"HTTP/1.0 200 OK\r\n", false, false},
      {"HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\n", true, false},
      {"HTTP/1.1 200 OK\r\nContent-Type: Text/Event-Stream; charset=utf-8\r\n", true, true},
      {"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n", true, false}};
  for (const Case& each : cases) {
    ResponseReader reader;
    reader.Begin();
    const std::string bytes = each.head + "\r\n";
    std::string_view input = bytes;
    std::string_view piece;
    EXPECT_EQ(reader.Next(input, piece), Step::kHead);
    EXPECT_EQ(reader.keep_alive(), each.keep_alive) << each.head;
    EXPECT_EQ(reader.is_event_stream(), each.is_event_stream) << each.head;
  }
}

}  // namespace
}  // namespace redline::lab
