#include "backends/native/native.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace redline::backends {
namespace {

using ::testing::ElementsAre;

constexpr int64_t kGiB = int64_t{1} << 30;

spec::ModelSpec SmallModel() {
  return {.architecture = "llama",
          .weight_bytes = 96'600'000,
          .num_hidden_layers = 30,
          .hidden_size = 576,
          .vocab_size = 49152,
          .context_length = 8192,
          .kv_bytes_per_token = 46080};
}

Result<Resolution> Resolve(const spec::Parameters& requested, int64_t memory_bytes = 16 * kGiB) {
  return NativeBackend().Resolve({.engine = "native", .requested = requested}, SmallModel(),
                                 {.num_devices = 8, .memory_bytes = memory_bytes});
}

int64_t IntOf(const Resolution& resolution, const std::string& name) {
  return std::get<int64_t>(resolution.resolved.at(name));
}

TEST(NativeTest, ZerosAreReplacedByWhatWillRun) {
  const auto resolution = Resolve({});
  ASSERT_TRUE(resolution.ok()) << resolution.status().ToString();
  EXPECT_EQ(IntOf(*resolution, "num_threads"), 8);
  EXPECT_EQ(IntOf(*resolution, "context_length"), 8192);
  const int64_t pool = IntOf(*resolution, "max_total_tokens");
  EXPECT_GT(pool, 8192);
  EXPECT_LT(pool * SmallModel().kv_bytes_per_token, 8 * kGiB) << "half of the memory at most";
  EXPECT_EQ(pool % 16, 0);
  EXPECT_EQ(resolution->notes.size(), 3u);
}

TEST(NativeTest, LittleMemoryMeansAShorterContext) {
  const auto resolution = Resolve({}, kGiB / 2);
  ASSERT_TRUE(resolution.ok());
  EXPECT_LT(IntOf(*resolution, "context_length"), 8192);
  EXPECT_EQ(IntOf(*resolution, "context_length"), IntOf(*resolution, "max_total_tokens"));
  EXPECT_EQ(IntOf(*Resolve({}, 0), "max_total_tokens"), 256) << "then the fit says no, not Resolve";
}

TEST(NativeTest, PoolIsNoLargerThanTheRequestsCanUse) {
  const auto resolution =
      Resolve({{"max_running_requests", int64_t{2}}, {"context_length", int64_t{1000}}});
  ASSERT_TRUE(resolution.ok());
  EXPECT_EQ(IntOf(*resolution, "max_total_tokens"), 2 * 1008);
}

TEST(NativeTest, WhatTheEngineWouldRefuseIsRefused) {
  const struct {
    spec::Parameters requested;
    std::string param;
  } cases[] = {
      {{{"page_size", int64_t{24}}}, "page_size"},
      {{{"context_length", int64_t{8193}}}, "context_length"},
      {{{"chunked_prefill_size", int64_t{32}}}, "chunked_prefill_size"},
      {{{"context_length", int64_t{512}}, {"max_total_tokens", int64_t{511}}}, "max_total_tokens"},
      {{{"max_total_tokens", int64_t{1}}}, "max_total_tokens"},
      {{{"num_thread", int64_t{4}}}, "num_thread"},
      {{{"uds", std::string("/tmp/x")}}, "uds"},
  };
  for (const auto& each : cases) {
    const auto resolution = Resolve(each.requested);
    EXPECT_EQ(resolution.status().code(), Code::kInvalidArgument) << each.param;
    EXPECT_EQ(resolution.status().param(), each.param);
  }
}

TEST(NativeTest, ArgumentsOfOtherEnginesAreRefusedNotDropped) {
  const auto words = NativeBackend().Resolve({.engine = "native", .arguments = {"--threads", "2"}},
                                             SmallModel(), {});
  EXPECT_EQ(words.status().param(), "arguments");
  const auto variables = NativeBackend().Resolve(
      {.engine = "native", .environment = {{"OMP_NUM_THREADS", "2"}}}, SmallModel(), {});
  EXPECT_EQ(variables.status().param(), "environment");
}

TEST(NativeTest, OddPoolIsCutToPages) {
  const auto resolution = Resolve({{"max_total_tokens", int64_t{1000}}});
  ASSERT_TRUE(resolution.ok());
  EXPECT_EQ(IntOf(*resolution, "max_total_tokens"), 992);
  EXPECT_EQ(IntOf(*resolution, "context_length"), 992);
}

TEST(NativeTest, CommandLineHasEveryResolvedParameter) {
  spec::EngineConfig config{.engine = "native"};
  config.resolved = {{"num_threads", int64_t{2}}, {"context_length", int64_t{512}}};
  const auto command = NativeBackend().CommandLine(config, {.program = {"/bin/redline"},
                                                            .model_path = "/m/a.gguf",
                                                            .served_model_name = "a",
                                                            .endpoint = "unix:/run/a.sock"});
  ASSERT_TRUE(command.ok());
  EXPECT_THAT(command->argv, ElementsAre("/bin/redline", "serve", "--model-path", "/m/a.gguf",
                                         "--served-model-name", "a", "--uds", "/run/a.sock",
                                         "--context-length", "512", "--num-threads", "2"));
}

TEST(NativeTest, MemoryIsTheSumOfItsTerms) {
  const auto resolution = Resolve({{"max_total_tokens", int64_t{8192}}});
  ASSERT_TRUE(resolution.ok());
  const auto terms = NativeBackend().MemoryTerms(SmallModel(), resolution->resolved);
  const auto bytes_of = [&](std::string_view name) {
    return std::find_if(terms.begin(), terms.end(), [&](auto& each) { return each.name == name; })
        ->num_bytes;
  };
  EXPECT_EQ(bytes_of("weights"), 96'600'000);
  EXPECT_EQ(bytes_of("kv_cache"), 8192 * 46080);
  EXPECT_GT(bytes_of("activations"), 0);
}

TEST(NativeTest, LogLines) {
  const auto& facts = NativeBackend().facts();
  EXPECT_DOUBLE_EQ(MatchProgress(facts.log_markers, "… info engine: loading: 37%")->fraction, 0.37);
  EXPECT_EQ(MatchProgress(facts.log_markers, "ready: listening on unix:/x")->phase, "ready");
  EXPECT_EQ(ClassifyFailure(facts.failures, "resource_exhausted: need 9 GiB, have 2 GiB")->kind,
            "OUT_OF_MEMORY");
}

}  // namespace
}  // namespace redline::backends
