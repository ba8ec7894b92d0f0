// What a model's chat template tells about its answers. Pure functions.
#pragma once

#include <string>
#include <string_view>

namespace redline::text {

// Whether the template shows "tools" to the model: it renders otherwise with them than without, or,
// where it cannot be rendered on trial, it mentions the variable. False for a template that does
// not parse.
bool SupportsTools(std::string_view template_source);

struct ParserChoice {
  std::string tool_call_parser;  // "": the template has tools in a form that no parser here knows
  std::string reasoning_parser;  // "": the template knows no reasoning
};

// The names for OutputFormat that fit a model with this template; "json" when it has no tools.
ParserChoice SuggestParsers(std::string_view template_source);

// Whether a rendered prompt ends inside the reasoning, with its opening tag: for
// OutputFormat::starts_in_reasoning.
bool EndsInReasoning(std::string_view prompt);

}  // namespace redline::text
