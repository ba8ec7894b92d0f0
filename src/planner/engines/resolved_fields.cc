#include "planner/engines/settings_readers.h"

namespace redline::planner {
namespace {

const nlohmann::json* FieldAt(const nlohmann::json& resolved, std::string_view path) {
  const nlohmann::json* at = &resolved;
  while (!path.empty()) {
    const size_t dot = std::min(path.find('.'), path.size());
    if (!at->is_object()) return nullptr;
    const auto found = at->find(std::string(path.substr(0, dot)));
    if (found == at->end()) return nullptr;
    at = &*found;
    path.remove_prefix(std::min(dot + 1, path.size()));
  }
  return at;
}

}  // namespace

int64_t IntAt(const nlohmann::json& resolved, std::string_view path, int64_t otherwise) {
  const auto* field = FieldAt(resolved, path);
  return field != nullptr && field->is_number_integer() ? field->get<int64_t>() : otherwise;
}

double NumberAt(const nlohmann::json& resolved, std::string_view path, double otherwise) {
  const auto* field = FieldAt(resolved, path);
  return field != nullptr && field->is_number() ? field->get<double>() : otherwise;
}

bool BoolAt(const nlohmann::json& resolved, std::string_view path, bool otherwise) {
  const auto* field = FieldAt(resolved, path);
  return field != nullptr && field->is_boolean() ? field->get<bool>() : otherwise;
}

std::string TextAt(const nlohmann::json& resolved, std::string_view path,
                   std::string_view otherwise) {
  const auto* field = FieldAt(resolved, path);
  return field != nullptr && field->is_string() ? field->get<std::string>()
                                                : std::string(otherwise);
}

std::vector<int64_t> IntsAt(const nlohmann::json& resolved, std::string_view path) {
  std::vector<int64_t> numbers;
  const auto* field = FieldAt(resolved, path);
  if (field == nullptr || !field->is_array()) return numbers;
  for (const auto& entry : *field) {
    if (entry.is_number_integer()) numbers.push_back(entry.get<int64_t>());
  }
  return numbers;
}

}  // namespace redline::planner
