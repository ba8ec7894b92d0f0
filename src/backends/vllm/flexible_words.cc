#include "backends/vllm/flexible_words.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "base/strings.h"

namespace redline::backends::vllm {
namespace {

using nlohmann::json;

// "--max_model_len=a_b" -> "--max-model-len=a_b": up to the first dot or "=".
std::string WithDashes(std::string word) {
  const size_t end = std::min(word.find_first_of(".="), word.size());
  std::replace(word.begin() + 2, word.begin() + static_cast<ptrdiff_t>(end), '_', '-');
  return word;
}

bool IsLevel(std::string_view text) { return text.size() == 1 && text[0] >= '0' && text[0] <= '3'; }

// -O3, -O=3 and -O 3 are --optimization-level 3.
void AppendLevel(std::string_view word, const std::string* next, std::vector<std::string>* words) {
  if (word == "-O") {
    words->emplace_back(next != nullptr && IsLevel(*next) ? "--optimization-level" : "-O");
    return;
  }
  words->emplace_back("--optimization-level");
  words->emplace_back(word.substr(word[2] == '=' ? 3 : 2));
}

std::vector<std::string> Normalized(std::span<const std::string> arguments) {
  std::vector<std::string> words;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const std::string& word = arguments[i];
    const std::string* next = i + 1 < arguments.size() ? &arguments[i + 1] : nullptr;
    if (word.starts_with("--help="))
      words.emplace_back("--help");
    else if (word.starts_with("--"))
      words.push_back(WithDashes(word));
    else if (word.starts_with("-O"))
      AppendLevel(word, next, &words);
    else
      words.push_back(word);
  }
  return words;
}

// Puts `update` into `target`: objects key by key, lists end to end, the rest replaced. Names the
// keys that were there before.
void Merge(const json& update, const std::string& path, json* target,
           std::vector<std::string>* repeated) {
  for (const auto& [key, value] : update.items()) {
    const bool known = target->contains(key);
    json& slot = (*target)[key];
    const std::string name = fmt::format("{}.{}", path, key);
    if (value.is_object() && slot.is_object()) {
      Merge(value, name, &slot, repeated);
    } else if (value.is_array() && slot.is_array()) {
      slot.insert(slot.end(), value.begin(), value.end());
    } else {
      if (known) repeated->push_back(name);
      slot = value;
    }
  }
}

json Nested(std::span<const std::string> keys, json value) {
  for (size_t i = keys.size(); i > 0; --i) value = json{{keys[i - 1], std::move(value)}};
  return value;
}

// "a,b" of a key that ends in "+" is the list of its parts; other text is JSON when it can be.
json DottedValue(const std::string& text, bool is_list) {
  if (is_list) return Split(text, ',');
  json value = json::parse(text, nullptr, /*allow_exceptions=*/false);
  return value.is_discarded() ? json(text) : value;
}

// Takes the dotted words out of the list and gives each flag's keys back as one JSON value.
class DottedKeys {
 public:
  explicit DottedKeys(std::vector<std::string> words) : words_(std::move(words)) {}

  Result<FlexibleWords> Collect() {
    for (next_ = 0; next_ < words_.size(); ++next_) RL_RETURN_IF_ERROR(Take(words_[next_]));
    for (const auto& [flag, value] : objects_) {
      result_.words.push_back(flag);
      result_.words.push_back(value.dump());
    }
    return std::move(result_);
  }

 private:
  Status Take(const std::string& word) {
    const std::string name = word.substr(0, word.find('='));
    const bool has_dot = word.find('.') != std::string::npos;
    if (word.starts_with("--") && !has_dot && !seen_.insert(name).second)
      result_.repeated.push_back(name);
    if (word.starts_with('-') && name.find('.') != std::string::npos) return TakeDotted(word, name);
    result_.words.push_back(word);
    return OkStatus();
  }

  Status TakeDotted(const std::string& word, std::string name) {
    std::string text;
    if (name.size() < word.size())
      text = word.substr(name.size() + 1);
    else if (next_ + 1 < words_.size())
      text = words_[++next_];
    else
      return InvalidArgument(fmt::format("{}: expected one argument", Excerpt(name)), name);
    const bool is_list = name.ends_with('+');
    if (is_list) name.pop_back();
    const std::vector<std::string> parts = Split(name, '.');
    const json update = Nested(std::span(parts).subspan(1), DottedValue(text, is_list));
    Merge(update, parts[0], &ObjectOf(parts[0]), &result_.repeated);
    return OkStatus();
  }

  json& ObjectOf(const std::string& flag) {
    for (auto& [known, value] : objects_)
      if (known == flag) return value;
    return objects_.emplace_back(flag, json::object()).second;
  }

  const std::vector<std::string> words_;
  size_t next_ = 0;
  std::set<std::string> seen_;
  std::vector<std::pair<std::string, json>> objects_;  // in the order of their first key
  FlexibleWords result_;
};

}  // namespace

Result<FlexibleWords> ToFlexibleWords(std::span<const std::string> arguments) {
  return DottedKeys(Normalized(arguments)).Collect();
}

}  // namespace redline::backends::vllm
