#include "backends/parameter_schema.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace redline::backends {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const ParameterSchema& Schema() {
  static const ParameterSchema schema = {
      .parameters = {{.name = "max_running_requests",
                      .type = ParameterType::kInt,
                      .default_value = int64_t{64},
                      .minimum = 1,
                      .maximum = 4096},
                     {.name = "mem_fraction",
                      .type = ParameterType::kFloat,
                      .default_value = 0.9,
                      .minimum = 0,
                      .maximum = 1},
                     {.name = "policy",
                      .type = ParameterType::kString,
                      .default_value = std::string("fcfs"),
                      .choices = {"fcfs", "lpm"}},
                     {.name = "metrics", .type = ParameterType::kBool, .default_value = false}},
      .managed = {"model_path"}};
  return schema;
}

TEST(ParameterSchemaTest, DefaultsAreFilledIn) {
  const auto checked = CheckParameters(Schema(), "engine 1", {{"mem_fraction", int64_t{1}}});
  ASSERT_TRUE(checked.ok()) << checked.status().ToString();
  const spec::Parameters expected = {{"max_running_requests", int64_t{64}},
                                     {"mem_fraction", 1.0},
                                     {"policy", std::string("fcfs")},
                                     {"metrics", false}};
  EXPECT_EQ(checked->values, expected);
  EXPECT_TRUE(checked->notes.empty());
}

TEST(ParameterSchemaTest, AValueThatChangesNothingIsNoted) {
  const auto checked = CheckParameters(Schema(), "engine 1", {{"policy", std::string("fcfs")}});
  ASSERT_TRUE(checked.ok());
  EXPECT_THAT(checked->notes, ElementsAre("policy = fcfs is the default and changes nothing."));
}

TEST(ParameterSchemaTest, WrongParametersAreNamed) {
  const struct {
    std::string name;
    spec::ParameterValue value;
    std::string message;
  } cases[] = {
      {"max_runing_requests", int64_t{1}, "did you mean \"max_running_requests\"?"},
      {"model_path", std::string("/x"), "is set by Redline itself"},
      {"max_running_requests", int64_t{0}, "must be from 1 to 4096, not 0"},
      {"max_running_requests", 2.5, "must be an integer, not 2.5"},
      {"max_running_requests", true, "must be an integer"},
      {"max_running_requests", std::string("8"), "must be an integer"},
      {"mem_fraction", 1.5, "from 0 to 1"},
      {"mem_fraction", std::numeric_limits<double>::quiet_NaN(), "from 0 to 1"},
      {"policy", std::string("lpn"), "one of fcfs, lpm, not \"lpn\"; did you mean \"lpm\"?"},
      {"metrics", int64_t{1}, "true or false"},
  };
  for (const auto& each : cases) {
    const auto checked = CheckParameters(Schema(), "engine 1", {{each.name, each.value}});
    ASSERT_FALSE(checked.ok()) << each.name;
    EXPECT_EQ(checked.status().code(), Code::kInvalidArgument);
    EXPECT_EQ(checked.status().param(), each.name);
    EXPECT_THAT(checked.status().message(), HasSubstr(each.message));
  }
}

TEST(ParameterSchemaTest, FlagsAndValues) {
  EXPECT_EQ(FlagName("max_running_requests"), "--max-running-requests");
  EXPECT_EQ(FormatValue(int64_t{64}), "64");
  EXPECT_EQ(FormatValue(0.9), "0.9");
  EXPECT_EQ(FormatValue(true), "true");
  EXPECT_EQ(FormatValue(std::string("lpm")), "lpm");
}

}  // namespace
}  // namespace redline::backends
