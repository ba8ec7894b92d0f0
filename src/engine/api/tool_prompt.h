// Tools for models whose chat template shows none: described in words. Pure functions.
#pragma once

#include <string_view>
#include <vector>

#include "openai/chat_message.h"
#include "openai/generation_fields.h"

namespace redline::engine {

enum class DescribeIn {
  kSystem,  // the system message, in front of it all
  kUser,    // the first user message: for templates that take no system message
};

// The messages with a description of `tools` and of the form of a call that `tool_call_parser`
// reads.
std::vector<openai::ChatMessage> WithToolDescription(std::vector<openai::ChatMessage> messages,
                                                     const std::vector<openai::Tool>& tools,
                                                     std::string_view tool_call_parser,
                                                     DescribeIn place);

}  // namespace redline::engine
