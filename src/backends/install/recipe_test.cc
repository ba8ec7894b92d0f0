#include "backends/install/recipe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>

#include "embedded/llama_cpp_files.h"
#include "embedded/sglang_files.h"
#include "embedded/vllm_files.h"

namespace redline::backends {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

json SmallRecipe() {
  return {{"engine", "tiny"},          {"version", "1.0"},
          {"device", "cpu"},           {"python", {"3.10", "3.13"}},
          {"packages", {"tiny==1.0"}}, {"program", {"bin/tiny"}},
          {"check", {"bin/tiny"}},     {"disk_bytes", 1}};
}

TEST(RecipeTest, EveryEmbeddedRecipeIsRead) {
  std::set<std::string> names;
  for (const auto& files :
       {embedded::vllm_files(), embedded::sglang_files(), embedded::llama_cpp_files()}) {
    for (const EmbeddedFile& file : files) {
      if (!file.path.starts_with("install_")) continue;
      const auto recipe = InstallRecipeFromJson(file.data);
      ASSERT_TRUE(recipe.ok()) << file.path << ": " << recipe.status().ToString();
      EXPECT_EQ(file.path, "install_" + recipe->version + "_" + recipe->device + ".json");
      EXPECT_TRUE(names.insert(recipe->NameAtVersion()).second)
          << recipe->NameAtVersion() << " has two recipes: the store keeps one";
    }
  }
  EXPECT_EQ(names.size(), AllInstallRecipes().size());
  EXPECT_GE(names.size(), 4u);
}

TEST(RecipeTest, EmbeddedRecipesAreWhole) {
  constexpr int64_t kMiB = 1 << 20;
  for (const InstallRecipe& recipe : AllInstallRecipes()) {
    SCOPED_TRACE(recipe.NameAtVersion());
    EXPECT_GT(recipe.disk_bytes, 100 * kMiB);
    std::set<std::string> distributions;
    for (const std::string& package : recipe.packages)
      EXPECT_TRUE(distributions.insert(package.substr(0, package.find("=="))).second) << package;
    // What looks itself up by another name is one of the packages, in that version.
    for (const auto& [name, version] : recipe.names) {
      const std::string plain = version.substr(0, version.find('+'));
      EXPECT_TRUE(distributions.contains(name + "-cpu")) << name;
      EXPECT_THAT(recipe.packages, testing::Contains(name + "-cpu==" + plain));
    }
    EXPECT_EQ(*FindInstallRecipe(recipe.engine, recipe.version), &recipe);
  }
}

TEST(RecipeTest, ThisBuildsPythonsAreTold) {
  const InstallRecipe recipe = InstallRecipeFromJson(SmallRecipe().dump()).value();
  const struct {
    std::string version;
    bool fits;
  } cases[] = {
      {"3.10.0", true},   {"3.10", true},
      {"3.12.99", true},  {"3.9.18", false},
      {"3.13.0", false},  {"4.11.0", false},
      {"2.7.18", false},  {"3", false},
      {"", false},        {"3.x", false},
      {"3.-11", false},   {"pypy", false},
      {"3.11rc1", false}, {"3.99999999999999999999", false},
  };
  for (const auto& each : cases)
    EXPECT_EQ(IsPythonFor(recipe, each.version), each.fits) << each.version;
}

TEST(RecipeTest, UnknownOnesGetTheNearestName) {
  const struct {
    std::string engine;
    std::string version;
    std::string message;
  } cases[] = {
      {"vllm", "0.13", "no recipe for \"vllm@0.13\"; there are: "},
      {"vllm", "0.13.1", "; did you mean \"vllm@0.13.0\"? An engine that is there already"},
      {"vlm", "0.13.0", "; did you mean \"vllm@0.13.0\"? An engine"},
      {"vllm", "", "no recipe for \"vllm\"; there are: "},
      {"tensorrt_llm", "1.0", "llama_cpp@11434. An engine that"},
      {"../../etc", "passwd", "no recipe for \"../../etc@passwd\""},
      {"a\n\x1b[31m", "1", "no recipe for \"a\\n\\x1b[31m@1\""},
      {"", "", "no recipe for \"\""},
  };
  for (const auto& each : cases) {
    const auto found = FindInstallRecipe(each.engine, each.version);
    EXPECT_EQ(found.status().code(), Code::kInvalidArgument);
    EXPECT_THAT(found.status().message(), HasSubstr(each.message));
    EXPECT_THAT(found.status().message(), testing::Not(HasSubstr("?.")));
  }
}

TEST(RecipeTest, WhatIsNoRecipeIsRefused) {
  const struct {
    const char* patch;  // over the small recipe
    const char* message;
  } cases[] = {
      {R"({"engine": null})", "key 'engine' not found"},
      {R"({"engine": 5})", "must be string"},
      {R"({"engine": "../tiny"})", "words of letters"},
      {R"({"engine": ""})", "words of letters"},
      {R"({"version": ".."})", "words of letters"},
      {R"({"version": "1/2"})", "words of letters"},
      {R"({"python": ["3.13", "3.10"]})", "two versions"},
      {R"({"python": ["3.13", "3.13"]})", "two versions"},
      {R"({"python": ["three", "four"]})", "two versions"},
      {R"({"python": []})", "out of range"},
      {R"({"python": "3.10"})", "not a recipe"},
      {R"({"packages": []})", "no packages"},
      {R"({"packages": ["tiny"]})", "\"tiny\" is not NAME==VERSION"},
      {R"({"packages": ["tiny>=1.0"]})", "is not NAME==VERSION"},
      {R"({"packages": ["tiny=="]})", "is not NAME==VERSION"},
      {R"({"packages": ["==1.0"]})", "is not NAME==VERSION"},
      {R"({"packages": ["tiny==1.*"]})", "is not NAME==VERSION"},
      {R"({"packages": ["tiny==1.0\n--index-url=http://x/"]})", "is not NAME==VERSION"},
      {R"({"packages": ["-e git+http://x#egg==1"]})", "is not NAME==VERSION"},
      {R"({"packages": ["--pre==1"]})", "is not NAME==VERSION"},
      {R"({"packages": {"tiny": "1.0"}})", "must be array"},
      {R"({"names": {"../tiny": "1.0"}})", "has no version"},
      {R"({"names": {"tiny": ""}})", "has no version"},
      {R"({"program": []})", "path below the installation"},
      {R"({"program": [""]})", "path below the installation"},
      {R"({"program": ["/bin/sh"]})", "path below the installation"},
      {R"({"check": []})", "path below the installation"},
      {R"({"disk_bytes": -1})", "negative"},
      {R"({"disk_bytes": "much"})", "must be number"},
      {R"({"builds": true})", "unknown key \"builds\""},
  };
  EXPECT_TRUE(InstallRecipeFromJson(SmallRecipe().dump()).ok());
  for (const auto& each : cases) {
    json document = SmallRecipe();
    document.merge_patch(json::parse(each.patch));
    const auto recipe = InstallRecipeFromJson(document.dump());
    EXPECT_EQ(recipe.status().code(), Code::kInvalidArgument) << each.patch;
    EXPECT_THAT(recipe.status().message(), HasSubstr(each.message)) << each.patch;
  }
}

TEST(RecipeTest, AnyBytesAreRefusedInOneShortLine) {
  for (const std::string& text :
       {std::string(), std::string("["), std::string("null"), std::string("[1, 2]"),
        std::string("\xff\x00{", 3), std::string(100'000, '['), std::string(100'000, 'x'),
        std::string(R"({"engine": "a\u0000b"})")}) {
    const auto recipe = InstallRecipeFromJson(text);
    EXPECT_EQ(recipe.status().code(), Code::kInvalidArgument);
    EXPECT_LT(recipe.status().message().size(), 300u);
    EXPECT_EQ(recipe.status().message().find('\n'), std::string::npos);
  }
}

}  // namespace
}  // namespace redline::backends
