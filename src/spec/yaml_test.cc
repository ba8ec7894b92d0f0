#include "spec/yaml.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace redline::spec {
namespace {

TEST(Yaml, ScalarsOfTheCoreSchema) {
  const struct {
    const char* yaml;
    const char* json;
  } kCases[] = {
      {"a: 1", R"({"a":1})"},
      {"a: -1.5", R"({"a":-1.5})"},
      {"a: 1e3", R"({"a":1000.0})"},
      {"a: true", R"({"a":true})"},
      {"a: 'true'", R"({"a":"true"})"},
      {"a: \"1\"", R"({"a":"1"})"},
      {"a: ~\nb:\nc: null", R"({"a":null,"b":null,"c":null})"},
      {"a: nan\nb: .inf\nc: 1e999", R"({"a":"nan","b":".inf","c":"1e999"})"},
      {"a: [1, {b: c}]", R"({"a":[1,{"b":"c"}]})"},
      {"a: &x {b: 1}\nc: *x", R"({"a":{"b":1},"c":{"b":1}})"},
      {"{\"a\": [1, 2]}", R"({"a":[1,2]})"},
      {"", "null"},
  };
  for (const auto& c : kCases) {
    const auto value = ParseYaml(c.yaml);
    ASSERT_TRUE(value.ok()) << c.yaml << ": " << value.status().ToString();
    EXPECT_EQ(value->dump(), c.json) << c.yaml;
  }
}

// Each level names the one before it ten times.
std::string Bomb() {
  std::string yaml = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int level = 1; level < 9; ++level) {
    const std::string before = "*a" + std::to_string(level - 1);
    const std::string name = "a" + std::to_string(level);
    yaml += name + ": &" + name + " [" + before;
    for (int copy = 1; copy < 10; ++copy) yaml += ", " + before;
    yaml += "]\n";
  }
  return yaml;
}

TEST(Yaml, RefusesWhatIsHostileOrAmbiguous) {
  const struct {
    std::string yaml;
    const char* message;
  } kCases[] = {
      {"a: 1\nb: 2\na: 3", "line 3: the key \"a\" occurs twice"},
      {"a: [1, 2", "line 1"},
      {"? [a, b]\n: 1", "a key must be text"},
      {"a: \xFF", "not valid UTF-8"},
      {std::string(40, '[') + std::string(40, ']'), "nested more than 32 deep"},
      {std::string(100'000, '['), ""},
      {Bomb(), "more than 100000 values"},
      {"a: " + std::string(2 << 20, 'x'), "at most 1.0 MiB"},
      {"a: *nowhere", "line 1"},
  };
  for (const auto& c : kCases) {
    const auto value = ParseYaml(c.yaml);
    ASSERT_FALSE(value.ok()) << c.yaml.substr(0, 80);
    EXPECT_THAT(value.status().message(), ::testing::HasSubstr(c.message));
  }
}

}  // namespace
}  // namespace redline::spec
