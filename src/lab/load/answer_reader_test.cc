#include "lab/load/answer_reader.h"

#include <gtest/gtest.h>

namespace redline::lab {
namespace {

constexpr char kStreamHead[] = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n";

std::string Token(const std::string& text) {
  return R"(data: {"choices":[{"text":")" + text +
         R"(","finish_reason":null}]})"
         "\n\n";
}
std::string Usage(int prompt, int completion) {
  return R"(data: {"choices":[],"usage":{"prompt_tokens":)" + std::to_string(prompt) +
         R"(,"completion_tokens":)" + std::to_string(completion) + "}}\n\n";
}

struct Answer {
  RequestRecord record;
  std::string error;
  int32_t num_outputs = 0;
};

// An answer that ends with its connection, in two pieces.
Answer Read(const AnswerReader::Rules& rules, const std::string& bytes, size_t cut) {
  Answer answer;
  answer.record.input_tokens = 3;
  answer.record.output_tokens = 4;
  AnswerReader reader;
  reader.Begin(rules, answer.record);
  bool has_ended = reader.Feed(bytes.substr(0, cut), 10);
  answer.num_outputs += reader.new_outputs();
  if (!has_ended) {
    has_ended = reader.Feed(bytes.substr(cut), 20);
    answer.num_outputs += reader.new_outputs();
  }
  if (!has_ended) {
    reader.FeedEnd(30);
    answer.num_outputs += reader.new_outputs();
  }
  answer.error = reader.error();
  return answer;
}

TEST(AnswerReaderTest, EachEndHasItsOutcome) {
  const std::string done = "data: [DONE]\n\n";
  struct Case {
    std::string name;
    std::string bytes;
    Outcome outcome;
    int32_t num_events;
    AnswerReader::Rules rules = {};
  };
  const AnswerReader::Rules whole = {.stream = false};
  const AnswerReader::Rules strict = {.check_input_tokens = true};
  const AnswerReader::Rules generate = {.api = Api::kGenerate};
  const std::string json_head = "HTTP/1.1 200 OK\r\nContent-Length: ";
  const Case cases[] = {
      {"a stream", kStreamHead + Token("a") + Token("b") + Usage(3, 2) + done, Outcome::kOk, 2},
      {"no usage", kStreamHead + Token("a") + done, Outcome::kOk, 1},
      {"no end mark", kStreamHead + Token("a") + Token("b"), Outcome::kNoDone, 2},
      {"nothing", kStreamHead, Outcome::kNoDone, 0},
      {"cut", json_head + "900\r\n\r\n{", Outcome::kReset, 0},
      {"cut in the head", "HTTP/1.1 200", Outcome::kReset, 0},
      {"no HTTP", "220 mail\r\n", Outcome::kBadHttp, 0},
      {"no JSON", kStreamHead + Token("a") + "data: {oops\n\n" + done, Outcome::kBadEvent, 1},
      {"bad UTF-8", kStreamHead + Token("\xE4\xBD") + done, Outcome::kBadEvent, 0},
      {"an error", kStreamHead + Token("a") + "data: {\"error\":{\"message\":\"oom\"}}\n\n",
       Outcome::kBadEvent, 1},
      {"status 500", "HTTP/1.1 500 No\r\nContent-Length: 3\r\n\r\nbad", Outcome::kHttpError, 0},
      {"status 429 as a stream",
       "HTTP/1.1 429 No\r\nContent-Type: text/event-stream\r\nContent-Length: 3\r\n\r\nbad",
       Outcome::kHttpError, 0},
      {"more tokens than asked for", kStreamHead + Token("a") + Usage(3, 5) + done,
       Outcome::kUsageMismatch, 1},
      {"fewer tokens than came",
       kStreamHead + Token("a") + Token("b") + Token("c") + Token("d") + Usage(3, 1) + done,
       Outcome::kUsageMismatch, 4},
      {"a negative count", kStreamHead + Token("a") + Usage(3, -1) + done, Outcome::kOk, 1},
      {"another prompt, negative", kStreamHead + Token("a") + Usage(-9, 1) + done,
       Outcome::kUsageMismatch, 1, strict},
      {"another prompt", kStreamHead + Token("a") + Usage(9, 1) + done, Outcome::kUsageMismatch, 1,
       strict},
      {"another prompt, unchecked", kStreamHead + Token("a") + Usage(9, 1) + done, Outcome::kOk, 1},
      {"whole",
       json_head + "71\r\n\r\n" +
           R"({"choices":[{"text":"abcd"}],"usage":{"completion_tokens":4          }})",
       Outcome::kOk, 1, whole},
      {"whole, not JSON", json_head + "2\r\n\r\n{]", Outcome::kBadEvent, 0, whole},
      {"whole, empty", json_head + "0\r\n\r\n", Outcome::kBadEvent, 0, whole},
      {"whole for a stream", json_head + "2\r\n\r\n{}", Outcome::kBadEvent, 0},
      {"cumulative text",
       kStreamHead +
           std::string(R"(data: {"text":"a","meta_info":{"completion_tokens":1}})"
                       "\n\n"
                       R"(data: {"text":"ab","meta_info":{"completion_tokens":2}})"
                       "\n\n"
                       R"(data: {"text":"ab","meta_info":{"completion_tokens":2,)"
                       R"("finish_reason":{"type":"stop"}}})"
                       "\n\n") +
           done,
       Outcome::kOk, 2, generate}};
  for (const Case& each : cases) {
    for (size_t cut = 0; cut <= each.bytes.size(); ++cut) {
      const Answer answer = Read(each.rules, each.bytes, cut);
      ASSERT_EQ(NameOf(answer.record.outcome), NameOf(each.outcome))
          << each.name << ", cut at " << cut << ": " << answer.error;
      ASSERT_EQ(answer.record.num_events, each.num_events) << each.name << ", cut at " << cut;
      EXPECT_EQ(answer.num_outputs, each.num_events);
      EXPECT_GT(answer.record.end_ns, 0);
      EXPECT_EQ(answer.error.empty(), each.outcome == Outcome::kOk) << each.name;
    }
  }
}

