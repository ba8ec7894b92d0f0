#include "text/json_text.h"

#include <fmt/format.h>

#include <iterator>

namespace redline::text {
namespace {

// What follows the backslash, or 0 where \u00XX is used.
char ShortEscape(char c) {
  switch (c) {
    case '"':
    case '\\':
      return c;
    case '\n':
      return 'n';
    case '\r':
      return 'r';
    case '\t':
      return 't';
    case '\b':
      return 'b';
    case '\f':
      return 'f';
    default:
      return 0;
  }
}

}  // namespace

void AppendJsonEscaped(std::string_view text, std::string* out) {
  for (const char c : text) {
    if (const char escape = ShortEscape(c); escape != 0) {
      *out += '\\';
      *out += escape;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      fmt::format_to(std::back_inserter(*out), "\\u{:04x}", c);
    } else {
      *out += c;
    }
  }
}

}  // namespace redline::text
