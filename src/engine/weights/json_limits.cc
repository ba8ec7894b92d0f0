#include "engine/weights/json_limits.h"

#include <nlohmann/json.hpp>
#include <string>
#include <unordered_set>
#include <vector>

#include "base/strings.h"

namespace redline::engine {
namespace {

using Json = nlohmann::json;

// Leaves the parser from inside its callback; never leaves ParseLimitedJson.
struct LimitError {
  std::string message;
};

class LimitWatcher {
 public:
  explicit LimitWatcher(const JsonLimits& limits) : limits_(limits) {}

  bool operator()(int depth, Json::parse_event_t event, const Json& parsed) {
    if (++num_values_ > limits_.max_values)
      throw LimitError{"has more than " + std::to_string(limits_.max_values) + " values"};
    switch (event) {
      case Json::parse_event_t::object_start:
      case Json::parse_event_t::array_start:
        if (depth >= limits_.max_depth)
          throw LimitError{"is nested deeper than " + std::to_string(limits_.max_depth)};
        keys_.emplace_back();
        break;
      case Json::parse_event_t::object_end:
      case Json::parse_event_t::array_end:
        keys_.pop_back();
        break;
      case Json::parse_event_t::key:
        CheckKey(parsed.get_ref<const std::string&>());
        break;
      case Json::parse_event_t::value:
        break;
    }
    return true;
  }

 private:
  void CheckKey(const std::string& key) {
    if (!keys_.back().insert(key).second)
      throw LimitError{"has the key \"" + EscapeControl(key) + "\" twice"};
  }

  const JsonLimits& limits_;
  size_t num_values_ = 0;
  std::vector<std::unordered_set<std::string>> keys_;  // of the open objects
};

}  // namespace

Result<Json> ParseLimitedJson(std::string_view text, std::string_view what,
                              const JsonLimits& limits) {
  try {
    LimitWatcher watcher(limits);
    return Json::parse(text, [&watcher](int depth, Json::parse_event_t event, const Json& parsed) {
      return watcher(depth, event, parsed);
    });
  } catch (const LimitError& error) {
    return DataLoss(std::string(what) + " " + error.message);
  } catch (const Json::exception& error) {
    return DataLoss(std::string(what) + " is not valid JSON: " + EscapeControl(error.what()));
  }
}

}  // namespace redline::engine
