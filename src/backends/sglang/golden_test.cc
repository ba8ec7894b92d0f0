// The resolver against the engine's own code: every case that it once answered, kept as data.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "backends/model_configs.h"
#include "backends/resolution.h"

namespace redline::backends {
namespace {

using nlohmann::json;

const std::filesystem::path kGolden =
    "../shared/data/engine-golden/golden_sglang_0.5.6.post2.jsonl";

// Fields that nobody can know before the engine starts, and why. The rest must be equal.
const std::set<std::string> kUnknowable = {
    "random_seed",  // drawn at random
};

std::vector<json> Cases() {
  std::vector<json> cases;
  std::ifstream in(kGolden);
  for (std::string line; std::getline(in, line);) cases.push_back(json::parse(line));
  return cases;
}

EngineResolution ResolveCase(const json& golden) {
  const EngineVersion engine = FindEngineVersion("sglang@0.5.6.post2").value();
  ResolveRequest request{
      .version = engine.version,
      .arguments = golden.at("args").get<std::vector<std::string>>(),
      .environment = golden.at("env").get<std::map<std::string, std::string>>(),
      .model_config = {},
      .hardware = spec::FindHardwareProfile(golden.at("hardware").at("profile").get<std::string>())
                      .value()};
  const auto config = FindModelConfig(engine.resolver->model_of(request));
  if (config.ok()) request.model_config = *config;
  return engine.resolver->resolve(request);
}

std::string StageOf(const EngineResolution& resolution) {
  return resolution.error ? resolution.error->stage : "ok";
}

// One line for each field that differs. `resolved` is null when the arguments were refused.
std::string Differences(const json& expected, const json& resolved) {
  if (resolved.is_null()) return "nothing is resolved";
  std::string differences;
  for (const auto& [field, value] : expected.items()) {
    if (kUnknowable.contains(field) || (resolved.contains(field) && resolved.at(field) == value))
      continue;
    differences += "\n  " + field + ": the engine runs " + value.dump() + ", resolved " +
                   resolved.value(field, json("nothing")).dump();
  }
  return differences;
}

#define SKIP_WITHOUT(path) \
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "NOT TESTED: " << (path) << " is absent"

TEST(SglangGoldenTest, EveryCaseIsAnsweredAsByTheEngine) {
  SKIP_WITHOUT(kGolden);
  size_t num_fields = 0;
  for (const json& golden : Cases()) {
    SCOPED_TRACE(golden.at("id").get<std::string>());
    const EngineResolution resolution = ResolveCase(golden);
    EXPECT_EQ(StageOf(resolution), golden.at("stage"))
        << (resolution.error ? resolution.error->message : "");
    if (golden.at("resolved").is_null()) continue;
    EXPECT_EQ(Differences(golden.at("resolved"), resolution.resolved), "");
    num_fields += golden.at("resolved").size();
  }
  EXPECT_GT(num_fields, 4000u);
}

TEST(SglangGoldenTest, TheEnginesWarningsComeFirstInItsOrder) {
  SKIP_WITHOUT(kGolden);
  for (const json& golden : Cases()) {
    SCOPED_TRACE(golden.at("id").get<std::string>());
    std::vector<std::string> warnings = ResolveCase(golden).warnings;
    const auto expected = golden.at("warnings").get<std::vector<std::string>>();
    if (warnings.size() > expected.size()) warnings.resize(expected.size());
    EXPECT_EQ(warnings, expected);
  }
}

TEST(SglangGoldenTest, RewrittenFieldsAreTold) {
  SKIP_WITHOUT(kGolden);
  for (const json& golden : Cases()) {
    SCOPED_TRACE(golden.at("id").get<std::string>());
    const EngineResolution resolution = ResolveCase(golden);
    json rewritten = json::object();
    for (const Rewrite& each : resolution.rewritten) {
      EXPECT_FALSE(each.rule.empty());
      rewritten[each.field] = {each.asked, each.got};
    }
    if (!golden.contains("rewritten")) continue;
    for (const auto& [field, asked_and_got] : golden.at("rewritten").items())
      EXPECT_EQ(rewritten.value(field, json()), asked_and_got) << field;
  }
}

}  // namespace
}  // namespace redline::backends
