#include "backends/tensorrt_llm/resolver.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>

#include "backends/arguments/argument_parser.h"
#include "backends/flag_effects.h"
#include "backends/gpu_memory.h"
#include "backends/model_configs.h"
#include "base/strings.h"

namespace redline::backends::tensorrt_llm {
namespace {

using nlohmann::json;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

ResolveRequest RequestOf(const std::string& line, const std::string& model = "DeepSeek-V3.2") {
  ResolveRequest request{.version = "1.2.0rc5",
                         .arguments = {},
                         .environment = {},
                         .model_config = FindModelConfig(model).value(),
                         .hardware = spec::FindHardwareProfile("H200x8").value()};
  if (!line.empty()) request.arguments = Split(line, ' ');
  return request;
}

EngineResolution ResolveLine(const std::string& line, const std::string& model = "DeepSeek-V3.2") {
  return Resolver().resolve(RequestOf(line, model));
}

TEST(TensorrtLlmResolverTest, FieldsResolve) {
  const struct {
    std::string line;
    std::string field;  // JSON pointer
    std::string value;  // JSON
  } cases[] = {
      {"", "/tensor_parallel_size", "1"},
      {"", "/max_batch_size", "2048"},
      {"", "/max_num_tokens", "8192"},
      {"", "/max_seq_len", "null"},
      {"", "/gpus_per_node", "8"},
      {"", "/kv_cache_config/free_gpu_memory_fraction", "0.9"},
      {"", "/scheduler_config/capacity_scheduler_policy", R"("GUARANTEED_NO_EVICT")"},
      {"", "/cuda_graph_config", R"({"max_batch_size": 128, "enable_padding": false})"},
      {"--tp_size 8", "/moe_tensor_parallel_size", "8"},
      {"--tp_size 8", "/moe_expert_parallel_size", "1"},
      {"--tp_size 8 --ep_size 8", "/moe_tensor_parallel_size", "1"},
      {"--tp_size 8 --ep_size 2", "/moe_tensor_parallel_size", "4"},
      {"m --tensor_parallel_size=4 --tp_size 8", "/tensor_parallel_size", "8"},
      {"--backend trt", "/backend", R"("tensorrt")"},
      {"--kv_cache_free_gpu_memory_fraction .75", "/kv_cache_config/free_gpu_memory_fraction",
       "0.75"},
      {"--gpus_per_node 4", "/gpus_per_node", "4"},
      {"--custom_module_dirs a --custom_module_dirs b", "/custom_module_dirs", R"(["a", "b"])"},
      {"--extra_llm_api_options x.yaml", "/config", R"("x.yaml")"},
      {"--chat_template --tp_size", "/chat_template", R"("--tp_size")"},
  };
  for (const auto& each : cases) {
    const EngineResolution resolution = ResolveLine(each.line);
    ASSERT_FALSE(resolution.error) << each.line << ": " << resolution.error->message;
    EXPECT_EQ(resolution.resolved.at(json::json_pointer(each.field)), json::parse(each.value))
        << each.line;
  }
}

TEST(TensorrtLlmResolverTest, WhatWouldNotStartIsRefused) {
  const struct {
    std::string line;
    std::string stage;
    std::string message;
    std::string field;
  } cases[] = {
      {"--tp-size 8", "click", "did you mean \"--tp_size\"?", "--tp-size"},
      {"--tp_siz 8", "click", "did you mean \"--tp_size\"?", "--tp_siz"},
      {"-tp 8", "click", "unrecognized arguments: -tp", "-tp"},
      {"--tp_size", "click", "expected one argument", "--tensor_parallel_size"},
      {"--tp_size eight", "click", "invalid int value: 'eight'", "--tensor_parallel_size"},
      {"--backend torch", "click", "invalid choice: 'torch'", "--backend"},
      {"--trust_remote_code=1", "click", "ignored explicit argument", "--trust_remote_code"},
      {"a b", "click", "unrecognized arguments: b", "b"},
      {"--help", "click", "prints the engine's help", "--help"},
      {"--port 0", "serve", "--port must be from 1 to 65535, not 0", "port"},
      {"--media_io_kwargs {", "serve", "not JSON: \"{\"", "media_io_kwargs"},
      {"--disagg_cluster_uri x", "serve", "needs --server_role", "disagg_cluster_uri"},
      {"--tp_size 0", "llm_args", "--tp_size must be from 1 to", "tensor_parallel_size"},
      {"--pp_size -1", "llm_args", "not -1", "pipeline_parallel_size"},
      {"--tp_size 99999999999999999999", "llm_args", "must be from 1", "tensor_parallel_size"},
      {"--free_gpu_memory_fraction 1.1", "llm_args", "between 0 and 1", "free_gpu_memory_fraction"},
      {"--free_gpu_memory_fraction nan", "llm_args", "between 0 and 1", "free_gpu_memory_fraction"},
      {"--tp_size 16 --gpus_per_node 16", "llm_args", "only 8 GPUs are available, but 16",
       "tensor_parallel_size"},
      {"--backend _autodeploy --tp_size 8", "llm_args", "world_size", "tensor_parallel_size"},
      {"--tp_size 8 --ep_size 3", "mapping", "8 != 2 * 3; give one of 1, 2, 4, 8",
       "moe_expert_parallel_size"},
      {"--tp_size 4 --ep_size 8", "mapping", "4 != 0 * 8", "moe_expert_parallel_size"},
  };
  for (const auto& each : cases) {
    const EngineResolution resolution = ResolveLine(each.line);
    ASSERT_TRUE(resolution.error) << each.line;
    EXPECT_EQ(resolution.error->stage, each.stage) << each.line;
    EXPECT_THAT(resolution.error->message, HasSubstr(each.message));
    EXPECT_EQ(resolution.error->field, each.field);
    EXPECT_TRUE(resolution.resolved.is_null());
  }
  ResolveRequest nameless = RequestOf("--tp_size 8");
  nameless.model_config = nullptr;
  EXPECT_THAT(Resolver().resolve(nameless).error->message, HasSubstr("missing argument 'MODEL'"));
}

// click 8.4 itself on 300 lists (scripts/click_answers.py): what it accepts, and each value.
TEST(TensorrtLlmResolverTest, ListsAreReadAsByClick) {
  const ArgumentTable& table = Resolver().table("1.2.0rc5");
  std::ifstream in("src/backends/tensorrt_llm/testdata/click_1.2.0rc5.jsonl");
  size_t num_lists = 0;
  for (std::string line; std::getline(in, line); ++num_lists) {
    const json answer = json::parse(line);
    const auto parsed = ParseArguments(table, answer.at("args").get<std::vector<std::string>>());
    ASSERT_EQ(parsed.ok(), answer.at("ok").get<bool>()) << line << parsed.status().ToString();
    if (!parsed.ok()) continue;
    json given = json::object();
    for (const std::string& dest : parsed->given) {
      const json& value = parsed->values.at(dest);
      const bool is_finite = !value.is_number() || std::isfinite(value.get<double>());
      given[dest] = is_finite ? value : json(std::isnan(value.get<double>()) ? "nan" : "inf");
    }
    EXPECT_EQ(given, answer.at("values")) << line;
  }
  EXPECT_EQ(num_lists, 300u);
}

TEST(TensorrtLlmResolverTest, RewritesNameRuleAndSource) {
  const EngineResolution resolution = ResolveLine("--tp_size 8 --ep_size 8 --backend trt");
  std::vector<std::string> fields;
  for (const Rewrite& each : resolution.rewritten) {
    fields.push_back(each.field);
    EXPECT_FALSE(each.rule.empty());
    EXPECT_THAT(each.source, HasSubstr(".py"));
    EXPECT_EQ(each.was_given, each.field == "backend");
  }
  EXPECT_THAT(fields, testing::ElementsAre("backend", "gpus_per_node", "moe_tensor_parallel_size"));
}

TEST(TensorrtLlmResolverTest, WhatIsNotKnownOrChangesNothingIsSaid) {
  const auto warnings = [](const std::string& line, const std::string& model = "DeepSeek-V3.2") {
    return ResolveLine(line, model).warnings;
  };
  EXPECT_THAT(warnings(""), Contains(HasSubstr("tokens_per_block 64")));
  EXPECT_THAT(warnings("", "Qwen3-8B"), Not(Contains(HasSubstr("tokens_per_block"))));
  EXPECT_THAT(warnings("--ep_size 1", "Qwen3-8B"), Contains(HasSubstr("has no experts")));
  EXPECT_THAT(warnings("--cluster_size 2"), Contains(HasSubstr("changes nothing")));
  EXPECT_THAT(warnings("--tool_parser x"), Contains(HasSubstr("not known here")));
  const EngineResolution with_file = ResolveLine("--config x.yaml --tp_size 8 --ep_size 3");
  EXPECT_FALSE(with_file.error) << "the file may say otherwise";
  EXPECT_THAT(with_file.warnings, testing::ElementsAre(HasSubstr("read by the engine alone")));
  EXPECT_FALSE(with_file.resolved.contains("cuda_graph_config"));
  EXPECT_EQ(ResolveLine("").costs.size(), 1u);
}

TEST(TensorrtLlmResolverTest, FlagsAreExplained) {
  const ResolveRequest request =
      RequestOf("m --tp_size 8 --max_batch_size 2048 --cluster_size 2 --config x.yaml");
  const auto effects = ExplainFlags(Resolver(), request, Resolver().resolve(request));
  ASSERT_EQ(effects.size(), 4u);
  EXPECT_FALSE(effects[0].HasNoEffect());
  EXPECT_TRUE(effects[1].HasNoEffect());
  EXPECT_TRUE(effects[2].changes.empty()) << "its warning says so";
  EXPECT_EQ(effects[3].field, "config");
}

// The fraction is of what the weights leave.
TEST(TensorrtLlmResolverTest, MemoryIsWeightsAndAShareOfTheRest) {
  const spec::ModelSpec model = {
      .weight_bytes = int64_t{800} << 30, .num_hidden_layers = 1, .kv_bytes_per_token = 1 << 20};
  const ResolveRequest request = RequestOf("--tp_size 8 --free_gpu_memory_fraction 0.5");
  const Placement placement = Resolver().placement(Resolver().resolve(request));
  EXPECT_EQ(placement.num_gpus, 8);
  const GpuMemory memory = MemoryOfGpu(model, request.model_config, placement, request.hardware);
  const int64_t left = memory.total_bytes - memory.terms[0].num_bytes;
  EXPECT_EQ(memory.terms[1].num_bytes, left / 2);
  EXPECT_EQ(memory.terms[1].num_bytes + memory.terms[2].num_bytes, left);
}

}  // namespace
}  // namespace redline::backends::tensorrt_llm
