#include "backends/vllm/config_classes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace redline::backends::vllm {
namespace {

using nlohmann::json;

TEST(ConfigClassesTest, ValuesAreConvertedAsPydanticDoes) {
  const struct {
    const char* dest;
    const char* given;
    const char* key;
    json value;
  } cases[] = {
      {"compilation_config", R"({"mode": "vllm_compile"})", "mode", 3},
      {"compilation_config", R"({"level": 0})", "mode", 0},
      {"compilation_config", R"({"mode": 1, "level": 0})", "mode", 1},
      {"compilation_config", R"({"cudagraph_mode": "piecewise"})", "cudagraph_mode", "PIECEWISE"},
      {"compilation_config", R"({"cudagraph_mode": 2})", "cudagraph_mode", "FULL"},
      {"compilation_config",
       R"({"cudagraph_capture_sizes": ["1", 2.0, true]})",
       "cudagraph_capture_sizes",
       {1, 2, 1}},
      {"compilation_config",
       R"({"pass_config": {"enable_sp": "on"}})",
       "pass_config",
       {{"enable_sp", true}}},
      {"attention_config", R"({"backend": "flashmla"})", "backend", "FLASHMLA"},
      {"attention_config", R"({"unknown": 1, "use_cudnn_prefill": 1})", "use_cudnn_prefill", true},
      {"kv_transfer_config", R"({"kv_connector": "C", "kv_role": "kv_both"})", "kv_role",
       "kv_both"},
      {"no_config_class", R"({"a": 1})", "a", 1},
  };
  for (const auto& each : cases) {
    SCOPED_TRACE(each.given);
    const auto read = ReadConfigArgument(each.dest, json::parse(each.given));
    ASSERT_TRUE(read.ok()) << read.status().message();
    EXPECT_EQ(each.value, read->at(each.key));
  }
}

TEST(ConfigClassesTest, RefusalsNameKeyAndRemedy) {
  const struct {
    const char* dest;
    const char* given;
    const char* message;
  } cases[] = {
      {"compilation_config", R"({"cudagraph_capture_size": [1]})", "cudagraph_capture_sizes"},
      {"compilation_config", R"({"cudagraph_mode": "ALL"})", "FULL_AND_PIECEWISE"},
      {"compilation_config", R"({"mode": 4})", "0 to 3"},
      {"compilation_config", R"({"mode": 3, "backend": "mine"})", "eager or inductor"},
      {"compilation_config", R"({"custom_ops": ["rms_norm"]})", "behind + or -"},
      {"compilation_config", R"({"custom_ops": ["all", "none"]})", "once"},
      {"compilation_config", R"({"pass_config": {"fuse": true}})", "PassConfig"},
      {"attention_config", R"({"backend": "FA9"})", "FLASH_ATTN"},
      {"attention_config", R"({"flash_attn_version": 4})", "2 or 3"},
      {"eplb_config", R"({"num_redundant_experts": -1})", "at least 0"},
      {"kv_transfer_config", R"({"kv_connector": "C"})", "kv_role"},
      {"kv_transfer_config", R"({"kv_role": "both"})", "kv_both"},
      {"structured_outputs_config", R"({"disable_any_whitespace": true})", "xgrammar"},
      {"profiler_config", R"({"profiler": "torch"})", "torch_profiler_dir"},
      {"profiler_config", "null", "JSON object"},
  };
  for (const auto& each : cases) {
    SCOPED_TRACE(each.given);
    const auto read = ReadConfigArgument(each.dest, json::parse(each.given));
    ASSERT_FALSE(read.ok());
    EXPECT_THAT(read.status().message(), testing::HasSubstr(each.message));
  }
}

}  // namespace
}  // namespace redline::backends::vllm
