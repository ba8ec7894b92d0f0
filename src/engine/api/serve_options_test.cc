#include "engine/api/serve_options.h"

#include <gtest/gtest.h>

#include <set>

namespace redline::engine {
namespace {

TEST(ServeOptions, EveryFlagCanBeSetFromItsDefault) {
  ServeOptions options;
  std::set<std::string> names;
  for (const ServeFlag& flag : ServeFlags()) {
    EXPECT_TRUE(names.insert(flag.name).second) << flag.name;
    EXPECT_FALSE(flag.help.empty());
    if (flag.default_value.empty()) continue;
    EXPECT_TRUE(SetServeOption(flag.name, flag.default_value, options).ok()) << flag.name;
  }
  for (const char* name :
       {"model-path", "served-model-name", "host", "port", "uds", "context-length",
        "max-running-requests", "max-total-tokens", "chunked-prefill-size", "page-size",
        "max-queued-requests", "num-threads", "api-key", "tool-call-parser", "reasoning-parser"}) {
    EXPECT_TRUE(names.contains(name)) << name;
  }
}

TEST(ServeOptions, SetsBySnakeOrDashedName) {
  ServeOptions options;
  ASSERT_TRUE(SetServeOption("context-length", "512", options).ok());
  ASSERT_TRUE(SetServeOption("page_size", "32", options).ok());
  ASSERT_TRUE(SetServeOption("uds", "/x.sock", options).ok());
  EXPECT_EQ(options.engine.context_length, 512);
  EXPECT_EQ(options.engine.page_size, 32);
  EXPECT_EQ(options.uds, "/x.sock");
}

TEST(ServeOptions, ErrorsNameFlagValueAndRemedy) {
  const std::vector<std::tuple<const char*, const char*, const char*>> cases = {
      {"context-lenght", "5", "--context-length"},
      {"port", "70000", "65535"},
      {"port", "", "--port"},
      {"max-running-requests", "0", "from 1 to"},
      {"max-total-tokens", "99999999999999999999", "whole number"},
      {"num-threads", "two\n", "two\\n"},
  };
  for (const auto& [name, value, expected] : cases) {
    ServeOptions options;
    const Status status = SetServeOption(name, value, options);
    EXPECT_EQ(status.code(), Code::kInvalidArgument) << name;
    EXPECT_NE(status.message().find(expected), std::string::npos) << status.message();
  }
}

TEST(ServeOptions, ValidatesTheWhole) {
  EXPECT_EQ(ValidateServeOptions({}).param(), "model-path");
  EXPECT_TRUE(ValidateServeOptions({.model_path = "m.gguf"}).ok());
  EXPECT_EQ(
      ValidateServeOptions({.model_path = "m.gguf", .served_model_name = std::string(300, 'x')})
          .param(),
      "served-model-name");
  const Status parser =
      ValidateServeOptions({.model_path = "m.gguf", .tool_call_parser = "hermez"});
  EXPECT_EQ(parser.param(), "tool-call-parser");
  EXPECT_NE(parser.message().find("did you mean \"hermes\"?"), std::string::npos);
  EXPECT_EQ(
      ValidateServeOptions({.model_path = "m.gguf", .reasoning_parser = "deepseek-r2"}).param(),
      "reasoning-parser");
  EXPECT_TRUE(ValidateServeOptions(
                  {.model_path = "m.gguf", .tool_call_parser = "none", .reasoning_parser = "qwen3"})
                  .ok());
  EXPECT_EQ(
      ValidateServeOptions({.model_path = "m.gguf", .engine = {.chunked_prefill_size = 8}}).param(),
      "chunked_prefill_size");
}

TEST(ServeOptions, NameComesFromThePath) {
  EXPECT_EQ(ServedModelName({.model_path = "/models/smol.Q4_1.gguf"}), "smol.Q4_1");
  EXPECT_EQ(ServedModelName({.model_path = "/models/Qwen2.5-0.5B/"}), "Qwen2.5-0.5B");
  EXPECT_EQ(ServedModelName({.model_path = "x", .served_model_name = "y"}), "y");
}

}  // namespace
}  // namespace redline::engine
