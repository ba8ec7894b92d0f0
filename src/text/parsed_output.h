// For tests and fuzz entries: an answer run through an OutputParser in pieces, and put together.
#pragma once

#include <ostream>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "text/output_parser.h"

namespace redline::text {

struct ParsedCall {
  std::string name;
  std::string arguments;
  bool operator==(const ParsedCall&) const = default;
};

struct ParsedOutput {
  std::string reasoning;
  std::string content;
  std::vector<ParsedCall> calls;
  bool operator==(const ParsedOutput&) const = default;
};
std::ostream& operator<<(std::ostream& out, const ParsedOutput& parsed);

// Adds one delta. False when it breaks the contract: a call that was skipped, named twice or not
// at all.
bool AddDelta(const OutputDelta& delta, ParsedOutput* parsed);

// `text` in pieces that end at `cuts` (ascending) and at its end. Aborts on a broken contract.
ParsedOutput ParseInPieces(const OutputFormat& format, std::string_view text,
                           std::span<const size_t> cuts);
ParsedOutput ParseByteByByte(const OutputFormat& format, std::string_view text);

}  // namespace redline::text
