// What the platform believes of `redline serve` (backends/native) and what it really takes.
#include <gtest/gtest.h>

#include <map>

#include "backends/backend.h"
#include "engine/api/serve_options.h"

namespace redline::app {
namespace {

TEST(ServeFlags, EveryParameterOfTheNativeBackendIsAFlagOfServe) {
  std::map<std::string, engine::ServeFlag> flags;
  for (const engine::ServeFlag& flag : engine::ServeFlags()) flags["--" + flag.name] = flag;
  const auto backend = backends::FindBackend("native");
  ASSERT_TRUE(backend.ok());
  const auto schema = (*backend)->SchemaOf("");
  ASSERT_TRUE(schema.ok());
  for (const backends::Parameter& parameter : (*schema)->parameters) {
    const auto flag = flags.find(backends::FlagName(parameter.name));
    ASSERT_NE(flag, flags.end()) << parameter.name;
    EXPECT_EQ(flag->second.choices, parameter.choices) << parameter.name;
    const bool is_switch = parameter.type == backends::ParameterType::kBool;
    EXPECT_EQ(flag->second.value_name.empty(), is_switch) << parameter.name;
    if (is_switch) continue;
    EXPECT_EQ(flag->second.default_value, backends::FormatValue(parameter.default_value))
        << parameter.name;
  }
}

}  // namespace
}  // namespace redline::app
