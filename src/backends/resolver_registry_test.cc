#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "backends/model_configs.h"
#include "backends/resolution.h"

namespace redline::backends {
namespace {

using ::testing::HasSubstr;

TEST(ResolverRegistryTest, EnginesAreFoundByNameAndVersion) {
  EXPECT_EQ(FindEngineVersion("sglang@0.5.6.post2")->version, "0.5.6.post2");
  EXPECT_EQ(FindEngineVersion("SGLang")->version, "0.5.6.post2");
}

TEST(ResolverRegistryTest, UnknownOnesGetTheNearestName) {
  const struct {
    std::string name;
    std::string message;
  } cases[] = {
      {"sglnag", "engine \"sglnag\" is not known; there is sglang"},
      {"sglang@0.5.6.post1", "did you mean \"0.5.6.post2\"?"},
      {"sglang@", "sglang \"\" is not known"},
      {"", "engine \"\" is not known"},
  };
  for (const auto& each : cases) {
    const auto found = FindEngineVersion(each.name);
    ASSERT_FALSE(found.ok()) << each.name;
    EXPECT_THAT(found.status().message(), HasSubstr(each.message));
  }
}

TEST(ModelConfigsTest, ModelsAreFoundInAnyCaseAndWithTheirOrganisation) {
  for (const std::string name :
       {"DeepSeek-V3.2", "deepseek-ai/deepseek-v3.2", "/models/DeepSeek-V3.2/"}) {
    const auto config = FindModelConfig(name);
    ASSERT_TRUE(config.ok()) << config.status().ToString();
    EXPECT_EQ(config->at("index_topk"), 2048);
  }
  for (const std::string& name : ModelConfigNames()) {
    const auto config = FindModelConfig(name);
    ASSERT_TRUE(config.ok()) << name;
    EXPECT_TRUE(config->contains("architectures")) << name;
    // A model that sees has its language model inside.
    EXPECT_TRUE(config->value("text_config", *config).contains("num_attention_heads")) << name;
  }
}

TEST(ModelConfigsTest, UnknownModelsGetTheNearestName) {
  const auto config = FindModelConfig("deepseek-ai/DeepSeek-V3.22");
  ASSERT_FALSE(config.ok());
  EXPECT_THAT(config.status().message(), HasSubstr("did you mean \"DeepSeek-V3.2\"?"));
  EXPECT_FALSE(FindModelConfig("").ok());
}

}  // namespace
}  // namespace redline::backends
