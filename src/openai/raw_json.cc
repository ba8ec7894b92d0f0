#include "openai/raw_json.h"

#include <nlohmann/json.hpp>
#include <string>

namespace redline::openai {
namespace {

constexpr std::string_view kSpace = " \t\r\n";

// Reads a JSON text from left to right. At the end every step yields nothing.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : rest_(text) { SkipSpace(); }

  bool Skip(char wanted) {
    if (rest_.empty() || rest_[0] != wanted) return false;
    Advance(1);
    return true;
  }

  std::string_view TakeValue() {
    const std::string_view value = rest_.substr(0, ValueLength());
    Advance(value.size());
    return value;
  }

 private:
  void SkipSpace() { rest_.remove_prefix(std::min(rest_.find_first_not_of(kSpace), rest_.size())); }
  void Advance(size_t count) {
    rest_.remove_prefix(std::min(count, rest_.size()));
    SkipSpace();
  }

  // Past the closing quote of the string that starts at `begin`.
  size_t EndOfString(size_t begin) const {
    for (size_t at = begin + 1; at < rest_.size(); ++at) {
      if (rest_[at] == '\\')
        ++at;
      else if (rest_[at] == '"')
        return at + 1;
    }
    return rest_.size();
  }

  size_t ValueLength() const {
    if (rest_.starts_with('"')) return EndOfString(0);
    if (!rest_.starts_with('{') && !rest_.starts_with('['))
      return std::min(rest_.find_first_of(",]} \t\r\n"), rest_.size());
    int depth = 0;
    for (size_t at = 0; at < rest_.size();) {
      const char byte = rest_[at];
      if (byte == '"') {
        at = EndOfString(at);
        continue;
      }
      if (byte == '{' || byte == '[') ++depth;
      if ((byte == '}' || byte == ']') && --depth == 0) return at + 1;
      ++at;
    }
    return rest_.size();
  }

  std::string_view rest_;
};

bool IsKey(std::string_view quoted, std::string_view name) {
  if (quoted.size() < 2) return false;
  if (quoted.find('\\') == quoted.npos) return quoted.substr(1, quoted.size() - 2) == name;
  const auto key = nlohmann::json::parse(quoted, nullptr, /*allow_exceptions=*/false);
  return key.is_string() && key.get_ref<const std::string&>() == name;
}

}  // namespace

std::string_view RawMember(std::string_view object, std::string_view name) {
  Cursor cursor(object);
  if (!cursor.Skip('{')) return {};
  for (;;) {
    const std::string_view key = cursor.TakeValue();
    if (!cursor.Skip(':')) return {};
    const std::string_view value = cursor.TakeValue();
    if (IsKey(key, name)) return value;
    if (!cursor.Skip(',')) return {};
  }
}

std::vector<std::string_view> RawElements(std::string_view array) {
  std::vector<std::string_view> elements;
  Cursor cursor(array);
  if (!cursor.Skip('[')) return elements;
  do {
    const std::string_view value = cursor.TakeValue();
    if (!value.empty()) elements.push_back(value);
  } while (cursor.Skip(','));
  return elements;
}

}  // namespace redline::openai
