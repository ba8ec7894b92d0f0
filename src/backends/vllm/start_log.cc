#include "backends/vllm/start_log.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <string>

#include "base/strings.h"

namespace redline::backends::vllm {
namespace {

std::string_view LineFrom(std::string_view text, size_t begin) {
  return text.substr(begin, text.find('\n', begin) - begin);
}

bool IsName(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '_';
  });
}

// Where the value that begins at `begin` ends: at a comma outside of quotes and brackets.
size_t EndOfValue(std::string_view text, size_t begin) {
  int depth = 0;
  char quote = 0;
  for (size_t i = begin; i < text.size(); ++i) {
    const char c = text[i];
    if (quote != 0) {
      if (c == '\\') ++i;
      if (c == quote) quote = 0;
    } else if (c == '\'' || c == '"') {
      quote = c;
    } else if (c == '(' || c == '[' || c == '{') {
      ++depth;
    } else if (c == ')' || c == ']' || c == '}') {
      depth = std::max(depth - 1, 0);
    } else if (c == ',' && depth == 0) {
      return i;
    }
  }
  return text.size();
}

// name=value, name=value, ...: those whose value is a scalar.
void ReadSettings(std::string_view text, spec::Parameters* settings) {
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = EndOfValue(text, begin);
    const std::string_view setting = Trim(text.substr(begin, end - begin));
    const size_t equals = setting.find('=');
    begin = end + 1;
    if (equals == std::string_view::npos || !IsName(setting.substr(0, equals))) continue;
    const std::string_view value = Trim(setting.substr(equals + 1));
    if (value.empty() || value.find_first_of("({[") != std::string_view::npos) continue;
    (*settings)[std::string(setting.substr(0, equals))] = PythonValue(value);
  }
}

// The number that follows `text` in the log, with its thousands' commas.
void ReadNumber(std::string_view log, std::string_view text, const char* name,
                spec::Parameters* settings) {
  const size_t at = log.find(text);
  if (at == std::string_view::npos) return;
  std::string digits;
  for (const char c : log.substr(at + text.size(), 32)) {
    if (c == ',') continue;
    if (std::isdigit(static_cast<unsigned char>(c)) == 0) break;
    digits += c;
  }
  if (const auto number = ParseInt64(digits)) (*settings)[name] = *number;
}

}  // namespace

spec::ParameterValue PythonValue(std::string_view text) {
  constexpr std::string_view kTorch = "torch.";
  if (text == "True") return true;
  if (text == "False") return false;
  if (text == "None") return std::string();
  if (const auto number = ParseInt64(text)) return *number;
  if (const auto number = ParseDouble(text); number && std::isfinite(*number)) return *number;
  const bool is_quoted = text.size() >= 2 && (text.front() == '\'' || text.front() == '"') &&
                         text.back() == text.front();
  if (is_quoted) return std::string(text.substr(1, text.size() - 2));
  return std::string(text.starts_with(kTorch) ? text.substr(kTorch.size()) : text);
}

spec::Parameters ReadStartLog(std::string_view log) {
  constexpr std::string_view kEngine = "LLM engine (v";
  constexpr std::string_view kConfig = "with config: ";
  spec::Parameters settings;
  const size_t engine = log.find(kEngine);
  if (engine != std::string_view::npos) {
    const std::string_view line = LineFrom(log, engine + kEngine.size());
    const size_t config = line.find(kConfig);
    if (config != std::string_view::npos)
      ReadSettings(line.substr(config + kConfig.size()), &settings);
    const size_t end = line.find(')');
    if (end != std::string_view::npos) settings["version"] = std::string(line.substr(0, end));
  }
  ReadNumber(log, "KV cache size: ", "kv_cache_size_tokens", &settings);
  ReadNumber(log, "max_num_batched_tokens=", "max_num_batched_tokens", &settings);
  return settings;
}

}  // namespace redline::backends::vllm
