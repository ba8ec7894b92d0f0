#include "app/command.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "app/api_docs.h"
#include "app/cli_docs.h"
#include "app/commands.h"
#include "app/output.h"
#include "base/files.h"
#include "spec/yaml.h"

namespace redline::app {
namespace {

struct Outcome {
  int exit_code = 0;
  std::string error;
  Arguments arguments;
};

Outcome RunWords(std::vector<std::string> words) {
  Outcome outcome;
  const Command command = {.name = "deploy",
                           .summary = "s",
                           .description = "d",
                           .example = "redline deploy m",
                           .flags = {{"wait", "", "h", ""},
                                     {"replicas", "N", "h", "1"},
                                     {"output", "F", "h", "table", {"table", "json"}}},
                           .positionals = {{"MODEL", "h"}, {"MESSAGE", "h", false}},
                           .run = [&](const Arguments& arguments) {
                             outcome.arguments = arguments;
                             return arguments.GetInt("replicas", 0, 64).status();
                           }};
  words.insert(words.begin(), "redline");
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  testing::internal::CaptureStderr();
  outcome.exit_code = RunCommandLine({command}, static_cast<int>(argv.size()), argv.data());
  outcome.error = testing::internal::GetCapturedStderr();
  return outcome;
}

TEST(CommandLine, ParsesFlagsInAnyOrderAndDefaults) {
  const Outcome outcome = RunWords({"deploy", "--wait", "m", "--output=json", "hello there"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.error;
  EXPECT_TRUE(outcome.arguments.Has("wait"));
  EXPECT_EQ(outcome.arguments.Get("MODEL"), "m");
  EXPECT_EQ(outcome.arguments.Get("MESSAGE"), "hello there");
  EXPECT_EQ(outcome.arguments.Get("output"), "json");
  EXPECT_EQ(outcome.arguments.Get("replicas"), "1");
}

TEST(CommandLine, WordsAfterTwoDashesAreTakenAsTheyStand) {
  Arguments seen;
  const Command command = {
      .name = "run",
      .summary = "s",
      .description = "d",
      .example = "redline run m -- --flag",
      .flags = {{"wait", "", "h", ""}},
      .positionals = {{"NAME", "h"},
                      {.name = "ARG", .help = "h", .required = false, .after_dashes = true}},
      .run = [&](const Arguments& arguments) { return seen = arguments, OkStatus(); }};
  std::vector<std::string> words = {"redline", "run", "m", "--", "--wait", "--", "-x", "--help"};
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  EXPECT_EQ(RunCommandLine({command}, static_cast<int>(argv.size()), argv.data()), 0);
  EXPECT_FALSE(seen.Has("wait"));
  EXPECT_EQ(seen.GetAll("ARG"), (std::vector<std::string>{"--wait", "--", "-x", "--help"}));
  EXPECT_NE(HelpText(command).find("redline run NAME [FLAGS] [-- ARG]"), std::string::npos);
}

TEST(CommandLine, MistakesAreNamedInOneLine) {
  const struct {
    std::vector<std::string> words;
    std::string expected;
  } cases[] = {
      {{"deply", "m"}, "did you mean \"deploy\"?"},
      {{"deploy", "m", "--wiat"}, "did you mean \"--wait\"?"},
      {{"deploy", "m", "--replica=3"}, "did you mean \"--replicas\"?"},
      {{"deploy"}, "MODEL is missing"},
      {{"deploy", "m", "--output", "jsn"}, "did you mean \"json\"?"},
      {{"deploy", "m", "--replicas", "two"}, "--replicas \"two\" must be a whole number"},
      {{"deploy", "m", "--replicas", "99999999999999999999"}, "must be a whole number"},
      {{"deploy", "m", "--replicas", "65"}, "from 0 to 64"},
      {{"deploy", "m", "a", "b"}, "unexpected argument \"b\""},
      {{"deploy", "m", "--replicas"}, "--replicas"},
  };
  for (const auto& test_case : cases) {
    const Outcome outcome = RunWords(test_case.words);
    EXPECT_EQ(outcome.exit_code, 2) << test_case.expected;
    EXPECT_NE(outcome.error.find(test_case.expected), std::string::npos) << outcome.error;
    EXPECT_EQ(std::count(outcome.error.begin(), outcome.error.end(), '\n'), 1) << outcome.error;
  }
}

TEST(CommandLine, EveryCommandHasHelpWithAnExample) {
  for (const Command& command : AllCommands()) {
    EXPECT_FALSE(command.summary.empty()) << command.name;
    EXPECT_NE(HelpText(command).find("\nExample:\n  redline "), std::string::npos) << command.name;
    for (const Flag& flag : command.flags) EXPECT_FALSE(flag.help.empty()) << flag.name;
  }
}

// REDLINE_UPDATE_DOCS=1 writes the pages anew.
// What a person reads who names a server that is not there: what was wrong and what to do, in one
// line, and nothing on standard output.
TEST(CommandLine, AServerThatIsNotThereIsToldWithARemedy) {
  struct Case {
    std::vector<std::string> words;
    const char* in_error;
  };
  const std::string nobody = "--server=http://127.0.0.1:1";
  const Case cases[] = {
      {{"get", "deployments", nobody}, "redline up"},
      {{"chat", "m", "Hello", nobody}, "redline up"},
      {{"delete", "m", nobody}, "redline up"},
      {{"get", "deployments", "--server=foo"}, "http://127.0.0.1:8080"},
      {{"serve", "--model-path=/nonexistent"}, "redline: not_found: "},
      {{"serve", "--model-path=/nonexistent", "--port=x"}, "redline: invalid_argument: "},
  };
  for (Case test_case : cases) {
    test_case.words.insert(test_case.words.begin(), "redline");
    std::vector<char*> argv;
    for (std::string& word : test_case.words) argv.push_back(word.data());
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    EXPECT_NE(RunCommandLine(AllCommands(), static_cast<int>(argv.size()), argv.data()), 0);
    const std::string error = testing::internal::GetCapturedStderr();
    EXPECT_EQ(testing::internal::GetCapturedStdout(), "") << test_case.words[1];
    EXPECT_NE(error.find(test_case.in_error), std::string::npos) << error;
    EXPECT_EQ(std::count(error.begin(), error.end(), '\n'), 1) << error;
  }
}

TEST(Documentation, GeneratedPagesAreCurrent) {
  const std::pair<std::string, std::string> pages[] = {{"docs/cli.md", CliMarkdown(AllCommands())},
                                                       {"docs/api.md", ApiMarkdown()}};
  for (const auto& [path, page] : pages) {
    if (std::getenv("REDLINE_UPDATE_DOCS") != nullptr) {
      ASSERT_TRUE(WriteFileAtomic(path, page).ok());
    }
    const auto written = ReadFile(path);
    ASSERT_TRUE(written.ok()) << written.status().ToString();
    EXPECT_TRUE(*written == page) << path << " is stale: run the test with REDLINE_UPDATE_DOCS=1";
  }
}

TEST(Output, TablesPadAndEscape) {
  EXPECT_EQ(FormatTable({"NAME", "PHASE"}, {{"a\x1b", "RUNNING"}, {"longer", ""}}),
            "NAME    PHASE\na\\x1b   RUNNING\nlonger\n");
}

TEST(Output, YamlKeepsTypes) {
  const nlohmann::json value = {{"text", "42"}, {"number", 42},    {"flag", true}, {"list", {1, 2}},
                                {"empty", ""},  {"none", nullptr}, {"word", "yes"}};
  EXPECT_EQ(spec::ToYaml(value),
            "empty: \"\"\nflag: true\nlist:\n  - 1\n  - 2\nnone: ~\nnumber: 42\ntext: \"42\"\n"
            "word: \"yes\"\n");
}

}  // namespace
}  // namespace redline::app
