// 300 argument lists an engine, misspelt, abbreviated, repeated, conflicting or out of range, each
// with the step at which the engine's own code refuses it ("ok": it does not).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>

#include "backends/model_configs.h"
#include "backends/resolution.h"

namespace redline::backends {
namespace {

using nlohmann::json;

struct Mutations {
  std::string engine;
  std::string version;
};
const Mutations kMutations[] = {{"sglang", "0.5.6.post2"}, {"vllm", "0.13.0"}};

class MutationsTest : public testing::TestWithParam<Mutations> {};

EngineResolution ResolveCase(const Mutations& mutations, const json& mutation) {
  const EngineVersion engine =
      FindEngineVersion(mutations.engine + "@" + mutations.version).value();
  ResolveRequest request{
      .version = engine.version,
      .arguments = mutation.at("args").get<std::vector<std::string>>(),
      .environment = {},
      .model_config = {},
      .hardware = spec::FindHardwareProfile(mutation.at("hardware").get<std::string>()).value()};
  const auto config = FindModelConfig(engine.resolver->model_of(request));
  if (config.ok()) request.model_config = *config;
  return engine.resolver->resolve(request);
}

// "dp_size" as a flag has it.
std::string Dashed(std::string text) {
  std::replace(text.begin(), text.end(), '_', '-');
  return text;
}

TEST_P(MutationsTest, EachIsAcceptedOrRefusedAsByTheEngine) {
  const auto& [engine, version] = GetParam();
  std::ifstream in("src/backends/" + engine + "/testdata/mutations_" + version + ".jsonl");
  size_t num_lists = 0;
  for (std::string line; std::getline(in, line); ++num_lists) {
    const json mutation = json::parse(line);
    const EngineResolution resolution = ResolveCase(GetParam(), mutation);
    EXPECT_EQ(resolution.error ? resolution.error->stage : "ok", mutation.at("stage")) << line;
    if (!resolution.error) continue;
    EXPECT_THAT(Dashed(resolution.error->message),
                testing::HasSubstr(Dashed(resolution.error->field)))
        << line;
  }
  EXPECT_EQ(num_lists, 300u);
}

INSTANTIATE_TEST_SUITE_P(Engines, MutationsTest, testing::ValuesIn(kMutations),
                         [](const auto& each) { return each.param.engine; });

}  // namespace
}  // namespace redline::backends
