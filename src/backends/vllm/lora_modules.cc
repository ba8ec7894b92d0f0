#include "backends/vllm/lora_modules.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>

#include "backends/vllm/names.h"
#include "base/strings.h"

namespace redline::backends::vllm {
namespace {

using nlohmann::json;

bool IsModule(const json& value) {
  constexpr std::array<std::string_view, 3> kKeys = {"name", "path", "base_model_name"};
  if (!value.is_object() || !value.contains("name") || !value.contains("path")) return false;
  const auto items = value.items();
  return std::all_of(items.begin(), items.end(),
                     [&](const auto& item) { return Contains(kKeys, item.key()); });
}

bool IsGood(const std::string& text) {
  if (text.find('=') != std::string::npos && text.find(',') == std::string::npos)
    return std::count(text.begin(), text.end(), '=') == 1;
  return IsModule(json::parse(text, nullptr, /*allow_exceptions=*/false));
}

}  // namespace

Status CheckLoraModules(const json& items) {
  if (!items.is_array()) return OkStatus();
  for (const json& item : items) {
    if (!item.is_string() || item == "" || IsGood(item.get<std::string>())) continue;
    return InvalidArgument(
        fmt::format("argument --lora-modules: \"{}\" is neither NAME=PATH nor a JSON object with "
                    "name, path and base_model_name",
                    Excerpt(item.get<std::string>())),
        "--lora-modules");
  }
  return OkStatus();
}

}  // namespace redline::backends::vllm
