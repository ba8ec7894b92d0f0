#include "planner/model/module_patterns.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace redline::planner {
namespace {

TEST(ModulePatternsTest, EachWayOfNaming) {
  const struct {
    std::string pattern;
    std::string module_path;
    bool matches;
  } cases[] = {
      {"lm_head", "lm_head", true},
      {"gate", "model.layers.3.block_sparse_moe.gate", true},
      {"gate", "model.layers.3.mlp.gate_proj", false},
      {"model.layers.3.self_attn", "model.layers.3.self_attn.q_proj", true},
      {"model.layers.3", "model.layers.31.self_attn.q_proj", false},
      {"model.layers.*.self_attn", "model.layers.17.self_attn.o_proj", true},
      {"model.layers.*.self_attn", "model.layers.17.mlp.experts", false},
      {"model.layers.61*", "model.layers.61.mlp.experts.0.gate_proj", true},
      {"language_model.model.layers.0.self_attn*", "model.layers.0.self_attn.q_a_proj", true},
      {"model.language_model.layers.0.linear_attn*", "model.layers.0.linear_attn.out_proj", true},
      {"*.mlp.shared_expert.*", "model.layers.0.mlp.shared_expert.gate_proj", true},
      {"re:.*self_attn.*", "model.layers.0.self_attn.q_a_proj", true},
      {"re:.*mlp\\.(gate|up)_proj.*", "model.layers.0.mlp.up_proj", true},
      {"re:.*mlp\\.(gate|up)_proj.*", "model.layers.0.mlp.experts.0.up_proj", false},
      {"re:^model\\.layers\\.0\\.mlp", "model.layers.0.mlp.down_proj", true},
      {"re:layers", "model.layers.0", false},
      {"", "model.layers.0", false},
  };
  for (const auto& each : cases) {
    ModulePatterns patterns;
    ASSERT_TRUE(patterns.Add(each.pattern).ok()) << each.pattern;
    EXPECT_EQ(patterns.Match(each.module_path), each.matches)
        << each.pattern << " and " << each.module_path;
  }
}

TEST(ModulePatternsTest, WhatIsNotUnderstoodIsRefused) {
  for (const std::string pattern : {"re:[a-z]+", "re:a{2}", "re:(a|(b))", "re:(a", "re:\\d",
                                    "re:a|b", "re:(a|b|c|d)(a|b|c|d)(a|b|c|d)(a|b|c|d)"}) {
    ModulePatterns patterns;
    const Status status = patterns.Add(pattern);
    EXPECT_EQ(status.code(), Code::kInvalidArgument) << pattern;
    EXPECT_EQ(status.param(), "quantization_config") << pattern;
  }
  ModulePatterns patterns;
  EXPECT_FALSE(patterns.Add(std::string(300, 'a')).ok());
  EXPECT_FALSE(patterns.Add(std::string("a\x01*")).ok());
  Status status;
  for (int index = 0; status.ok() && index < 1000; ++index)
    status = patterns.Add("model" + std::to_string(index) + "*");
  EXPECT_THAT(status.message(), ::testing::HasSubstr("512"));
}

TEST(ModulePatternsTest, ModulesOfALayer) {
  ModulePatterns patterns;
  ASSERT_TRUE(patterns.Add("model.layers.0.self_attn.o_proj").ok());
  ASSERT_TRUE(patterns.Add("*.shared_expert.*").ok());
  const ModuleSet modules = patterns.MatchLayer("model.layers.0");
  EXPECT_TRUE(modules.Has(Module::kOutput));
  EXPECT_TRUE(modules.Has(Module::kSharedExperts));
  EXPECT_FALSE(modules.Has(Module::kQkv));
  EXPECT_FALSE(modules.Has(Module::kExperts));
  EXPECT_FALSE(patterns.MatchLayer("model.layers.1").Has(Module::kOutput));
}

}  // namespace
}  // namespace redline::planner
