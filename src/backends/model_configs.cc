#include "backends/model_configs.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/strings.h"
#include "embedded/catalog_files.h"

namespace redline::backends {
namespace {

constexpr std::string_view kFolder = "configs/";
constexpr std::string_view kSuffix = ".json";

// "configs/Qwen3-8B.json" -> "Qwen3-8B"; "": another file.
std::string_view NameOf(const EmbeddedFile& file) {
  if (!file.path.starts_with(kFolder) || !file.path.ends_with(kSuffix)) return {};
  return file.path.substr(kFolder.size(), file.path.size() - kFolder.size() - kSuffix.size());
}

}  // namespace

std::vector<std::string> ModelConfigNames() {
  std::vector<std::string> names;
  for (const EmbeddedFile& file : embedded::catalog_files())
    if (!NameOf(file).empty()) names.emplace_back(NameOf(file));
  return names;
}

Result<nlohmann::json> FindModelConfig(std::string_view name) {
  std::string wanted(name);
  while (wanted.size() > 1 && wanted.back() == '/') wanted.pop_back();
  wanted = wanted.substr(wanted.rfind('/') + 1);
  for (const EmbeddedFile& file : embedded::catalog_files()) {
    if (NameOf(file).empty() || ToLower(NameOf(file)) != ToLower(wanted)) continue;
    auto config = nlohmann::json::parse(file.data, nullptr, /*allow_exceptions=*/false);
    if (config.is_object()) return config;
    return Internal(fmt::format("{} is not a JSON object", file.path));
  }
  return NotFound(fmt::format("no configuration of a model \"{}\" is known{}", Excerpt(name),
                              DidYouMean(wanted, ModelConfigNames())),
                  "model");
}

}  // namespace redline::backends
