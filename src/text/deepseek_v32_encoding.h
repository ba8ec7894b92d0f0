// The chat encoding of DeepSeek-V3.2 and V3.2-Speciale, which have no Jinja template.
//
// Source of behaviour: DeepSeek's `encoding_dsv32.py` as published with the weights (the copies in
// engines lack blank lines, and so give other tokens than the model was trained on). Differences:
// content that is null is empty; a developer message before the last user's stays where it is.
// Immutable, usable from any thread at once.
#pragma once

#include <memory>

#include "text/chat_template.h"

namespace redline::text {

// Variables of Render:
//   messages               roles system, developer, user, assistant, tool. Assistant messages may
//                          have reasoning_content and tool_calls, whose arguments are an object or
//                          its JSON text. System and developer messages may have tools and
//                          response_format (a JSON schema). Reasoning before the last user message
//                          is never shown.
//   tools                  the same as `tools` of the first message, when that is a system or
//                          developer message, else of an empty system message in front
//   thinking               false: the prompt ends with an empty reasoning. `enable_thinking` is
//                          another name
//   add_generation_prompt  true. False: a last user or tool message has no "Assistant" after it
//   add_default_bos_token  true
//   context                []: messages that come before and are not rendered
// Other variables are ignored. Errors: kInvalidArgument naming the message and field.
std::unique_ptr<ChatTemplate> MakeDeepSeekV32Encoding();

}  // namespace redline::text
