// The logs are of real starts on a CPU, paths replaced, lines that tell nothing left out. [own]
#include "backends/vllm/start_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "backends/vllm/vllm_backend.h"

namespace redline::backends::vllm {
namespace {

constexpr std::string_view kLog =
    "(APIServer pid=29140) INFO 11-26 04:00:16 [utils.py:253] non-default args: {'model_tag': "
    "'/models/smol', 'uds': '/run/smol.sock', 'model': '/models/smol', 'dtype': 'float32', "
    "'max_model_len': 2048, 'served_model_name': ['smol']}\n"
    "(APIServer pid=29140) INFO 11-26 04:00:33 [model.py:514] Resolved architecture: "
    "LlamaForCausalLM\n"
    "(APIServer pid=29140) INFO 11-26 04:00:33 [scheduler.py:230] Chunked prefill is enabled with "
    "max_num_batched_tokens=2048.\n"
    "(EngineCore_DP0 pid=29456) INFO 11-26 04:00:45 [core.py:93] Initializing a V1 LLM engine "
    "(v0.13.0) with config: model='/models/smol', speculative_config=None, "
    "tokenizer='/models/smol', skip_tokenizer_init=False, tokenizer_mode=auto, revision=None, "
    "trust_remote_code=False, dtype=torch.float32, max_seq_len=2048, load_format=auto, "
    "tensor_parallel_size=1, disable_custom_all_reduce=True, kv_cache_dtype=auto, "
    "device_config=cpu, structured_outputs_config=StructuredOutputsConfig(backend='auto', "
    "disable_fallback=False, reasoning_parser=''), seed=0, served_model_name=smol, "
    "enable_prefix_caching=True, enable_chunked_prefill=True, pooler_config=None, "
    "compilation_config={'level': None, 'mode': <CompilationMode.DYNAMO_TRACE_ONCE: 2>, "
    "'custom_ops': ['none'], 'compile_ranges_split_points': [2048], 'cudagraph_mode': "
    "<CUDAGraphMode.NONE: 0>, 'pass_config': {'fuse_norm_quant': False}, 'local_cache_dir': "
    "None}\n"
    "(EngineCore_DP0 pid=29456) INFO 11-26 04:00:46 [cpu_model_runner.py:55] Starting to load "
    "model /models/smol...\n"
    "(EngineCore_DP0 pid=29456) Loading safetensors checkpoint shards:   0% Completed | 0/1 "
    "[00:00<?, ?it/s]\n"
    "(EngineCore_DP0 pid=29456) Loading safetensors checkpoint shards: 100% Completed | 1/1 "
    "[00:01<00:00,  1.07s/it]\n"
    "(EngineCore_DP0 pid=29456) INFO 11-26 04:00:48 [default_loader.py:308] Loading weights took "
    "1.08 seconds\n"
    "(EngineCore_DP0 pid=29456) INFO 11-26 04:00:48 [kv_cache_utils.py:1291] GPU KV cache size: "
    "23,296 tokens\n"
    "(EngineCore_DP0 pid=29456) INFO 11-26 04:00:48 [kv_cache_utils.py:1296] Maximum concurrency "
    "for 2,048 tokens per request: 11.38x\n"
    "(EngineCore_DP0 pid=29456) INFO 11-26 04:00:56 [cpu_model_runner.py:65] Warming up model for "
    "the compilation...\n"
    "(EngineCore_DP0 pid=29456) INFO 11-26 04:02:12 [core.py:259] init engine (profile, create kv "
    "cache, warmup model) took 83.19 seconds\n"
    "(APIServer pid=29140) INFO:     Waiting for application startup.\n"
    "(APIServer pid=29140) INFO:     Application startup complete.\n";

spec::ParameterValue Text(const char* text) { return std::string(text); }

TEST(StartLogTest, SettingsOfARealStart) {
  const spec::Parameters settings = ReadStartLog(kLog);
  EXPECT_EQ(settings, (spec::Parameters{{"model", Text("/models/smol")},
                                        {"speculative_config", Text("")},
                                        {"tokenizer", Text("/models/smol")},
                                        {"skip_tokenizer_init", false},
                                        {"tokenizer_mode", Text("auto")},
                                        {"revision", Text("")},
                                        {"trust_remote_code", false},
                                        {"dtype", Text("float32")},
                                        {"max_seq_len", int64_t{2048}},
                                        {"load_format", Text("auto")},
                                        {"tensor_parallel_size", int64_t{1}},
                                        {"disable_custom_all_reduce", true},
                                        {"kv_cache_dtype", Text("auto")},
                                        {"device_config", Text("cpu")},
                                        {"seed", int64_t{0}},
                                        {"served_model_name", Text("smol")},
                                        {"enable_prefix_caching", true},
                                        {"enable_chunked_prefill", true},
                                        {"pooler_config", Text("")},
                                        {"version", Text("0.13.0")},
                                        {"kv_cache_size_tokens", int64_t{23296}},
                                        {"max_num_batched_tokens", int64_t{2048}}}));
}

// Of 0.32.0 on a CPU: one line for size and concurrency.
TEST(StartLogTest, SizeOfALaterVersion) {
  const spec::Parameters settings = ReadStartLog(
      "(EngineCore pid=30485) INFO 11-26 04:07:08 [kv_cache_utils.py:2327] CPU KV cache size: "
      "23,296 tokens, Maximum concurrency for 2,048 tokens per request: 11.38x\n");
  EXPECT_EQ(settings, (spec::Parameters{{"kv_cache_size_tokens", int64_t{23296}}}));
}

TEST(StartLogTest, MetricsAndLogMakeOneAnswer) {
  const std::string metrics =
      "vllm:cache_config_info{block_size=\"128\",cache_dtype=\"auto\",cpu_kvcache_space_bytes="
      "\"1073741824\",enable_prefix_caching=\"True\",engine=\"0\",gpu_memory_utilization=\"0.9\","
      "kv_cache_memory_bytes=\"None\",num_gpu_blocks=\"182\",swap_space=\"4.0\"} 1.0\n";
  const spec::Parameters effective =
      VllmBackend().ReadBack({.answers = {{"/metrics", metrics}}, .start_log = std::string(kLog)});
  EXPECT_EQ(effective.at("max_model_len"), spec::ParameterValue(int64_t{2048}));
  EXPECT_EQ(effective.at("block_size"), spec::ParameterValue(int64_t{128}));
  EXPECT_EQ(effective.at("gpu_memory_utilization"), spec::ParameterValue(0.9));
  EXPECT_EQ(effective.at("VLLM_CPU_KVCACHE_SPACE"), spec::ParameterValue(int64_t{1}));
  EXPECT_EQ(effective.at("enable_prefix_caching"), spec::ParameterValue(true));
  for (const char* name : {"engine", "kv_cache_memory_bytes", "max_seq_len"})
    EXPECT_FALSE(effective.contains(name)) << name;
  EXPECT_TRUE(VllmBackend().ReadBack({}).empty());
  EXPECT_TRUE(VllmBackend().ReadBack({.answers = {{"/metrics", "\xff{\"="}}}).empty());
}

TEST(StartLogTest, AStartComesNearerToItsEnd) {
  const auto& markers = VllmBackend().facts().log_markers;
  std::vector<std::string> phases;
  double fraction = 0;
  for (size_t begin = 0; begin < kLog.size(); begin = kLog.find('\n', begin) + 1) {
    const auto progress =
        MatchProgress(markers, kLog.substr(begin, kLog.find('\n', begin) - begin));
    if (!progress) continue;
    EXPECT_GE(progress->fraction, fraction) << progress->phase;
    fraction = progress->fraction;
    if (phases.empty() || phases.back() != progress->phase) phases.push_back(progress->phase);
  }
  EXPECT_EQ(fraction, 1);
  EXPECT_THAT(phases, testing::ElementsAre("reading arguments", "initializing", "loading", "loaded",
                                           "warming up", "starting the API", "ready"));
}

TEST(StartLogTest, EveryPrefixCanBeRead) {
  for (size_t size = 0; size <= kLog.size(); ++size) {
    const spec::Parameters settings = ReadStartLog(kLog.substr(0, size));
    const auto version = settings.find("version");
    if (version != settings.end()) {
      EXPECT_EQ(version->second, Text("0.13.0"));
    }
  }
}

TEST(StartLogTest, OddLinesAreReadAsFarAsTheyGo) {
  const std::string begin = "LLM engine (v1) with config: ";
  const struct {
    std::string log;
    std::string name;
    spec::ParameterValue value;
  } cases[] = {
      {begin + "model=\"it's, here\", seed=3", "seed", int64_t{3}},
      {begin + "model=\"it's, here\", seed=3", "model", Text("it's, here")},
      {begin + "model='a\\', seed=9', seed=3", "seed", int64_t{3}},
      {begin + "a)]}, seed=3", "seed", int64_t{3}},
      {begin + "a=), b=(, seed=4), seed=3", "seed", int64_t{3}},
      {begin + "x={'k': '}', 'l': 1}, seed=3", "seed", int64_t{3}},
      {begin + "a b=1, =2, c=, seed=3\nseed=4", "seed", int64_t{3}},
      {begin + "ratio=0.5", "ratio", 0.5},
      {begin + "ratio=nan", "ratio", Text("nan")},
      {begin + "ratio=inf", "ratio", Text("inf")},
      {begin + "big=99999999999999999999", "big", 99999999999999999999.0},
      {"LLM engine (v1.2) x", "version", Text("1.2")},
      {"KV cache size: 1,234,567 tokens", "kv_cache_size_tokens", int64_t{1234567}},
  };
  for (const auto& each : cases) {
    const spec::Parameters settings = ReadStartLog(each.log);
    ASSERT_TRUE(settings.contains(each.name)) << each.log;
    EXPECT_EQ(settings.at(each.name), each.value) << each.log;
  }
}

TEST(StartLogTest, NothingIsMadeUp) {
  const std::string begin = "LLM engine (v1) with config: ";
  for (const std::string& log :
       {std::string(), begin + "seed", begin + "a='unbalanced, seed=3", begin + "a=[1, seed=3",
        begin + "a=(((", std::string("LLM engine (v0.13"), std::string("KV cache size: many"),
        std::string("KV cache size: "), std::string("KV cache size: 99999999999999999999 tokens"),
        std::string("max_num_batched_tokens=,")}) {
    const spec::Parameters settings = ReadStartLog(log);
    EXPECT_FALSE(settings.contains("seed")) << log;
    EXPECT_FALSE(settings.contains("kv_cache_size_tokens")) << log;
    EXPECT_FALSE(settings.contains("max_num_batched_tokens")) << log;
  }
}

TEST(StartLogTest, MegabytesAreNoMatter) {
  const std::string begin = "LLM engine (v1) with config: ";
  constexpr size_t kSize = 8 << 20;
  for (const char c : {'(', ')', '\'', '"', '\\', ',', '=', 'x', ' ', '{'}) {
    EXPECT_LE(ReadStartLog(begin + "seed=3, " + std::string(kSize, c)).size(), 3u) << c;
    EXPECT_TRUE(ReadStartLog(std::string(kSize, c)).empty()) << c;
  }
}

TEST(StartLogTest, PythonsValues) {
  const struct {
    const char* text;
    spec::ParameterValue value;
  } cases[] = {
      {"True", true},         {"False", false},         {"None", Text("")},
      {"12", int64_t{12}},    {"-1", int64_t{-1}},      {"0.9", 0.9},
      {"1e-05", 1e-05},       {"'text'", Text("text")}, {"\"it's\"", Text("it's")},
      {"'", Text("'")},       {"''", Text("")},         {"torch.bfloat16", Text("bfloat16")},
      {"torch.", Text("")},   {"auto", Text("auto")},   {"'open", Text("'open")},
      {"true", Text("true")}, {"-inf", Text("-inf")},
  };
  for (const auto& each : cases) EXPECT_EQ(PythonValue(each.text), each.value) << each.text;
}

}  // namespace
}  // namespace redline::backends::vllm
