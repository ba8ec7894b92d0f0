// What the parsers of tool calls have in common, their makers and their grammars. One file per
// family of formats; output_parser.cc has the list.
//
// A format reads its own syntax through a CallStream, one step at a time. What it must keep to:
//  * nothing depends on how the text was cut: a step that cannot tell yet reads nothing;
//  * every byte is read once, save that a failed attempt's last byte is looked at again as content;
//  * text after a damaged call is content, and later calls are still found.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "text/output_parser.h"
#include "text/parsers/call_stream.h"

namespace redline::text {

class ToolCallParser : public OutputParser {
 public:
  explicit ToolCallParser(const std::vector<ToolDefinition>& tools) : stream_(tools) {}

  void Push(std::string_view text, OutputDelta* out) final {
    stream_.Append(text, out);
    while (Step()) {
    }
  }
  void Finish(OutputDelta* out) final { stream_.Finish(out); }

 protected:
  // Reads on. False: needs more text.
  virtual bool Step() = 0;

  CallStream stream_;
};

std::unique_ptr<OutputParser> MakeHermesParser(const std::vector<ToolDefinition>& tools);
std::unique_ptr<OutputParser> MakeLlama3JsonParser(const std::vector<ToolDefinition>& tools);
std::unique_ptr<OutputParser> MakeMistralParser(const std::vector<ToolDefinition>& tools);
std::unique_ptr<OutputParser> MakeJsonParser(const std::vector<ToolDefinition>& tools);
std::unique_ptr<OutputParser> MakeDeepSeekV3Parser(const std::vector<ToolDefinition>& tools);
std::unique_ptr<OutputParser> MakeDeepSeekV31Parser(const std::vector<ToolDefinition>& tools);
std::unique_ptr<OutputParser> MakeDeepSeekV32Parser(const std::vector<ToolDefinition>& tools);

Result<std::string> HermesGrammar(std::span<const ToolDefinition> tools, ParallelCalls parallel);
Result<std::string> Llama3JsonGrammar(std::span<const ToolDefinition> tools,
                                      ParallelCalls parallel);
Result<std::string> MistralGrammar(std::span<const ToolDefinition> tools, ParallelCalls parallel);
Result<std::string> JsonGrammar(std::span<const ToolDefinition> tools, ParallelCalls parallel);
Result<std::string> DeepSeekV3Grammar(std::span<const ToolDefinition> tools,
                                      ParallelCalls parallel);
Result<std::string> DeepSeekV31Grammar(std::span<const ToolDefinition> tools,
                                       ParallelCalls parallel);
Result<std::string> DeepSeekV32Grammar(std::span<const ToolDefinition> tools,
                                       ParallelCalls parallel);

}  // namespace redline::text