TEST(AnswerReaderTest, AnswersWithoutAnEndEnd) {
  std::string tokens = kStreamHead;
  for (int i = 0; i < 200; ++i) tokens += Token("a");
  const Answer stream = Read({}, tokens, tokens.size());
  EXPECT_EQ(stream.record.outcome, Outcome::kUsageMismatch) << stream.error;
  const std::string error = "HTTP/1.1 500 No\r\nTransfer-Encoding: chunked\r\n\r\n2000\r\n" +
                            std::string(0x2000, 'x') + "\r\n";
  EXPECT_EQ(Read({}, error, error.size()).record.outcome, Outcome::kHttpError);
}

TEST(AnswerReaderTest, StampsWhatArrivesTogetherAlike) {
  RequestRecord record;
  record.output_tokens = 9;
  AnswerReader reader;
  reader.Begin({}, record);
  EXPECT_FALSE(reader.Feed(kStreamHead, 1000));
  EXPECT_EQ(record.head_ns, 1000);
  EXPECT_FALSE(reader.Feed(Token("a") + Token("b"), 2000));
  EXPECT_EQ(reader.new_outputs(), 2);
  EXPECT_EQ(record.first_token_ns, 2000);
  EXPECT_FALSE(reader.Feed(Token("c"), 502'000));
  EXPECT_EQ(reader.new_outputs(), 1);
  EXPECT_EQ(record.last_token_ns, 502'000);
  EXPECT_EQ(record.max_gap_us, 500);
  EXPECT_EQ(record.num_events, 3);
}

TEST(AnswerReaderTest, KeepsTheConnectionOnlyAfterACleanEnd) {
  const std::string end = "1\r\n{\r\n1\r\n}\r\n0\r\n\r\n";
  struct Case {
    std::string bytes;
    bool can_reuse;
  };
  const std::string head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n";
  const Case cases[] = {{head + "\r\n" + end, true},
                        {head + "Connection: close\r\n\r\n" + end, false},
                        {head + "\r\n" + end + "more", false}};
  for (const Case& each : cases) {
    RequestRecord record;
    AnswerReader reader;
    reader.Begin({.stream = false}, record);
    EXPECT_TRUE(reader.Feed(each.bytes, 1));
    EXPECT_EQ(reader.can_reuse(), each.can_reuse) << each.bytes;
  }
}

}  // namespace
}  // namespace redline::lab
