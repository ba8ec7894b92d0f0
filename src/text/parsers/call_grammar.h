// Grammars of tool calls, in llguidance's dialect of Lark. Pure functions.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "text/json_text.h"
#include "text/output_parser.h"

namespace redline::text {

// How a format whose arguments are JSON writes its calls:
//   calls_open (call_open NAME name_close ARGUMENTS call_close) separator (...) calls_close
// The separator must not be a prefix of calls_close: llguidance reads the longest literal.
struct CallSyntax {
  std::string_view calls_open;
  std::string_view call_open;
  std::string_view name_close;
  std::string_view call_close;
  std::string_view separator;
  std::string_view calls_close;
};
Result<std::string> JsonCallsGrammar(const CallSyntax& syntax,
                                     std::span<const ToolDefinition> tools, ParallelCalls parallel);

// --- What formats of their own are made of. ---

// kInvalidArgument when there is no tool, or one whose name some format cannot write plainly.
Status CheckTools(std::span<const ToolDefinition> tools);
// The members of the tool's schema, slices of `tool`. kInvalidArgument when it is not the schema of
// an object.
Result<std::vector<JsonText::Member>> SchemaMembers(const ToolDefinition& tool);

// A Lark string.
std::string LarkString(std::string_view text);
// A Lark expression for one JSON value that validates against the schema with these members,
// printed as models print JSON: ", " and ": ", and no other white space.
std::string LarkJson(std::span<const JsonText::Member> schema_members);
// The same for the tool's arguments: always an object.
Result<std::string> LarkArguments(const ToolDefinition& tool);
// The rule "start" for calls made of the rule "call".
std::string LarkStart(std::string_view calls_open, std::string_view separator,
                      std::string_view calls_close, ParallelCalls parallel);

}  // namespace redline::text
