#include "planner/model/config_fields.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/strings.h"
#include "net/json_body.h"

namespace redline::planner {

using nlohmann::json;

const json* ConfigFields::Find(const char* key) const {
  const auto found = object_.find(key);
  return found == object_.end() || found->is_null() ? nullptr : &*found;
}

void ConfigFields::Keep(const Status& status) {
  if (status_.ok()) status_ = status;
}

void ConfigFields::Refuse(const char* key, std::string_view what) {
  const json* value = Find(key);
  Keep(InvalidArgument(fmt::format("\"{}{}\" of config.json {}, not {}", prefix_, key, what,
                                   value == nullptr ? "absent" : net::JsonExcerpt(*value)),
                       prefix_ + key));
}

int64_t ConfigFields::Number(const char* key, const json& value, int64_t least, int64_t most) {
  // Larger than int64_t is larger than any bound.
  const bool is_huge =
      value.is_number_unsigned() && value.get<uint64_t>() > static_cast<uint64_t>(most);
  if (value.is_number_integer() && !is_huge && value.get<int64_t>() >= least &&
      value.get<int64_t>() <= most)
    return value.get<int64_t>();
  Refuse(key, fmt::format("must be a whole number from {} to {}", least, most));
  return least;
}

int64_t ConfigFields::Need(const char* key, int64_t most, int64_t least) {
  if (const json* value = Find(key)) return Number(key, *value, least, most);
  Keep(InvalidArgument(
      fmt::format("config.json has no \"{}{}\", which a model of type \"{}\" needs; take the file "
                  "as its publisher wrote it",
                  prefix_, key, Excerpt(model_type_)),
      prefix_ + key));
  return least;
}

int64_t ConfigFields::Take(const char* key, int64_t fallback, int64_t most, int64_t least) {
  const json* value = Find(key);
  return value == nullptr ? fallback : Number(key, *value, least, most);
}

bool ConfigFields::TakeFlag(const char* key, bool fallback) {
  const json* value = Find(key);
  if (value == nullptr) return fallback;
  if (value->is_boolean()) return value->get<bool>();
  Refuse(key, "must be true or false");
  return fallback;
}

std::string ConfigFields::TakeWord(const char* key, std::string_view fallback) {
  const json* value = Find(key);
  if (value == nullptr) return std::string(fallback);
  if (value->is_string()) return value->get<std::string>();
  Refuse(key, "must be a word");
  return std::string(fallback);
}

std::vector<std::string> ConfigFields::TakeWords(const char* key, size_t most) {
  std::vector<std::string> words;
  const json* value = Find(key);
  if (value == nullptr) return words;
  const bool is_list = value->is_array() && value->size() <= most;
  if (!is_list) Refuse(key, fmt::format("must be a list of at most {} words", most));
  if (!is_list) return words;
  for (const json& word : *value) {
    if (!word.is_string()) {
      Refuse(key, "must be a list of words");
      return {};
    }
    words.push_back(word.get<std::string>());
  }
  return words;
}

std::vector<int64_t> ConfigFields::TakeNumbers(const char* key, size_t most) {
  std::vector<int64_t> numbers;
  const json* value = Find(key);
  if (value == nullptr) return numbers;
  const bool is_list = value->is_array() && value->size() <= most;
  if (!is_list) Refuse(key, fmt::format("must be a list of at most {} numbers", most));
  if (!is_list) return numbers;
  for (const json& number : *value) {
    if (!number.is_number_integer()) {
      Refuse(key, "must be a list of whole numbers");
      return {};
    }
    numbers.push_back(number.get<int64_t>());
  }
  return numbers;
}

}  // namespace redline::planner
