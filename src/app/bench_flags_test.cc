#include "app/bench_flags.h"

#include <gtest/gtest.h>

namespace redline::app {
namespace {

TEST(BenchFlags, TheCommandLineIsOneThatAShellReadsBack) {
  struct Case {
    const char* value;
    const char* word;
  };
  for (const Case& c :
       {Case{"sharegpt", "sharegpt"}, Case{"a b.yaml", "'a b.yaml'"}, Case{"", "''"},
        Case{"it's", R"('it'\''s')"}, Case{"$(id);*", "'$(id);*'"}}) {
    Arguments arguments;
    arguments.Set("workload", {c.value});
    EXPECT_EQ(CommandLineOf("bench", arguments, BenchFlags()),
              std::string("redline bench --workload ") + c.word);
  }
}

TEST(BenchFlags, TheCommandLineHasNoKey) {
  Arguments arguments;
  arguments.Set("api-key", {"secret"});
  arguments.Set("no-warm-up", {""});
  EXPECT_EQ(CommandLineOf("bench", arguments, BenchFlags()), "redline bench --no-warm-up");
}

TEST(BenchFlags, AClosedLoopAndAnOpenOneExcludeEachOther) {
  Arguments arguments;
  arguments.Set("workload", {"short"});
  arguments.Set("concurrency", {"4"});
  EXPECT_EQ(WorkloadOf(arguments)->concurrency, 4);
  arguments.Set("rate", {"2"});
  EXPECT_EQ(WorkloadOf(arguments).status().param(), "rate");
}

}  // namespace
}  // namespace redline::app
