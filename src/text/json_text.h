// JSON as text, without a tree: what parsers of answers and encoders of prompts share.
// Pure functions.
#pragma once

#include <string>
#include <string_view>

namespace redline::text {

// Appends `text` as the inside of a JSON string, as Python's json.dumps(ensure_ascii=False) does:
// only quotes, backslashes and control characters are escaped. Any bytes may be given, in pieces.
void AppendJsonEscaped(std::string_view text, std::string* out);

}  // namespace redline::text
