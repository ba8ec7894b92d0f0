// Engines with a command line of their own: what is refused, what is added, what is run.
#include "backends/arguments_backend.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "backends/llama_cpp/llama_cpp_backend.h"
#include "backends/sglang/sglang_backend.h"
#include "backends/vllm/vllm_backend.h"

namespace redline::backends {
namespace {

using ::testing::Contains;
using ::testing::ElementsAreArray;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Words = std::vector<std::string>;

constexpr int64_t kGiB = int64_t{1} << 30;
const HardwareFacts kOldCpu = {
    .device = "cpu", .num_devices = 2, .memory_bytes = 10 * kGiB, .isa = {"avx2"}};
const HardwareFacts kAmxCpu = {
    .device = "cpu", .num_devices = 64, .memory_bytes = 512 * kGiB, .isa = {"avx2", "amx"}};
const HardwareFacts kGpu = {.device = "nvidia", .num_devices = 8, .memory_bytes = 80 * kGiB};

// vLLM of both versions, and SGLang.
const struct Engine {
  const Backend& (*backend)();
  const char* version;
} kVllm = {VllmBackend, "0.13.0"}, kNewVllm = {VllmBackend, "0.32.0"},
  kSglang = {SglangBackend, "0.5.6.post2"}, kLlamaCpp = {LlamaCppBackend, "11434"};

spec::EngineConfig ConfigOf(const Engine& engine, const Words& arguments,
                            const std::map<std::string, std::string>& environment = {}) {
  return {.engine = engine.backend().facts().name,
          .version = engine.version,
          .arguments = arguments,
          .environment = environment};
}

Result<Resolution> Resolve(const Engine& engine, const Words& arguments,
                           const HardwareFacts& hardware = kGpu,
                           const std::map<std::string, std::string>& environment = {}) {
  return engine.backend().Resolve(ConfigOf(engine, arguments, environment), {}, hardware);
}

TEST(ArgumentsBackendTest, MistakesAreNamed) {
  const struct {
    Engine engine;
    Words arguments;
    std::string param;
    std::string message;
  } cases[] = {
      {kVllm, {"--max-modle-len", "5"}, "--max-modle-len", "did you mean \"--max-model-len\"?"},
      {kNewVllm, {"--max-modle-len", "5"}, "--max-modle-len", "did you mean \"--max-model-len\"?"},
      {kSglang, {"--tp-sise", "2"}, "--tp-sise", "did you mean \"--tp-size\"?"},
      {kVllm, {"--max-model-len", "many"}, "--max-model-len", "'many'"},
      {kNewVllm, {"--dtype", "bfloat61"}, "--dtype", "did you mean \"bfloat16\"?"},
      {kSglang, {"--dtype", "bfloat61"}, "--dtype", "did you mean \"bfloat16\"?"},
      {kSglang, {"--mem-fraction-static", "0,9"}, "--mem-fraction-static", "'0,9'"},
      {kSglang, {"--max-total-tokens"}, "--max-total-tokens", "expected one argument"},
      {kVllm, {"--max-model-len=5", "--max-"}, "--max-", "ambiguous"},
      {kSglang, {"stray"}, "", "unrecognized arguments: stray"},
      {kSglang, {"--disable-overlap-schedule=1"}, "--disable-overlap-schedule", "'1'"},
      {kVllm, {"--hf-overrides.a.b"}, "", "--hf-overrides"},
      {kVllm, {"--help"}, "", "--help"},
  };
  for (const auto& each : cases) {
    const auto refused = Resolve(each.engine, each.arguments);
    EXPECT_EQ(refused.status().code(), Code::kInvalidArgument) << each.arguments.front();
    EXPECT_THAT(refused.status().message(), HasSubstr(each.message));
    if (!each.param.empty()) {
      EXPECT_EQ(refused.status().param(), each.param);
    }
    const auto command =
        each.engine.backend().CommandLine(ConfigOf(each.engine, each.arguments), {});
    EXPECT_EQ(command.status().message(), refused.status().message()) << "a start is no way around";
  }
}

TEST(ArgumentsBackendTest, WhatThePlatformSetsIsRefused) {
  const struct {
    Engine engine;
    Words arguments;
    std::string flag;
  } cases[] = {
      {kVllm, {"--served-model-name", "a"}, "--served-model-name"},
      {kVllm, {"--served-model-nam", "a"}, "--served-model-name"},
      {kNewVllm, {"--served_model_name=a"}, "--served-model-name"},
      {kVllm, {"some/model"}, "model_tag"},
      {kNewVllm, {"--dtype", "auto", "some/model"}, "model_tag"},
      {kNewVllm, {"--", "some/model"}, "model_tag"},
      {kVllm, {"--model=m"}, "--model"},
      {kVllm, {"--hos", "::"}, "--host"},
      {kVllm, {"--port", "1"}, "--port"},
      {kNewVllm, {"--uds", "/x"}, "--uds"},
      {kVllm, {"--api-key", "k"}, "--api-key"},
      {kVllm, {"--config", "file.yaml"}, "--config"},
      {kVllm, {"--headless"}, "--headless"},
      {kSglang, {"--model-path", "m"}, "--model-path"},
      {kSglang, {"--model", "m"}, "--model-path"},
      {kSglang, {"--served-model-na=x"}, "--served-model-name"},
      {kSglang, {"--enable-metrics"}, "--enable-metrics"},
      {kSglang, {"--port", "1"}, "--port"},
  };
  for (const auto& each : cases) {
    const auto refused = Resolve(each.engine, each.arguments);
    EXPECT_EQ(refused.status().code(), Code::kInvalidArgument) << each.arguments.front();
    EXPECT_EQ(refused.status().param(), each.flag);
    EXPECT_THAT(refused.status().message(), HasSubstr(each.flag + " is set by Redline"));
    EXPECT_THAT(refused.status().message(), HasSubstr("leave it out"));
  }
}

TEST(ArgumentsBackendTest, KeysInTheEnvironmentAreRefused) {
  const std::pair<Engine, const char*> cases[] = {
      {kVllm, "VLLM_API_KEY"}, {kLlamaCpp, "LLAMA_API_KEY"}, {kLlamaCpp, "LLAMA_ARG_HOST"}};
  for (const auto& [engine, name] : cases) {
    const auto refused = Resolve(engine, {}, kGpu, {{name, "x"}});
    EXPECT_EQ(refused.status().code(), Code::kInvalidArgument) << name;
    EXPECT_EQ(refused.status().param(), name);
  }
}

// Numbers on which the server crashes instead of refusing them.
TEST(ArgumentsBackendTest, LlamaCppsNumbersHaveBounds) {
  for (const Words& words : std::vector<Words>{{"--ctx-size", "-1"},
                                               {"--ctx-size", "2147483648"},
                                               {"-c", "99999999999999999999"},
                                               {"--threads", "100000"},
                                               {"--parallel", "-2"},
                                               {"--list-devices"},
                                               {"--ctx-size=512"}}) {
    const auto refused = Resolve(kLlamaCpp, words);
    EXPECT_EQ(refused.status().code(), Code::kInvalidArgument) << words.front();
    EXPECT_TRUE(words.front().starts_with(refused.status().param()) ||
                refused.status().param() == "--ctx-size")
        << refused.status().param();
  }
  EXPECT_TRUE(Resolve(kLlamaCpp, {"--ctx_size", "0", "-t", "2"}).ok());
}

TEST(ArgumentsBackendTest, LlamaCppsCacheIsCountedByItsTypes) {
  const spec::ModelSpec model{.context_length = 1000, .kv_bytes_per_token = 800};
  const auto cache = [&](const spec::Parameters& resolved) {
    return LlamaCppBackend().MemoryTerms(model, resolved)[1].num_bytes;
  };
  EXPECT_EQ(cache({{"ctx_size", int64_t{100}}}), 100 * 400) << "f16";
  EXPECT_EQ(cache({{"ctx_size", int64_t{0}}}), 1000 * 400) << "the model's own length";
  const spec::ParameterValue f32 = std::string("f32");
  EXPECT_EQ(cache({{"ctx_size", int64_t{100}}, {"cache_type_k", f32}, {"cache_type_v", f32}}),
            100 * 800);
}

TEST(ArgumentsBackendTest, ParametersAndUnknownVersionsAreRefused) {
  for (const Engine& engine : {kVllm, kSglang}) {
    spec::EngineConfig config = ConfigOf(engine, {});
    config.requested["max_total_tokens"] = int64_t{5};
    const auto refused = engine.backend().Resolve(config, {}, kGpu);
    EXPECT_EQ(refused.status().code(), Code::kInvalidArgument);
    EXPECT_EQ(refused.status().param(), "max_total_tokens");
    EXPECT_EQ(engine.backend().SchemaOf("").status().code(), Code::kUnimplemented);
  }
  const auto unknown = Resolve({VllmBackend, "0.13.1"}, {});
  EXPECT_EQ(unknown.status().code(), Code::kInvalidArgument);
  EXPECT_EQ(unknown.status().param(), "version");
  EXPECT_THAT(unknown.status().message(), HasSubstr("did you mean \"0.13.0\"?"));
  EXPECT_TRUE(Resolve({VllmBackend, ""}, {}).ok()) << "the default version";
  const auto only_read = Resolve({SglangBackend, "0.5.23"}, {});
  EXPECT_EQ(only_read.status().param(), "engine");
  EXPECT_THAT(only_read.status().message(), HasSubstr("0.5.6.post2 can be started"));
  EXPECT_TRUE(SglangBackend().ReadArguments("0.5.23", {"--attn-dp-size", "8"}).ok());
}

// NAME=VALUE for each, in the order of names.
Words Shown(const spec::Parameters& parameters) {
  Words shown;
  for (const auto& [name, value] : parameters) shown.push_back(name + "=" + FormatValue(value));
  return shown;
}

TEST(ArgumentsBackendTest, SettingsAreMadeUnlessGiven) {
  const struct {
    Engine engine;
    HardwareFacts hardware;
    Words arguments;
    std::map<std::string, std::string> environment;
    Words resolved;
    size_t num_notes;
  } cases[] = {
      {kVllm, kGpu, {}, {}, {"disable_uvicorn_access_log=true"}, 1},
      {kVllm,
       kOldCpu,
       {},
       {},
       {"VLLM_CPU_KVCACHE_SPACE=2", "disable_uvicorn_access_log=true", "dtype=float32"},
       3},
      {kNewVllm,
       kAmxCpu,
       {},
       {},
       {"VLLM_CPU_KVCACHE_SPACE=4", "disable_uvicorn_access_log=true"},
       2},
      {kVllm,
       kOldCpu,
       {"--dty", "bfloat16", "--no-disable-uvicorn-access-log"},
       {},
       {"VLLM_CPU_KVCACHE_SPACE=2", "disable_uvicorn_access_log=false", "dtype=bfloat16"},
       1},
      {kNewVllm,
       kOldCpu,
       {},
       {{"VLLM_CPU_KVCACHE_SPACE", "7"}, {"HOME", "/h"}},
       {"VLLM_CPU_KVCACHE_SPACE=7", "disable_uvicorn_access_log=true", "dtype=float32"},
       2},
      // Not a variable that a setting of that name would be.
      {kVllm,
       kOldCpu,
       {},
       {{"dtype", "bfloat16"}},
       {"VLLM_CPU_KVCACHE_SPACE=2", "disable_uvicorn_access_log=true", "dtype=float32"},
       3},
      {kVllm,
       kOldCpu,
       {"--dtype", "half", "--dtype", "bfloat16"},
       {{"VLLM_CPU_KVCACHE_SPACE", "much"}},
       {"VLLM_CPU_KVCACHE_SPACE=much", "disable_uvicorn_access_log=true", "dtype=bfloat16"},
       1},
      {kSglang, kGpu, {}, {}, {}, 0},
      {kSglang, kGpu, {"--tp", "8"}, {}, {"tensor_parallel_size=8"}, 0},
      {kSglang,
       kOldCpu,
       {},
       {},
       {"SGLANG_USE_CPU_ENGINE=1", "attention_backend=torch_native", "device=cpu",
        "disable_overlap_schedule=true", "max_total_tokens=32768", "mem_fraction_static=0.1",
        "sleep_on_idle=true"},
       7},
      {kSglang,
       kAmxCpu,
       {"--max-total-tok", "4096", "--devic=cpu"},
       {},
       {"SGLANG_USE_CPU_ENGINE=1", "attention_backend=intel_amx", "device=cpu",
        "disable_overlap_schedule=true", "max_total_tokens=4096", "mem_fraction_static=0.1",
        "sleep_on_idle=true"},
       5},
  };
  for (const auto& each : cases) {
    const auto resolution = Resolve(each.engine, each.arguments, each.hardware, each.environment);
    ASSERT_TRUE(resolution.ok()) << resolution.status().ToString();
    EXPECT_THAT(Shown(resolution->resolved), ElementsAreArray(each.resolved));
    EXPECT_EQ(resolution->notes.size(), each.num_notes);
  }
}

TEST(ArgumentsBackendTest, NotesSayWhy) {
  const auto resolution = Resolve(kVllm, {}, kOldCpu);
  ASSERT_TRUE(resolution.ok());
  EXPECT_THAT(resolution->notes, Contains("dtype = float32: the CPU has no bfloat16 arithmetic."));
}

TEST(ArgumentsBackendTest, ContextIsTheLeastPool) {
  const auto pool = [](int64_t context) {
    const spec::ModelSpec model = {.context_length = context};
    return SglangBackend()
        .Resolve(ConfigOf(kSglang, {}), model, kOldCpu)
        ->resolved.at("max_total_tokens");
  };
  EXPECT_EQ(pool(8192), spec::ParameterValue(int64_t{32768}));
  EXPECT_EQ(pool(131072), spec::ParameterValue(int64_t{131072}));
}

// Resolved and as it would be started.
Command Started(const Engine& engine, const Words& arguments, const HardwareFacts& hardware,
                const std::map<std::string, std::string>& environment = {}) {
  spec::EngineConfig config = ConfigOf(engine, arguments, environment);
  auto resolution = engine.backend().Resolve(config, {}, hardware);
  EXPECT_TRUE(resolution.ok()) << resolution.status().ToString();
  if (!resolution.ok()) return {};
  config.resolved = std::move(resolution->resolved);
  const bool is_vllm = engine.backend == VllmBackend;
  auto command = engine.backend().CommandLine(
      config, {.program = {"/e/bin/run", "-m"},
               .model_path = "/models/a b",
               .served_model_name = "a'b",
               .endpoint = is_vllm ? "unix:/run/a.sock" : "http://127.0.0.1:4711"});
  EXPECT_TRUE(command.ok()) << command.status().ToString();
  return command.ok() ? *command : Command();
}

TEST(ArgumentsBackendTest, CommandLinesAreHeadArgumentsSettings) {
  const Words vllm_head = {"/e/bin/run",          "-m",  "serve", "/models/a b",
                           "--served-model-name", "a'b", "--uds", "/run/a.sock"};
  const Words sglang_head = {
      "/e/bin/run", "-m",        "--model-path", "/models/a b", "--served-model-name", "a'b",
      "--host",     "127.0.0.1", "--port",       "4711",        "--enable-metrics"};
  const struct {
    Engine engine;
    HardwareFacts hardware;
    Words arguments;
    Words settings;
  } cases[] = {
      {kVllm, kGpu, {}, {"--disable-uvicorn-access-log"}},
      {kNewVllm,
       kOldCpu,
       {"--max_model_len=4k"},
       {"--disable-uvicorn-access-log", "--dtype", "float32"}},
      // No shell reads it: what stands there goes there.
      {kVllm,
       kGpu,
       {"--hf-overrides", R"({"a": "$HOME 'x' \"y\""})", "--chat-template", "a\nb *"},
       {"--disable-uvicorn-access-log"}},
      {kVllm, kGpu, {"--dtype", "half", "--dtype", "bfloat16"}, {"--disable-uvicorn-access-log"}},
      {kVllm, kGpu, {"--no-disable-uvicorn-access-log", "--chat-template=--dtype"}, {}},
      {kVllm, kGpu, {"--seed", "-1"}, {"--disable-uvicorn-access-log"}},
      {kSglang, kGpu, {"--cuda-graph-bs", "1", "2", "4"}, {}},
      {kSglang,
       kOldCpu,
       {"--tp", "1"},
       {"--attention-backend", "torch_native", "--device", "cpu", "--disable-overlap-schedule",
        "--max-total-tokens", "32768", "--mem-fraction-static", "0.1", "--sleep-on-idle"}},
      {kSglang,
       kOldCpu,
       {"--devi", "cpu", "--attention-b=triton", "--disable-overlap-schedule"},
       {"--max-total-tokens", "32768", "--mem-fraction-static", "0.1", "--sleep-on-idle"}},
  };
  for (const auto& each : cases) {
    Words expected = each.engine.backend == VllmBackend ? vllm_head : sglang_head;
    expected.insert(expected.end(), each.arguments.begin(), each.arguments.end());
    expected.insert(expected.end(), each.settings.begin(), each.settings.end());
    EXPECT_THAT(Started(each.engine, each.arguments, each.hardware).argv,
                ElementsAreArray(expected));
  }
}

TEST(ArgumentsBackendTest, NoSettingStandsBehindASeparator) {
  for (const Engine& engine : {kVllm, kNewVllm, kSglang}) {
    const auto resolution = Resolve(engine, {"--dtype", "auto", "--"}, kOldCpu);
    if (!resolution.ok()) continue;  // refused is as good
    const Words argv = Started(engine, {"--dtype", "auto", "--"}, kOldCpu).argv;
    EXPECT_THAT(argv, testing::Not(Contains("--"))) << "settings behind it would be values";
  }
}

TEST(ArgumentsBackendTest, EnvironmentIsTheEnginesThenTheUsers) {
  using Environment = std::map<std::string, std::string>;
  EXPECT_EQ(Started(kVllm, {}, kOldCpu, {{"OMP_NUM_THREADS", "2"}}).env,
            (Environment{{"DO_NOT_TRACK", "1"},
                         {"NO_COLOR", "1"},
                         {"OMP_NUM_THREADS", "2"},
                         {"VLLM_CPU_KVCACHE_SPACE", "2"},
                         {"VLLM_NO_USAGE_STATS", "1"}}));
  const Environment changed =
      Started(kVllm, {}, kOldCpu, {{"NO_COLOR", "0"}, {"VLLM_CPU_KVCACHE_SPACE", "9"}}).env;
  EXPECT_EQ(changed.at("NO_COLOR"), "0");
  EXPECT_EQ(changed.at("VLLM_CPU_KVCACHE_SPACE"), "9");
  EXPECT_EQ(Started(kSglang, {}, kOldCpu).env, (Environment{{"SGLANG_USE_CPU_ENGINE", "1"}}));
  EXPECT_THAT(Started(kSglang, {}, kGpu).env, IsEmpty());
}

TEST(ArgumentsBackendTest, MemoryIsTheSumOfItsTerms) {
  const spec::ModelSpec model = {.num_parameters = 1000, .kv_bytes_per_token = 8};
  const struct {
    Engine engine;
    Words arguments;
    int64_t weights;
    int64_t kv_cache;
  } cases[] = {
      {kVllm, {}, 4000, 2 * kGiB},
      {kVllm, {"--dtype", "bfloat16"}, 2000, 2 * kGiB},
      {kSglang, {}, 2000, 32768 * 4},
      {kSglang, {"--dtype", "float32", "--max-total-tokens", "100"}, 4000, 800},
      {kSglang, {"--max-total-tokens", "-5"}, 2000, 0},
      {kSglang, {"--max-total-tokens", "9223372036854775807"}, 2000, int64_t{4} << 32},
  };
  for (const auto& each : cases) {
    const auto resolution = Resolve(each.engine, each.arguments, kOldCpu);
    ASSERT_TRUE(resolution.ok()) << resolution.status().ToString();
    const auto terms = each.engine.backend().MemoryTerms(model, resolution->resolved);
    ASSERT_EQ(terms.size(), 3u);
    EXPECT_EQ(terms[0].num_bytes, each.weights);
    EXPECT_EQ(terms[1].num_bytes, each.kv_cache);
    EXPECT_GT(terms[2].num_bytes, kGiB);
  }
}

}  // namespace
}  // namespace redline::backends
