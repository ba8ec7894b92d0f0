// Reads one JSON event of a streamed answer, or a whole answer: OpenAI's chat and completions,
// SGLang's /generate. The fields are a table (event_scanner.cc); everything else is validated and
// skipped.
//
// The events of a stream are alike but for their text. The scanner keeps the bytes around the text
// of the last event it walked through: an event with the same bytes around another JSON string is
// known without a walk. One owner thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace redline::lab {

struct EventFacts {
  bool is_json = false;
  bool has_output = false;  // text, reasoning, tool calls or token ids that are not empty
  bool has_finish_reason = false;
  bool has_error = false;
  int32_t prompt_tokens = -1;  // -1: not told
  int32_t completion_tokens = -1;
  int32_t cached_tokens = -1;
};

class EventScanner {
 public:
  EventFacts Scan(std::string_view json);

 private:
  bool MatchesShape(std::string_view json) const;
  EventFacts Walk(std::string_view json);

  // Around the text of an event whose only news is its text; empty when there is none.
  std::string before_text_;
  std::string after_text_;
};

}  // namespace redline::lab
