#include "text/parsed_output.h"

#include <cstdio>
#include <cstdlib>
#include <numeric>

namespace redline::text {

std::ostream& operator<<(std::ostream& out, const ParsedOutput& parsed) {
  out << "reasoning: \"" << parsed.reasoning << "\" content: \"" << parsed.content << "\"";
  for (const ParsedCall& call : parsed.calls)
    out << " " << call.name << "(" << call.arguments << ")";
  return out;
}

bool AddDelta(const OutputDelta& delta, ParsedOutput* parsed) {
  parsed->reasoning += delta.reasoning;
  parsed->content += delta.content;
  for (const ToolCallDelta& call : delta.tool_calls) {
    const auto index = static_cast<size_t>(call.index);
    const bool is_new = index == parsed->calls.size();
    if (is_new == call.name.empty() || index > parsed->calls.size()) return false;
    if (!is_new && index + 1 != parsed->calls.size()) return false;
    if (is_new) parsed->calls.push_back({call.name, ""});
    parsed->calls[index].arguments += call.arguments;
  }
  return true;
}

ParsedOutput ParseInPieces(const OutputFormat& format, std::string_view text,
                           std::span<const size_t> cuts) {
  auto parser = MakeOutputParser(format);
  if (!parser.ok()) {
    std::fprintf(stderr, "%s\n", parser.status().ToString().c_str());
    std::abort();
  }
  ParsedOutput parsed;
  size_t start = 0;
  const auto push = [&](size_t end) {
    OutputDelta delta;
    (*parser)->Push(text.substr(start, end - start), &delta);
    if (!AddDelta(delta, &parsed)) std::abort();
    start = end;
  };
  for (const size_t cut : cuts) push(cut);
  push(text.size());
  OutputDelta last;
  (*parser)->Finish(&last);
  if (!AddDelta(last, &parsed)) std::abort();
  return parsed;
}

ParsedOutput ParseByteByByte(const OutputFormat& format, std::string_view text) {
  std::vector<size_t> cuts(text.size());
  std::iota(cuts.begin(), cuts.end(), size_t{1});
  return ParseInPieces(format, text, cuts);
}

}  // namespace redline::text
