#include "engine/runtime/engine_options.h"

#include <gtest/gtest.h>

namespace redline::engine {
namespace {

// Room for 900 tokens of 1000 bytes.
constexpr MemoryFacts kMegabyte = {.available_bytes = 1'000'000, .kv_bytes_per_token = 1000};
constexpr MemoryFacts kPlenty = {.available_bytes = uint64_t{1} << 40, .kv_bytes_per_token = 1000};

TEST(EngineOptions, DomainErrorsNameFieldAndValue) {
  const std::vector<std::pair<EngineOptions, const char*>> cases = {
      {{.max_running_requests = 0}, "max_running_requests"},
      {{.max_total_tokens = -1}, "max_total_tokens"},
      {{.chunked_prefill_size = 32}, "chunked_prefill_size"},  // below max_running_requests
      {{.context_length = -5}, "context_length"},
      {{.page_size = 24}, "page_size"},
      {{.page_size = 512}, "page_size"},
      {{.max_queued_requests = -1}, "max_queued_requests"},
      {{.num_threads = 5000}, "num_threads"},
  };
  for (const auto& [options, field] : cases) {
    const Status status = ValidateEngineOptions(options);
    EXPECT_EQ(status.code(), Code::kInvalidArgument) << field;
    EXPECT_EQ(status.param(), field);
    EXPECT_NE(status.message().find(field), std::string::npos) << status.message();
  }
  EXPECT_TRUE(ValidateEngineOptions({}).ok());
}

TEST(ResolveEngineOptions, NoMoreThanTheRunningRequestsCanUse) {
  const auto options = ResolveEngineOptions({.max_running_requests = 4}, 1000, kPlenty);
  ASSERT_TRUE(options.ok());
  EXPECT_EQ(options->context_length, 1000);
  EXPECT_EQ(options->max_total_tokens, 4 * 1008);  // whole pages of 16
  EXPECT_GT(options->num_threads, 0);
}

// A plain `redline serve` took nine tenths of the machine's memory.
TEST(ResolveEngineOptions, APoolNobodyAskedForTakesHalfOfTheMemory) {
  const auto options = ResolveEngineOptions({}, 400, kMegabyte);
  ASSERT_TRUE(options.ok());
  EXPECT_EQ(options->max_total_tokens, 496);
  EXPECT_EQ(options->context_length, 400);
  // One request of the context counts for more.
  const auto long_context = ResolveEngineOptions({}, 700, kMegabyte);
  ASSERT_TRUE(long_context.ok());
  EXPECT_EQ(long_context->max_total_tokens, 704);
  EXPECT_EQ(long_context->context_length, 700);
}

TEST(ResolveEngineOptions, MemoryBoundsThePoolAndThePoolTheContext) {
  const auto options = ResolveEngineOptions({}, 8192, kMegabyte);
  ASSERT_TRUE(options.ok());
  EXPECT_EQ(options->max_total_tokens, 896);
  EXPECT_EQ(options->context_length, 896);
}

TEST(ResolveEngineOptions, AskedContextThatMemoryCannotHoldIsAnErrorWithNeedAndHave) {
  const Status status = ResolveEngineOptions({.context_length = 2000}, 8192, kMegabyte).status();
  EXPECT_EQ(status.code(), Code::kResourceExhausted);
  EXPECT_NE(status.message().find("2000000 bytes"), std::string::npos) << status.message();
  EXPECT_NE(status.message().find("900000 bytes"), std::string::npos) << status.message();
}

TEST(ResolveEngineOptions, PoolTooSmallToServeFromIsAnError) {
  EXPECT_EQ(ResolveEngineOptions({}, 8192, {.available_bytes = 1000, .kv_bytes_per_token = 1000})
                .status()
                .code(),
            Code::kResourceExhausted);
}

TEST(ResolveEngineOptions, ExplicitPool) {
  const auto options = ResolveEngineOptions({.max_total_tokens = 100}, 8192, kMegabyte);
  ASSERT_TRUE(options.ok());
  EXPECT_EQ(options->max_total_tokens, 96);
  EXPECT_EQ(options->context_length, 96);

  EXPECT_EQ(ResolveEngineOptions({.max_total_tokens = 1000}, 8192, kMegabyte).status().code(),
            Code::kResourceExhausted);
  EXPECT_EQ(ResolveEngineOptions({.max_total_tokens = 10}, 8192, kMegabyte).status().param(),
            "max_total_tokens");
  EXPECT_EQ(ResolveEngineOptions({.max_total_tokens = 100, .context_length = 200}, 8192, kMegabyte)
                .status()
                .param(),
            "max_total_tokens");
}

TEST(ResolveEngineOptions, MoreContextThanTheModelHasIsAnError) {
  const Status status = ResolveEngineOptions({.context_length = 4097}, 4096, kPlenty).status();
  EXPECT_EQ(status.param(), "context_length");
  EXPECT_NE(status.message().find("4096"), std::string::npos);
}

}  // namespace
}  // namespace redline::engine
