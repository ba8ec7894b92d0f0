// Reads numbers, switches and words of a config.json under bounds. The first error stays:
// `status()` after the reading tells it, with the key's name in `param`.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace redline::planner {

class ConfigFields {
 public:
  // `object` is a JSON object and outlives this. `prefix`: "text_config." for messages.
  ConfigFields(const nlohmann::json& object, std::string prefix, std::string model_type)
      : object_(object), prefix_(std::move(prefix)), model_type_(std::move(model_type)) {}

  // From `least` to `most`; `least` itself after an error.
  int64_t Need(const char* key, int64_t most, int64_t least = 1);
  // `fallback` where the key is absent or null.
  int64_t Take(const char* key, int64_t fallback, int64_t most, int64_t least = 0);
  bool TakeFlag(const char* key, bool fallback);
  std::string TakeWord(const char* key, std::string_view fallback);
  // Empty where the key is absent or null. At most `most` words or numbers.
  std::vector<std::string> TakeWords(const char* key, size_t most);
  std::vector<int64_t> TakeNumbers(const char* key, size_t most);

  bool Has(const char* key) const { return Find(key) != nullptr; }
  // What is wrong with `key`, which is there: "must be ...".
  void Refuse(const char* key, std::string_view what);
  void Keep(const Status& status);

  bool ok() const { return status_.ok(); }
  const Status& status() const { return status_; }

 private:
  const nlohmann::json* Find(const char* key) const;  // nullptr: absent or null
  int64_t Number(const char* key, const nlohmann::json& value, int64_t least, int64_t most);

  const nlohmann::json& object_;
  const std::string prefix_;
  const std::string model_type_;
  Status status_;
};

}  // namespace redline::planner
