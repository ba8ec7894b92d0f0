// What a model's text is made of: reasoning, content and tool calls.
//
// An OutputParser reads one answer as it grows and hands on what is certain. It takes time linear
// in the text, never fails, and its deltas concatenate to the same result however the text was cut:
// a tool call that turns out to be no call (unknown name, damaged or cut short) is content, as it
// stands. One per request; not thread-safe.
//
// Sources of behaviour: SGLang's and vLLM's parsers of the same names.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace redline::text {

struct ToolCallDelta {
  int64_t index = 0;      // of the call within the answer, from 0
  std::string name;       // whole, in the call's first delta; "" afterwards
  std::string arguments;  // the next piece of the arguments' JSON text
};

struct OutputDelta {
  std::string reasoning;
  std::string content;
  std::vector<ToolCallDelta> tool_calls;
  bool empty() const { return reasoning.empty() && content.empty() && tool_calls.empty(); }
};

class OutputParser {
 public:
  virtual ~OutputParser() = default;
  // Appends to `out` what `text` makes certain.
  virtual void Push(std::string_view text, OutputDelta* out) = 0;
  // The answer ended.
  virtual void Finish(OutputDelta* out) = 0;
};

struct ToolDefinition {
  std::string name;
  std::string parameters_json;  // a JSON schema; "" or "{}": any object
};

struct OutputFormat {
  std::string reasoning_parser;       // a name of ReasoningParserNames(), or "": none
  std::string tool_call_parser;       // a name of ToolCallParserNames(), or "": none
  std::vector<ToolDefinition> tools;  // of the request; without any, no tool call is looked for
  // The prompt ended inside the reasoning (its opening tag is part of the prompt).
  bool starts_in_reasoning = false;
};

std::span<const std::string_view> ToolCallParserNames();
std::span<const std::string_view> ReasoningParserNames();

// kInvalidArgument for an unknown name, with the nearest known one.
Result<std::unique_ptr<OutputParser>> MakeOutputParser(const OutputFormat& format);

enum class ParallelCalls { kNo, kYes };

// A grammar (llguidance's dialect of Lark, start rule "start") of texts that are calls of `tools`,
// at least one, with arguments that validate against the tools' schemas, in the form that the named
// parser reads and its models write. For tool_choice "required" (all tools) or a named one (that
// tool). It covers the call alone, no reasoning in front, and spells markers out as text, also
// where the model has a special token for one. kInvalidArgument for tools that cannot be called; a
// schema that llguidance does not support is found out when the grammar is compiled.
Result<std::string> ToolCallGrammar(std::string_view tool_call_parser,
                                    std::span<const ToolDefinition> tools, ParallelCalls parallel);

}  // namespace redline::text
