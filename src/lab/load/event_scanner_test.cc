#include "lab/load/event_scanner.h"

#include <gtest/gtest.h>

#include <string>

namespace redline::lab {
namespace {

TEST(EventScannerTest, FindsOutputUsageAndErrors) {
  struct Case {
    std::string json;
    bool has_output;
    bool has_finish_reason;
    bool has_error;
    int32_t prompt_tokens;
    int32_t completion_tokens;
    int32_t cached_tokens;
  };
  const Case cases[] = {
      {R"({"choices":[{"delta":{"role":"assistant","content":""}}]})", false, false, false, -1, -1,
       -1},
      {R"({"choices":[{"delta":{"content":"a"},"finish_reason":null}]})", true, false, false, -1,
       -1, -1},
      {R"({"choices":[{"delta":{"content":null,"reasoning_content":"b"}}]})", true, false, false,
       -1, -1, -1},
      {R"({"choices":[{"delta":{"tool_calls":[{"function":{"name":"f"}}]}}]})", true, false, false,
       -1, -1, -1},
      {R"({"choices":[{"delta":{"tool_calls":[]},"finish_reason":"stop"}]})", false, true, false,
       -1, -1, -1},
      {R"({"choices":[{"text":" x","finish_reason":null,"stop_reason":null}],"usage":null})", true,
       false, false, -1, -1, -1},
      {R"({"choices":[{"text":"","token_ids":[12]}]})", true, false, false, -1, -1, -1},
      {R"({"choices":[],"usage":{"prompt_tokens":5,"completion_tokens":7,"total_tokens":12,)"
       R"("prompt_tokens_details":{"cached_tokens":3}}})",
       false, false, false, 5, 7, 3},
      {R"({"usage":{"prompt_tokens":5,"completion_tokens":99999999999,)"
       R"("prompt_tokens_details":null}})",
       false, false, false, 5, INT32_MAX, -1},
      {R"({"choices":[{"message":{"content":[{"type":"text","text":"hi"}]}}]})", true, false, false,
       -1, -1, -1},
      {R"({"error":{"message":"no"}})", false, false, true, -1, -1, -1},
      {R"({"error":null,"choices":[]})", false, false, false, -1, -1, -1},
      {R"({"text":"ab","meta_info":{"finish_reason":{"type":"length"},"prompt_tokens":2,)"
       R"("completion_tokens":1,"cached_tokens":0}})",
       true, true, false, 2, 1, 0}};
  for (const Case& each : cases) {
    EventScanner scanner;
    for (int round = 0; round < 2; ++round) {  // the second time by its shape
      const EventFacts facts = scanner.Scan(each.json);
      EXPECT_TRUE(facts.is_json) << each.json;
      EXPECT_EQ(facts.has_output, each.has_output) << each.json;
      EXPECT_EQ(facts.has_finish_reason, each.has_finish_reason) << each.json;
      EXPECT_EQ(facts.has_error, each.has_error) << each.json;
      EXPECT_EQ(facts.prompt_tokens, each.prompt_tokens) << each.json;
      EXPECT_EQ(facts.completion_tokens, each.completion_tokens) << each.json;
      EXPECT_EQ(facts.cached_tokens, each.cached_tokens) << each.json;
    }
  }
}

TEST(EventScannerTest, RefusesWhatIsNotTheJsonOfAnEvent) {
  for (const std::string json :
       {"", "[]", "1", "{", R"({"choices":[{"delta":{"content":"a}]})", R"({"choices":[}]})",
        R"({"choices":[1]})", R"({"choices":[{"delta":7}]})", R"({"usage":[]})",
        R"({"usage":{"prompt_tokens":"5"}})", "{\"text\":\"\xC3\"}", R"({"text":"a"} x)"})
    EXPECT_FALSE(EventScanner().Scan(json).is_json) << json;
}

// Whatever the scanner has learned from the events before must not change what it says.
TEST(EventScannerTest, SaysTheSameAfterAnyEvent) {
  const std::string before = R"({"id":"1","choices":[{"delta":{"content":")";
  const std::string after = R"("},"finish_reason":null}]})";
  std::vector<std::string> events;
  for (const std::string text :
       {"a", "", "a\\\"b", "a\\", "\\u00e9", "\\u00g9", "\xC3\xA9", "\xC3", "a\"", "\n",
        R"(","x":"y)", R"("},"finish_reason":"stop"}],"n":[{"d":{"c":")"})
    events.push_back(before + text + after);
  events.push_back(before + "a" + R"("},"finish_reason":"stop"}]})");
  events.push_back(before + "a" + R"("},"finish_reason":null}],"usage":{"prompt_tokens":1}})");
  events.push_back(R"({"id":"2","choices":[{"delta":{"content":"a"},"finish_reason":null}]})");
  events.push_back(before.substr(0, before.size() - 1) + after);
  for (const std::string& first : events) {
    for (const std::string& second : events) {
      EventScanner scanner;
      scanner.Scan(first);
      const EventFacts learned = scanner.Scan(second);
      const EventFacts fresh = EventScanner().Scan(second);
      EXPECT_EQ(learned.is_json, fresh.is_json) << first << "\n" << second;
      EXPECT_EQ(learned.has_output, fresh.has_output) << first << "\n" << second;
      EXPECT_EQ(learned.has_finish_reason, fresh.has_finish_reason) << first << "\n" << second;
      EXPECT_EQ(learned.prompt_tokens, fresh.prompt_tokens) << first << "\n" << second;
    }
  }
}

}  // namespace
}  // namespace redline::lab
