// Reasoning in front of the answer: <think>...</think>. Only the first one counts, and only at the
// start of the answer; a tag elsewhere is content. Reasoning without an end lasts to the end of the
// answer, tool calls in it included (the model did not get as far as calling).
#pragma once

#include <memory>
#include <string_view>

#include "text/output_parser.h"

namespace redline::text {

struct ReasoningStyle {
  std::string_view name;
  // The model always reasons, whether or not the opening tag is in its answer or in the prompt.
  bool always;
  // White space next to the tags is form: dropped at both ends of the reasoning and before the
  // content. Otherwise it stands as it is.
  bool trims;
};

// What is not reasoning goes to `content_parser`, or is content when that is null.
std::unique_ptr<OutputParser> MakeReasoningParser(const ReasoningStyle& style, bool starts_inside,
                                                  std::unique_ptr<OutputParser> content_parser);

}  // namespace redline::text
