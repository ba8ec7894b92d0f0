// What the platform believes of `redline serve` (backends/native) and what it really takes.
#include <gtest/gtest.h>

#include <set>

#include "backends/backend.h"
#include "engine/api/serve_options.h"

namespace redline::app {
namespace {

TEST(ServeFlags, EveryParameterOfTheNativeBackendIsAFlagOfServe) {
  std::set<std::string> flags;
  for (const engine::ServeFlag& flag : engine::ServeFlags()) flags.insert("--" + flag.name);
  const auto backend = backends::FindBackend("native");
  ASSERT_TRUE(backend.ok());
  const auto schema = (*backend)->SchemaOf("");
  ASSERT_TRUE(schema.ok());
  for (const backends::Parameter& parameter : (*schema)->parameters)
    EXPECT_TRUE(flags.contains(backends::FlagName(parameter.name))) << parameter.name;
}

}  // namespace
}  // namespace redline::app
