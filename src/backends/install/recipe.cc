#include "backends/install/recipe.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/strings.h"
#include "embedded/llama_cpp_files.h"
#include "embedded/sglang_files.h"
#include "embedded/vllm_files.h"

namespace redline::backends {
namespace {

using nlohmann::json;

// 3.11 -> 3011; what is not a version is 0.
int64_t MinorOf(std::string_view python_version) {
  const auto parts = Split(python_version, '.');
  if (parts.size() < 2) return 0;
  const auto major = ParseInt64(parts[0]);
  const auto minor = ParseInt64(parts[1]);
  return major && minor && *minor >= 0 && *minor < 1000 ? *major * 1000 + *minor : 0;
}

std::vector<InstallRecipe> ReadEmbeddedRecipes() {
  std::vector<InstallRecipe> recipes;
  for (const auto& files :
       {embedded::vllm_files(), embedded::sglang_files(), embedded::llama_cpp_files()}) {
    for (const EmbeddedFile& file : files) {
      if (!file.path.starts_with("install_")) continue;
      auto recipe = InstallRecipeFromJson(file.data);
      if (recipe.ok()) recipes.push_back(*std::move(recipe));  // a test holds that all are
    }
  }
  return recipes;
}

InstallRecipe RecipeOf(const json& document) {
  InstallRecipe recipe;
  recipe.engine = document.at("engine");
  recipe.version = document.at("version");
  recipe.device = document.at("device");
  recipe.python_from = document.at("python").at(0);
  recipe.python_before = document.at("python").at(1);
  recipe.packages = document.at("packages");
  recipe.names = document.value("names", recipe.names);
  recipe.distribution = document.value("distribution", recipe.engine + "==" + recipe.version);
  recipe.environment = document.value("environment", recipe.environment);
  recipe.tools = document.value("tools", recipe.tools);
  recipe.program = document.at("program");
  recipe.check = document.at("check");
  recipe.disk_bytes = document.at("disk_bytes");
  recipe.cuda = document.value("cuda", recipe.cuda);
  return recipe;
}

bool IsPinned(const std::string& package) { return package.find("==") != std::string::npos; }

}  // namespace

Result<InstallRecipe> InstallRecipeFromJson(std::string_view document) {
  try {
    InstallRecipe recipe = RecipeOf(json::parse(document));
    if (recipe.packages.empty() || recipe.program.empty() || recipe.check.empty())
      return InvalidArgument("a recipe needs packages, program and check");
    if (!std::all_of(recipe.packages.begin(), recipe.packages.end(), IsPinned))
      return InvalidArgument("every package of a recipe has its version: NAME==VERSION");
    return recipe;
  } catch (const json::exception& error) {
    return InvalidArgument(fmt::format("not a recipe: {}", error.what()));
  }
}

const std::vector<InstallRecipe>& AllInstallRecipes() {
  static const std::vector<InstallRecipe> recipes = ReadEmbeddedRecipes();
  return recipes;
}

Result<const InstallRecipe*> FindInstallRecipe(std::string_view engine, std::string_view version) {
  const std::string wanted = fmt::format("{}@{}", engine, version);
  std::vector<std::string> known;
  for (const InstallRecipe& recipe : AllInstallRecipes()) {
    if (recipe.NameAtVersion() == wanted) return &recipe;
    known.push_back(recipe.NameAtVersion());
  }
  return InvalidArgument(
      fmt::format("there is no recipe for \"{}\"; there are: {}{}. An engine that is there already "
                  "is made known with: redline engine install NAME@VERSION --path DIR",
                  Excerpt(wanted), Join(known, ", "), DidYouMean(wanted, known)),
      "engine");
}

bool IsPythonFor(const InstallRecipe& recipe, std::string_view python_version) {
  const int64_t minor = MinorOf(python_version);
  return minor >= MinorOf(recipe.python_from) && minor < MinorOf(recipe.python_before);
}

}  // namespace redline::backends
