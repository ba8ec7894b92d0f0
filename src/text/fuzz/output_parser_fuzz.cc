// libFuzzer entry: any bytes as a model's answer. The first byte picks the parsers, the second
// where the text is cut.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "text/parsed_output.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace redline::text;
  if (size < 2 || size > 4096) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 2, size - 2);
  const auto tools = ToolCallParserNames();
  const auto reasoning = ReasoningParserNames();
  OutputFormat format = {.tool_call_parser = std::string(tools[data[0] % tools.size()]),
                         .tools = {{"f", ""}, {"g", ""}, {"get_weather", ""}}};
  const size_t pick = data[0] / tools.size() % (reasoning.size() + 1);
  if (pick > 0) format.reasoning_parser = reasoning[pick - 1];
  format.starts_in_reasoning = data[1] % 2 == 1;

  const ParsedOutput whole = ParseInPieces(format, text, {});
  const size_t cuts[] = {data[1] % (text.size() + 1), text.size()};
  if (ParseInPieces(format, text, cuts) != whole) abort();
  if (ParseByteByByte(format, text) != whole) abort();
  // Without a call nothing is lost.
  if (pick == 0 && whole.calls.empty() && whole.content != text) abort();
  return 0;
}
