// What engines say of themselves: why they died, how far they have come, what they run with.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "backends/arguments_backend.h"
#include "backends/llama_cpp/llama_cpp_backend.h"
#include "backends/sglang/sglang_backend.h"
#include "backends/vllm/vllm_backend.h"
#include "base/files.h"
#include "base/strings.h"

namespace redline::backends {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

const std::filesystem::path kRecordings = "../shared/data/engine-golden/sglang_cpu";

struct Death {
  std::string log;
  std::string kind;  // "": unknown
  std::string line;  // what proves it
};

void ExpectKinds(const Backend& backend, const std::vector<Death>& deaths) {
  for (const Death& each : deaths) {
    const auto cause = ClassifyFailure(backend.facts().failures, each.log);
    EXPECT_EQ(cause ? cause->kind : "", each.kind) << each.log;
    if (!cause) continue;
    EXPECT_THAT(cause->line, HasSubstr(each.line));
    EXPECT_FALSE(cause->advice.empty());
  }
}

// The ends of real logs (0.13.0 and 0.32.0 on a CPU, [own]) and the engine's own messages.
TEST(EngineWordsTest, WhyVllmDied) {
  const std::string core = "(EngineCore_DP0 pid=32049) ERROR 11-26 04:08:37 [core.py:866] ";
  const std::string last =
      "(APIServer pid=31846) RuntimeError: Engine core initialization failed. See root cause "
      "above. Failed core proc(s): {}\n";
  const std::string warned =
      "WARNING 11-26 04:00:16 [x.py:1] CUDA graph is not supported for this model, fallback\n";
  ExpectKinds(
      VllmBackend(),
      {{"usage: vllm serve [model_tag] [options]\nvllm serve: error: argument --max-model-len: "
        "invalid human_readable_int value: 'many'\n",
        "BAD_PARAMETER", "argument --max-model-len: invalid"},
       {"usage: vllm [-h] [-v]\n            ...\nvllm: error: unrecognized arguments: "
        "--max-modl-len 5\n",
        "BAD_PARAMETER", "--max-modl-len 5"},
       {"(APIServer pid=30099) pydantic_core._pydantic_core.ValidationError: 1 validation error "
        "for ModelConfig\n(APIServer pid=30099)   Value error, User-specified max_model_len "
        "(9000000) is greater than the derived max_model_len (max_position_embeddings=8192.0 or "
        "model_max_length=None in model's config.json).\n(APIServer pid=30099)     For further "
        "information visit https://errors.pydantic.dev/2.14/v/value_error\n",
        "CONTEXT_TOO_LONG", "User-specified max_model_len (9000000)"},
       {core +
            "ValueError: No available memory for the cache blocks. Try increasing "
            "`gpu_memory_utilization` when initializing the engine.\n" +
            last,
        "OUT_OF_MEMORY", "ValueError: No available memory"},
       {core +
            "ValueError: To serve at least one request with the models's max seq len (8192), "
            "(9.00 GiB KV cache is needed\n" +
            last,
        "CONTEXT_TOO_LONG", "max seq len (8192)"},
       {core +
            "ValueError: To serve at least one request with the model's max seq len (8192), "
            "(9.00 GiB KV cache is needed\n" +
            last,
        "CONTEXT_TOO_LONG", "max seq len (8192)"},
       {"Value error, Model architectures ['NopeForCausalLM'] are not supported for now. "
        "Supported architectures: dict_keys([\n",
        "UNSUPPORTED_MODEL", "NopeForCausalLM"},
       {"ValueError: The checkpoint you are trying to load has model type `nope` but Transformers "
        "does not recognize this architecture. This could be\n",
        "UNSUPPORTED_MODEL", "`nope`"},
       {core + "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB\n" + last,
        "OUT_OF_MEMORY", "Tried to allocate"},
       {core +
            "RuntimeError: [enforce fail at alloc_cpu.cpp:121] err == 0. Cannot allocate "
            "memory\n" +
            last,
        "OUT_OF_MEMORY", "Cannot allocate memory"},
       {warned + "vllm serve: error: argument --dtype: invalid choice: 'x'\n", "BAD_PARAMETER",
        "--dtype"},
       {core + "ValueError: Sleep mode is not supported on current platform.\n" + last,
        "UNSUPPORTED", "Sleep mode"},
       {last, "ENGINE_FAILED", "Engine core initialization failed"},
       {"vllm.v1.engine.exceptions.EngineDeadError: EngineCore encountered an issue.\n",
        "ENGINE_FAILED", "EngineDeadError"},
       {"INFO:     Application startup complete.\n", "", ""}});
}

TEST(EngineWordsTest, WhySglangDied) {
  const std::string last =
      "[2026-11-26 03:58:43] Received sigquit from a child process. It usually means the child "
      "failed.\n";
  ExpectKinds(
      SglangBackend(),
      {{"ModuleNotFoundError: No module named 'torchao'\n\n" + last, "BROKEN_INSTALLATION",
        "'torchao'"},
       {"ImportError: x\nModuleNotFoundError: No module named 'sgl_kernel'\n" + last,
        "BROKEN_INSTALLATION", "'sgl_kernel'"},
       {"launch_server.py: error: argument --tp-size: invalid int value: 'x'\n", "BAD_PARAMETER",
        "--tp-size"},
       {"launch_server.py: error: unrecognized arguments: --tp-sise\n", "BAD_PARAMETER",
        "--tp-sise"},
       {"RuntimeError: Not enough memory. Please try to increase --mem-fraction-static. Current "
        "value: self.server_args.mem_fraction_static=0.1\n" +
            last,
        "OUT_OF_MEMORY", "Current value"},
       {"torch.OutOfMemoryError: CUDA out of memory.\n" + last, "OUT_OF_MEMORY", "CUDA"},
       {"ValueError: Model architectures ['Nope'] are not supported for now. Supported\n" + last,
        "UNSUPPORTED_MODEL", "Nope"},
       {"ERROR:    [Errno 98] error while attempting to bind on address ('127.0.0.1', 31000): "
        "address already in use\n",
        "ADDRESS_IN_USE", "31000"},
       {"[2026-11-26 03:58:43] Watchdog timeout (self.watchdog_timeout=300)\n" + last, "HANGING",
        "300"},
       {"AssertionError: chunked_prefill_size must be divisible by page_size\n", "BAD_PARAMETER",
        "page_size"},
       {last, "ENGINE_FAILED", "sigquit"},
       {"fla/utils.py:215: UserWarning: Triton is not supported on current platform\n", "", ""}});
}

TEST(EngineWordsTest, LongProofsAreCutBetweenCharacters) {
  const std::string line = "CUDA out of memory " + std::string(480, 'x') + "\u00e9\u00e9\u00e9";
  const auto cause = ClassifyFailure(VllmBackend().facts().failures, line);
  ASSERT_TRUE(cause.has_value());
  EXPECT_TRUE(IsValidUtf8(cause->line));
  EXPECT_LE(cause->line.size(), 500u);
}

TEST(EngineWordsTest, WhyLlamaCppDied) {
  ExpectKinds(LlamaCppBackend(),
              {{"0.00.454.732 E ggml_aligned_malloc: insufficient memory (attempted to allocate "
                "50354.00 MB)\n",
                "OUT_OF_MEMORY", "attempted to allocate 50354.00 MB"},
               {"/src/ggml/src/ggml.c:1651: GGML_ASSERT(ctx->mem_buffer != NULL) failed\n",
                "ENGINE_ABORTED", "GGML_ASSERT(ctx->mem_buffer != NULL) failed"},
               {"terminate called after throwing an instance of 'std::system_error'\n", "", ""}});
}

TEST(EngineWordsTest, FactsAreWellFormed) {
  for (const Backend* backend : {&VllmBackend(), &SglangBackend(), &LlamaCppBackend()}) {
    const EngineFacts& facts = backend->facts();
    SCOPED_TRACE(facts.name);
    EXPECT_EQ(facts.log_markers.front().phase, "ready");
    for (const LogMarker& marker : facts.log_markers) {
      EXPECT_GE(marker.constant, 0) << marker.text;
      EXPECT_LE(marker.constant, 1) << marker.text;
      EXPECT_LE(marker.constant, marker.until) << marker.text;
    }
    // A text that holds an earlier one would never be seen.
    for (size_t late = 0; late < facts.failures.size(); ++late) {
      for (size_t early = 0; early < late; ++early)
        EXPECT_EQ(facts.failures[late].text.find(facts.failures[early].text), std::string::npos)
            << facts.failures[late].text;
    }
  }
}

TEST(EngineWordsTest, SglangsStartComesNearerToItsEnd) {
  std::ifstream log(kRecordings / "startup.log");
  if (!log) GTEST_SKIP() << "NOT TESTED: " << kRecordings << " is absent";
  std::vector<std::string> phases;
  double fraction = 0;
  for (std::string line; std::getline(log, line);) {
    const auto progress = MatchProgress(SglangBackend().facts().log_markers, line);
    if (!progress) continue;
    EXPECT_GE(progress->fraction, fraction) << line;
    fraction = progress->fraction;
    if (phases.empty() || phases.back() != progress->phase) phases.push_back(progress->phase);
  }
  EXPECT_EQ(fraction, 1);
  EXPECT_THAT(phases, ElementsAre("reading arguments", "initializing", "loading", "loaded",
                                  "allocating the KV cache", "warming up", "ready"));
}

TEST(EngineWordsTest, SglangsServerInfoIsReadBack) {
  const auto text = ReadFile(kRecordings / "server_info.json");
  if (!text.ok()) GTEST_SKIP() << "NOT TESTED: " << kRecordings << " is absent";
  const json info = json::parse(*text);
  spec::Parameters effective = SglangBackend().ReadBack({.answers = {{"/server_info", *text}}});
  size_t num_scalars = 0;
  for (const auto& [name, value] : info.items()) {
    EXPECT_EQ(effective.contains(name), value.is_primitive()) << name;
    if (!value.is_primitive()) continue;
    ++num_scalars;
    EXPECT_EQ(effective.at(name), ParameterOf(value)) << name;
  }
  EXPECT_GT(num_scalars, 280u);
  EXPECT_EQ(effective.at("token_capacity"), spec::ParameterValue(int64_t{4096}));
  EXPECT_EQ(effective.size(), num_scalars + 1);
}

TEST(EngineWordsTest, AnyAnswerCanBeRead) {
  const struct {
    std::string answer;
    size_t num_settings;
  } cases[] = {
      {"", 0},
      {"null", 0},
      {"[1]", 0},
      {"\xff", 0},
      {std::string(100'000, '['), 0},
      {"{}", 0},
      {R"({"a": 1, "b": [2], "c": {"d": 3}})", 1},
      {R"({"internal_states": []})", 0},
      {R"({"internal_states": {"memory_usage": {"token_capacity": 5}}})", 0},
      {R"({"internal_states": [5]})", 0},
      {R"({"internal_states": [{"memory_usage": 5}]})", 0},
      {R"({"internal_states": [{"memory_usage": {"token_capacity": "x"}}]})", 0},
      {R"({"internal_states": [{"memory_usage": {"token_capacity": 5}}]})", 1},
  };
  for (const auto& each : cases) {
    EXPECT_EQ(SglangBackend().ReadBack({.answers = {{"/server_info", each.answer}}}).size(),
              each.num_settings)
        << each.answer.substr(0, 80);
  }
  EXPECT_TRUE(SglangBackend().ReadBack({.answers = {{"/metrics", "{\"a\": 1}"}}}).empty());
}

}  // namespace
}  // namespace redline::backends
