// The resolver against what vLLM 0.13.0 itself made of each command line.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "backends/model_configs.h"
#include "backends/vllm/resolver.h"

namespace redline::backends::vllm {
namespace {

using nlohmann::json;

const std::filesystem::path kGolden = "../shared/data/engine-golden/golden_vllm_0.13.0.jsonl";

#define SKIP_WITHOUT(path) \
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "NOT TESTED: " << (path) << " is absent"

std::vector<json> ReadCases() {
  std::vector<json> cases;
  std::ifstream in(kGolden);
  for (std::string line; std::getline(in, line);) cases.push_back(json::parse(line));
  return cases;
}

std::string ModelOf(const json& arguments) {
  for (size_t i = 0; i + 1 < arguments.size(); ++i)
    if (arguments[i] == "--model") return arguments[i + 1];
  return "";
}

spec::HardwareProfile HardwareOf(const json& hardware) {
  const std::string capability = hardware.at("compute_capability");
  return {.name = hardware.at("profile"),
          .gpu = hardware.at("gpu"),
          .compute_capability = static_cast<int>(std::stod(capability) * 10 + 0.5),
          .gpu_memory_mib = hardware.at("gpu_memory_mib"),
          .num_gpus = hardware.at("gpus")};
}

ResolveRequest RequestOf(const json& golden) {
  ResolveRequest request;
  request.version = "0.13.0";
  request.arguments = golden.at("args").get<std::vector<std::string>>();
  request.environment = golden.at("env").get<std::map<std::string, std::string>>();
  request.model_config = FindModelConfig(ModelOf(golden.at("args"))).value();
  request.hardware = HardwareOf(golden.at("hardware"));
  return request;
}

size_t CountFields(const json& value) {
  if (!value.is_object()) return 1;
  size_t count = 0;
  for (const json& each : value) count += CountFields(each);
  return count;
}

TEST(VllmGoldenTest, EveryCaseIsResolvedAsTheEngineDoes) {
  SKIP_WITHOUT(kGolden);
  size_t num_fields = 0;
  for (const json& golden : ReadCases()) {
    SCOPED_TRACE(golden.at("id"));
    const EngineResolution resolution = Resolve(RequestOf(golden));
    const std::string stage = resolution.error ? resolution.error->stage : "ok";
    EXPECT_EQ(golden.at("stage"), stage)
        << (resolution.error ? resolution.error->message : "") << "\nvLLM: " << golden.at("error");
    // Every field is decided before the model is loaded: none is left out.
    EXPECT_EQ(golden.at("resolved"), resolution.resolved)
        << json::diff(golden.at("resolved"), resolution.resolved);
    num_fields += CountFields(golden.at("resolved"));
  }
  RecordProperty("fields", static_cast<int>(num_fields));
}

}  // namespace
}  // namespace redline::backends::vllm
