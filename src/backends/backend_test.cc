#include "backends/backend.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace redline::backends {
namespace {

using ::testing::HasSubstr;

TEST(BackendTest, FoundByName) {
  for (const Backend* backend : AllBackends()) {
    const auto found = FindBackend(backend->facts().name);
    ASSERT_TRUE(found.ok());
    EXPECT_EQ(*found, backend);
    EXPECT_FALSE(backend->facts().versions.empty());
    EXPECT_TRUE(backend->SchemaOf("").ok());
    EXPECT_FALSE(backend->SchemaOf("0.0.0-none").ok());
  }
  const auto unknown = FindBackend("nativ");
  EXPECT_EQ(unknown.status().code(), Code::kInvalidArgument);
  EXPECT_THAT(unknown.status().message(), HasSubstr("did you mean \"native\"?"));
}

TEST(BackendTest, ProgressFromLogLines) {
  const std::vector<LogMarker> markers = {
      {.text = "shards: ", .phase = "loading", .fraction = LogMarker::Fraction::kPercentAfterText},
      {.text = "graph begin", .phase = "capturing", .constant = 0.5}};
  const struct {
    std::string line;
    std::string phase;  // "": no progress
    double fraction;
  } cases[] = {
      {"[TP0] shards:   42% Completed | 5/12", "loading", 0.42},
      {"shards: 12.5%", "loading", 0.125},
      {"shards: 100%", "loading", 1},
      {"shards: 101%", "", 0},
      {"shards: nan%", "", 0},
      {"shards: many", "", 0},
      {"shards: ", "", 0},
      {"Capture cuda graph begin", "capturing", 0.5},
      {"", "", 0},
  };
  for (const auto& each : cases) {
    const auto progress = MatchProgress(markers, each.line);
    EXPECT_EQ(progress ? progress->phase : "", each.phase) << each.line;
    EXPECT_DOUBLE_EQ(progress ? progress->fraction : 0, each.fraction) << each.line;
  }
}

TEST(BackendTest, FailureIsProvenByALine) {
  const std::vector<FailurePattern> patterns = {{"CUDA out of memory", "OUT_OF_MEMORY", "less"},
                                                {"Error", "ERROR", ""}};
  const auto cause =
      ClassifyFailure(patterns, "start\nError: first\n  torch: CUDA out of memory. Tried\nend\n");
  ASSERT_TRUE(cause.has_value());
  EXPECT_EQ(cause->kind, "OUT_OF_MEMORY") << "the first pattern wins over the first line";
  EXPECT_EQ(cause->line, "torch: CUDA out of memory. Tried");
  EXPECT_EQ(ClassifyFailure(patterns, "Error: a\nError: b")->line, "Error: b");
  EXPECT_FALSE(ClassifyFailure(patterns, "all is well").has_value());
  EXPECT_FALSE(ClassifyFailure(patterns, "").has_value());
}

}  // namespace
}  // namespace redline::backends
