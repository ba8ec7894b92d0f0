#include "spec/json.h"

#include <nlohmann/json.hpp>
#include <set>
#include <vector>

#include "base/strings.h"

namespace redline::spec {
namespace {

constexpr int kMaxDepth = 64;

// Watches the parser's events for what JSON's grammar allows and we do not.
class ParseGuard {
 public:
  using json = nlohmann::json;

  bool operator()(int depth, json::parse_event_t event, json& parsed) {
    if (depth > kMaxDepth) Fail("is nested deeper than 64 levels");
    switch (event) {
      case json::parse_event_t::object_start:
        keys_.emplace_back();
        break;
      case json::parse_event_t::object_end:
        keys_.pop_back();
        break;
      case json::parse_event_t::key:
        AddKey(parsed.get_ref<const std::string&>());
        break;
      default:
        break;
    }
    return problem_.empty();
  }
  const std::string& problem() const { return problem_; }

 private:
  void AddKey(const std::string& key) {
    if (!keys_.back().insert(key).second) Fail("has the key \"" + EscapeControl(key) + "\" twice");
  }
  void Fail(std::string problem) {
    if (problem_.empty()) problem_ = std::move(problem);
  }

  std::vector<std::set<std::string>> keys_;
  std::string problem_;
};

// nlohmann's text is "[json.exception.parse_error.101] parse error at line 1, column 2: …".
std::string ReasonOf(const std::exception& error) {
  const std::string_view text = error.what();
  const size_t start = text.find("] ");
  return EscapeControl(start == std::string_view::npos ? text : text.substr(start + 2));
}

}  // namespace

Result<nlohmann::json> ParseJson(std::string_view text) {
  ParseGuard guard;
  try {
    auto json = nlohmann::json::parse(
        text, [&guard](int depth, nlohmann::json::parse_event_t event, nlohmann::json& parsed) {
          return guard(depth, event, parsed);
        });
    if (!guard.problem().empty()) return InvalidArgument("the JSON text " + guard.problem());
    return json;
  } catch (const std::exception& error) {
    return InvalidArgument("not valid JSON: " + ReasonOf(error));
  }
}

std::string DumpJson(const nlohmann::json& json) {
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace redline::spec
