#include "backends/install/recipe.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <iterator>
#include <nlohmann/json.hpp>

#include "base/strings.h"
#include "embedded/llama_cpp_files.h"
#include "embedded/sglang_files.h"
#include "embedded/vllm_files.h"

namespace redline::backends {
namespace {

using nlohmann::json;

constexpr std::string_view kKeys[] = {
    "engine",  "version", "device",     "python",   "names", "environment", "tools",
    "program", "check",   "disk_bytes", "packages", "cuda",  "distribution"};

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
  recipe.distribution = document.value("distribution", "");
  recipe.environment = document.value("environment", recipe.environment);
  recipe.tools = document.value("tools", recipe.tools);
  recipe.program = document.at("program");
  recipe.check = document.at("check");
  recipe.disk_bytes = document.at("disk_bytes");
  recipe.cuda = document.value("cuda", recipe.cuda);
  return recipe;
}

std::string UnknownKeyOf(const json& document) {
  for (const auto& [key, value] : document.items()) {
    if (std::find(std::begin(kKeys), std::end(kKeys), key) == std::end(kKeys)) return key;
  }
  return "";
}

bool IsWordOf(std::string_view text, std::string_view more) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](unsigned char c) {
    return std::isalnum(c) != 0 || more.find(static_cast<char>(c)) != std::string_view::npos;
  });
}

// NAME==VERSION and nothing else: a line of a requirements file can be an option of pip, too.
bool IsPinned(std::string_view package) {
  const size_t equals = package.find("==");
  if (equals == std::string_view::npos) return false;
  return IsWordOf(package.substr(0, equals), "-_.") && package.front() != '-' &&
         IsWordOf(package.substr(equals + 2), ".+!_-");
}

// A part of a folder's name.
bool IsFolderWord(std::string_view text) { return IsWordOf(text, "-_.+") && text.front() != '.'; }

bool HasWords(const std::vector<std::string>& command) {
  return !command.empty() && !command.front().empty() && command.front().front() != '/';
}

// What is wrong with a recipe that could be read; "": nothing.
std::string FaultOf(const InstallRecipe& recipe) {
  for (const std::string& word : {recipe.engine, recipe.version, recipe.device}) {
    if (!IsFolderWord(word)) return "engine, version and device are words of letters and digits";
  }
  if (MinorOf(recipe.python_from) == 0 ||
      MinorOf(recipe.python_before) <= MinorOf(recipe.python_from))
    return R"(python is two versions, the first below the second: ["3.10", "3.13"])";
  if (recipe.packages.empty()) return "it has no packages";
  for (const std::string& package : recipe.packages) {
    if (!IsPinned(package)) return fmt::format("\"{}\" is not NAME==VERSION", Excerpt(package));
  }
  for (const auto& [name, version] : recipe.names) {
    if (!IsPinned(name + "==" + version))
      return fmt::format("\"{}\" of names has no version", Excerpt(name));
  }
  if (!HasWords(recipe.program) || !HasWords(recipe.check))
    return "program and check begin with a path below the installation";
  return recipe.disk_bytes >= 0 ? "" : "disk_bytes is negative";
}

}  // namespace

Result<InstallRecipe> InstallRecipeFromJson(std::string_view document) {
  try {
    const json read = json::parse(document);
    InstallRecipe recipe = RecipeOf(read);
    if (const std::string key = UnknownKeyOf(read); !key.empty())
      return InvalidArgument(fmt::format("not a recipe: unknown key \"{}\"", Excerpt(key)));
    const std::string fault = FaultOf(recipe);
    if (!fault.empty()) return InvalidArgument("not a recipe: " + fault);
    return recipe;
  } catch (const json::exception& error) {
    return InvalidArgument("not a recipe: " + Excerpt(error.what(), 200));
  }
}

const std::vector<InstallRecipe>& AllInstallRecipes() {
  static const std::vector<InstallRecipe> recipes = ReadEmbeddedRecipes();
  return recipes;
}

Result<const InstallRecipe*> FindInstallRecipe(std::string_view engine, std::string_view version) {
  const std::string wanted =
      version.empty() ? std::string(engine) : fmt::format("{}@{}", engine, version);
  std::vector<std::string> known;
  for (const InstallRecipe& recipe : AllInstallRecipes()) {
    if (recipe.NameAtVersion() == wanted) return &recipe;
    known.push_back(recipe.NameAtVersion());
  }
  const std::string nearest = DidYouMean(wanted, known);
  return InvalidArgument(
      fmt::format("there is no recipe for \"{}\"; there are: {}{} An engine that is there already "
                  "is made known with: redline engine install NAME@VERSION --path DIR",
                  Excerpt(wanted), Join(known, ", "), nearest.empty() ? "." : nearest),
      "engine");
}

bool IsPythonFor(const InstallRecipe& recipe, std::string_view python_version) {
  const int64_t minor = MinorOf(python_version);
  return minor >= MinorOf(recipe.python_from) && minor < MinorOf(recipe.python_before);
}

}  // namespace redline::backends
