#include "text/json_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <iterator>
#include <nlohmann/json.hpp>

#include "net/json_body.h"

namespace redline::text {
namespace {

constexpr std::string_view kJsonSpace = " \t\n\r";

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

// Length of the string at the start of `text`, with its quotes.
size_t StringLength(std::string_view text) {
  size_t at = 1;
  while (text[at] != '"') at += text[at] == '\\' ? 2 : 1;
  return at + 1;
}

// Length of the value at the start of `text`.
size_t ValueLength(std::string_view text) {
  if (text.front() == '"') return StringLength(text);
  if (text.front() != '{' && text.front() != '[')
    return std::min(text.find_first_of(" \t\n\r,]}"), text.size());
  size_t at = 0;
  int depth = 0;
  do {
    const char c = text[at];
    if (c == '{' || c == '[') ++depth;
    if (c == '}' || c == ']') --depth;
    at += c == '"' ? StringLength(text.substr(at)) : 1;
  } while (depth > 0);
  return at;
}

// Walks the values inside an object or array, with commas and colons between them.
class Walker {
 public:
  explicit Walker(std::string_view container) : rest_(container.substr(1, container.size() - 2)) {}

  // The next key or value; empty at the end.
  std::string_view Next() {
    rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t\n\r,:"), rest_.size()));
    if (rest_.empty()) return rest_;
    const std::string_view value = rest_.substr(0, ValueLength(rest_));
    rest_.remove_prefix(value.size());
    return value;
  }

 private:
  std::string_view rest_;
};

std::string DecodeJsonString(std::string_view text) {
  return nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false).get<std::string>();
}

// repr() of a Python float: the shortest digits that read back, with an exponent when it is below
// -4 or above 15.
std::string PythonFloat(double value) {
  char buffer[64];
  const auto end =
      std::to_chars(buffer, buffer + sizeof(buffer), value, std::chars_format::scientific).ptr;
  const std::string_view scientific(buffer, end);
  int exponent = 0;
  const size_t e = scientific.find('e');
  const char* exponent_start = scientific.data() + e + (scientific[e + 1] == '+' ? 2 : 1);
  std::from_chars(exponent_start, end, exponent);
  if (exponent < -4 || exponent > 15) return std::string(scientific);
  std::string fixed(64, '\0');
  fixed.resize(static_cast<size_t>(
      std::to_chars(fixed.data(), fixed.data() + fixed.size(), value, std::chars_format::fixed)
          .ptr -
      fixed.data()));
  return fixed.find('.') == fixed.npos ? fixed + ".0" : fixed;
}

// Python reads a number without fraction and exponent as an integer of any size.
std::string PythonNumber(std::string_view text) {
  if (text == "-0") return "0";
  if (text.find_first_of(".eE") == text.npos) return std::string(text);
  double value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return PythonFloat(value);
}

void AppendPython(std::string_view text, std::string* out);

void AppendPythonItems(std::string_view container, std::string* out) {
  const bool is_object = container.front() == '{';
  Walker walker(container);
  bool is_first = true;
  for (std::string_view item; !(item = walker.Next()).empty(); is_first = false) {
    if (!is_first) *out += ", ";
    AppendPython(item, out);
    if (!is_object) continue;
    *out += ": ";
    AppendPython(walker.Next(), out);
  }
}

void AppendPython(std::string_view text, std::string* out) {
  switch (text.front()) {
    case '"':
      *out += '"';
      AppendJsonEscaped(DecodeJsonString(text), out);
      *out += '"';
      return;
    case '{':
    case '[':
      *out += text.front();
      AppendPythonItems(text, out);
      *out += text.back();
      return;
    case 't':
    case 'f':
    case 'n':
      *out += text;
      return;
    default:
      *out += PythonNumber(text);
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

Result<JsonText> JsonText::Check(std::string_view text) {
  RL_RETURN_IF_ERROR(net::ParseJson(text).status());
  text.remove_prefix(text.find_first_not_of(kJsonSpace));
  text = text.substr(0, text.find_last_not_of(kJsonSpace) + 1);
  return JsonText(text);
}

std::vector<JsonText::Member> JsonText::Members() const {
  std::vector<Member> members;
  Walker walker(text_);
  for (std::string_view key; !(key = walker.Next()).empty();)
    members.push_back({DecodeJsonString(key), JsonText(walker.Next())});
  return members;
}

std::vector<JsonText> JsonText::Items() const {
  std::vector<JsonText> items;
  Walker walker(text_);
  for (std::string_view item; !(item = walker.Next()).empty();) items.push_back(JsonText(item));
  return items;
}

std::string JsonText::String() const { return DecodeJsonString(text_); }

std::string JsonText::Python() const {
  std::string out;
  AppendPython(text_, &out);
  return out;
}

}  // namespace redline::text
