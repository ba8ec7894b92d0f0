#include "backends/arguments/argument_value.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>

#include "base/strings.h"

namespace redline::backends {
namespace {

using nlohmann::json;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Without the surrounding white space and the underscores, which Python allows between digits only.
std::optional<std::string> PlainNumber(std::string_view text) {
  text = Trim(text);
  std::string plain;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '_') {
      plain += text[i];
      continue;
    }
    if (i == 0 || i + 1 == text.size() || !IsDigit(text[i - 1]) || !IsDigit(text[i + 1]))
      return std::nullopt;
  }
  if (!plain.empty() && plain[0] == '+') {
    plain.erase(0, 1);
    if (!plain.empty() && plain[0] == '-') return std::nullopt;
  }
  return plain;
}

std::optional<json> ToFloat(std::string_view text) {
  const auto plain = PlainNumber(text);
  if (!plain || plain->empty() || plain->find('(') != std::string::npos) return std::nullopt;
  double value = 0;
  const char* end = plain->data() + plain->size();
  const auto [stop, error] = std::from_chars(plain->data(), end, value);
  if (stop != end || error == std::errc::invalid_argument) return std::nullopt;
  // Too large or too small for a double: strtod gives infinity or zero, as Python does.
  if (error == std::errc::result_out_of_range) value = std::strtod(plain->c_str(), nullptr);
  return value;
}

std::optional<json> ToInt(std::string_view text) {
  const auto plain = PlainNumber(text);
  if (!plain) return std::nullopt;
  const size_t first_digit = plain->starts_with('-') ? 1 : 0;
  if (plain->size() == first_digit) return std::nullopt;
  for (size_t i = first_digit; i < plain->size(); ++i)
    if (!IsDigit((*plain)[i])) return std::nullopt;
  if (const auto value = ParseInt64(*plain)) return *value;
  return ToFloat(*plain);
}

// Python's reader ends with RecursionError near 1000.
constexpr int kDeepestJson = 500;

bool IsTooDeep(std::string_view text) {
  int depth = 0, deepest = 0;
  for (const char c : text) {
    if (c == '[' || c == '{') deepest = std::max(deepest, ++depth);
    if (c == ']' || c == '}') --depth;
  }
  return deepest > kDeepestJson;
}

std::optional<json> ToJson(std::string_view text) {
  if (IsTooDeep(text)) return std::nullopt;
  json value = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (value.is_discarded()) return std::nullopt;
  return value;
}

std::optional<json> ToStringOrJsonObject(std::string_view text) {
  const std::string_view trimmed = Trim(text);
  if (trimmed.size() >= 2 && trimmed.front() == '{' && trimmed.back() == '}')
    return ToJson(trimmed);
  return std::string(text);
}

// "1k", "2.5m": powers of 1000; "1K", "2M": powers of 1024, of whole numbers only.
std::optional<json> ToHumanReadableInt(std::string_view text) {
  text = Trim(text);
  constexpr std::string_view kSuffixes = "kmgt";
  const char suffix = text.empty() ? '0' : text.back();
  const size_t power = kSuffixes.find(static_cast<char>(std::tolower(suffix)));
  if (power == std::string_view::npos) return ToInt(text);
  const std::string_view number = text.substr(0, text.size() - 1);
  if (number.empty() || !IsDigit(number.front()) || !IsDigit(number.back())) return std::nullopt;
  const bool is_decimal = std::islower(suffix) != 0;
  const auto value = is_decimal ? ToFloat(number) : ToInt(number);
  if (!value || number.find_first_not_of("0123456789.") != std::string_view::npos)
    return std::nullopt;
  const double result =
      value->get<double>() * std::pow(is_decimal ? 1000.0 : 1024.0, static_cast<double>(power + 1));
  if (result >= static_cast<double>(std::numeric_limits<int64_t>::max())) return result;
  return static_cast<int64_t>(result);
}

}  // namespace

std::optional<json> ConvertValue(const Argument& argument, std::string_view text) {
  if (argument.nullable && (text.empty() || text == "None")) return json(nullptr);
  switch (argument.type) {
    case ArgumentType::kString:
      return std::string(text);
    case ArgumentType::kInt:
      return ToInt(text);
    case ArgumentType::kFloat:
      return ToFloat(text);
    case ArgumentType::kJson:
      return ToJson(text);
    case ArgumentType::kStringOrJsonObject:
      return ToStringOrJsonObject(text);
    case ArgumentType::kHumanReadableInt:
      return ToHumanReadableInt(text);
    case ArgumentType::kHumanReadableIntOrAuto:
      return ToLower(Trim(text)) == "auto" ? std::optional<json>(-1) : ToHumanReadableInt(text);
  }
  return std::nullopt;
}

std::string_view NameOf(ArgumentType type) {
  switch (type) {
    case ArgumentType::kString:
      return "string";
    case ArgumentType::kInt:
    case ArgumentType::kHumanReadableInt:
    case ArgumentType::kHumanReadableIntOrAuto:
      return "int";
    case ArgumentType::kFloat:
      return "float";
    case ArgumentType::kJson:
    case ArgumentType::kStringOrJsonObject:
      return "JSON";
  }
  return "";
}

}  // namespace redline::backends
