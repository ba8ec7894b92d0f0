#include "app/command.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <limits>
#include <memory>
#include <system_error>

#include "base/strings.h"

namespace redline::app {
namespace {

const Command* FindCommand(const std::vector<Command>& commands, std::string_view name) {
  for (const Command& command : commands) {
    if (command.name == name) return &command;
  }
  return nullptr;
}

std::vector<std::string> VisibleNames(const std::vector<Command>& commands) {
  std::vector<std::string> names;
  for (const Command& command : commands) {
    if (!command.hidden) names.push_back(command.name);
  }
  return names;
}

std::vector<std::string> FlagNames(const Command& command) {
  std::vector<std::string> names = {"--help"};
  for (const Flag& flag : command.flags) names.push_back("--" + flag.name);
  return names;
}

// Builds CLI11's parser from the table. `values` receives what was typed.
std::unique_ptr<CLI::App> MakeParser(const Command& command,
                                     std::map<std::string, std::vector<std::string>>& values) {
  auto parser = std::make_unique<CLI::App>("", command.name);
  parser->set_help_flag();  // --help is ours
  parser->allow_extras();
  for (const Flag& flag : command.flags) {
    if (flag.value_name.empty()) {
      parser->add_flag("--" + flag.name);
    } else {
      CLI::Option* const option = parser->add_option("--" + flag.name, values[flag.name]);
      (flag.repeated ? option->take_all() : option->take_last())
          ->type_size(1)
          ->expected(flag.repeated ? -1 : 1)
          ->allow_extra_args(false);
    }
  }
  return parser;
}

Status UnknownFlag(const Command& command, const std::string& word) {
  const std::string name = word.substr(0, word.find('='));
  const std::string near = DidYouMean(name, FlagNames(command));
  return InvalidArgument(
      fmt::format("unknown flag \"{}\" for redline {}{}", EscapeControl(name), command.name,
                  near.empty() ? "; see --help for those it has" : near),
      name);
}

Status CheckFlag(const Flag& flag, const Arguments& arguments) {
  if (flag.required && !arguments.Has(flag.name))
    return InvalidArgument("--" + flag.name + " is required", flag.name);
  if (flag.choices.empty() || !arguments.Has(flag.name)) return OkStatus();
  const std::string value = arguments.Get(flag.name);
  for (const std::string& choice : flag.choices) {
    if (choice == value) return OkStatus();
  }
  return InvalidArgument(
      fmt::format("--{} \"{}\" is not one of {}{}", flag.name, EscapeControl(value),
                  Join(flag.choices, ", "), DidYouMean(value, flag.choices)),
      flag.name);
}

Status CheckArguments(const Command& command, const Arguments& arguments) {
  for (const Flag& flag : command.flags) RL_RETURN_IF_ERROR(CheckFlag(flag, arguments));
  for (const Positional& positional : command.positionals) {
    if (positional.required && !arguments.Has(positional.name))
      return InvalidArgument(fmt::format("{} is missing; for example: {}", positional.name,
                                         Split(command.example, '\n').front()));
  }
  return OkStatus();
}

// CLI11 leaves over what is no flag of ours: the positionals in their order, and mistakes.
Status TakePositionals(const Command& command, const std::vector<std::string>& words,
                       Arguments& arguments) {
  std::vector<std::string> values;
  for (const std::string& word : words) {
    const bool is_number = ParseDouble(word).has_value();
    if (word.size() > 1 && word[0] == '-' && !is_number) return UnknownFlag(command, word);
    values.push_back(word);
  }
  size_t taken = 0;
  for (const Positional& positional : command.positionals) {
    if (positional.after_dashes) continue;
    const size_t count = positional.repeated ? values.size() - taken : 1;
    if (taken + count > values.size() || count == 0) continue;
    const auto begin = values.begin() + static_cast<std::ptrdiff_t>(taken);
    arguments.Set(positional.name, {begin, begin + static_cast<std::ptrdiff_t>(count)});
    taken += count;
  }
  if (taken < values.size())
    return InvalidArgument(fmt::format("unexpected argument \"{}\"; see: redline {} --help",
                                       EscapeControl(values[taken]), command.name));
  return OkStatus();
}

// Moves the words after "--" into `arguments`, for a command that passes them on.
void TakeAfterDashes(const Command& command, std::vector<std::string>& words,
                     Arguments& arguments) {
  const auto dashes = std::find(words.begin(), words.end(), "--");
  for (const Positional& positional : command.positionals) {
    if (!positional.after_dashes || dashes == words.end()) continue;
    if (dashes + 1 != words.end()) arguments.Set(positional.name, {dashes + 1, words.end()});
    words.erase(dashes, words.end());
    return;
  }
}

Result<Arguments> Parse(const Command& command, std::vector<std::string> words) {
  Arguments arguments;
  TakeAfterDashes(command, words, arguments);
  std::map<std::string, std::vector<std::string>> values;
  const auto parser = MakeParser(command, values);
  std::vector<std::string> reversed(words.rbegin(), words.rend());  // CLI11 pops from the back
  try {
    parser->parse(reversed);
  } catch (const CLI::ParseError& error) {
    return InvalidArgument(fmt::format("{}; see: redline {} --help", error.what(), command.name));
  }
  RL_RETURN_IF_ERROR(TakePositionals(command, parser->remaining(), arguments));
  for (auto& [name, given] : values) {
    if (!given.empty()) arguments.Set(name, given);
  }
  for (const Flag& flag : command.flags) {
    if (flag.value_name.empty() && parser->count("--" + flag.name) > 0)
      arguments.Set(flag.name, {"true"});
    if (!flag.default_value.empty()) arguments.SetDefault(flag.name, flag.default_value);
  }
  RL_RETURN_IF_ERROR(CheckArguments(command, arguments));
  return arguments;
}

bool AsksForHelp(const std::vector<std::string>& words) {
  for (const std::string& word : words) {
    if (word == "--") return false;
    if (word == "--help" || word == "-h") return true;
  }
  return false;
}

int Fail(const Status& status) {
  const std::string line = "redline: " + EscapeControl(status.message()) + "\n";
  std::fwrite(line.data(), 1, line.size(), stderr);  // where it cannot be written, nobody reads it
  return InfoOf(status.code()).exit_code;
}

// What was printed has arrived.
Status FlushOutput() {
  errno = 0;
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return OkStatus();
  return Unavailable(fmt::format("standard output cannot be written: {}",
                                 std::generic_category().message(errno == 0 ? EIO : errno)));
}

Status Run(const Command& command, const Arguments& arguments) {
  try {
    RL_RETURN_IF_ERROR(command.run(arguments));
    return FlushOutput();
  } catch (const std::system_error& error) {  // fmt::print
    return Unavailable(fmt::format("output cannot be written: {}", error.what()));
  }
}

// As a person typed it: positionals are in capitals.
std::string Shown(const std::string& name) {
  const bool is_positional = !name.empty() && name[0] >= 'A' && name[0] <= 'Z';
  return is_positional ? name : "--" + name;
}

std::string FlagColumn(const Flag& flag) {
  return flag.value_name.empty() ? "--" + flag.name : "--" + flag.name + " " + flag.value_name;
}

std::string FlagHelp(const Flag& flag) {
  std::string text = flag.help;
  if (!flag.choices.empty()) text += " (" + Join(flag.choices, ", ") + ")";
  if (!flag.default_value.empty()) text += " [" + flag.default_value + "]";
  if (flag.required) text += " (required)";
  return text;
}

}  // namespace

std::string Arguments::Get(const std::string& name) const {
  if (const auto given = given_.find(name); given != given_.end()) return given->second.back();
  const auto fallback = defaults_.find(name);
  return fallback == defaults_.end() ? "" : fallback->second;
}

std::vector<std::string> Arguments::GetAll(const std::string& name) const {
  const auto given = given_.find(name);
  return given == given_.end() ? std::vector<std::string>() : given->second;
}

Result<int64_t> Arguments::GetInt(const std::string& flag, int64_t low, int64_t high) const {
  const auto value = ParseInt64(Get(flag));
  if (value && *value >= low && *value <= high) return *value;
  return InvalidArgument(fmt::format("{} \"{}\" must be a whole number from {} to {}", Shown(flag),
                                     EscapeControl(Get(flag)), low, high),
                         flag);
}

Result<double> Arguments::GetDouble(const std::string& flag, double low, double high) const {
  const auto value = ParseDouble(Get(flag));
  if (value && *value >= low && *value <= high) return *value;
  return InvalidArgument(fmt::format("{} \"{}\" must be a number from {} to {}", Shown(flag),
                                     EscapeControl(Get(flag)), low, high),
                         flag);
}

std::string HelpText(const std::vector<Command>& commands) {
  std::string text =
      "Redline finds the fastest honest way to serve a model on the hardware you have.\n\n"
      "Usage: redline COMMAND [FLAGS]\n\nCommands:\n";
  for (const Command& command : commands) {
    if (!command.hidden) text += fmt::format("  {:<12} {}\n", command.name, command.summary);
  }
  text +=
      "\nredline COMMAND --help shows a command's flags and an example.\n"
      "\nExample:\n  redline up\n  redline deploy smollm2-135m-instruct --wait\n"
      "  redline chat smollm2-135m-instruct \"Hello\"\n";
  return text;
}

std::string HelpText(const Command& command) {
  std::string usage = "redline " + command.name;
  std::string passed_on;
  for (const Positional& positional : command.positionals) {
    const std::string name = positional.name + (positional.repeated ? "..." : "");
    const std::string dashes = positional.after_dashes ? "-- " : "";
    (positional.after_dashes ? passed_on : usage) +=
        positional.required ? " " + dashes + name : " [" + dashes + name + "]";
  }
  if (!command.flags.empty()) usage += " [FLAGS]";
  usage += passed_on;
  std::string text = fmt::format("{}\n\nUsage: {}\n", command.description, usage);
  if (!command.positionals.empty()) text += "\nArguments:\n";
  for (const Positional& positional : command.positionals)
    text += fmt::format("  {:<28} {}\n", positional.name, positional.help);
  if (!command.flags.empty()) text += "\nFlags:\n";
  for (const Flag& flag : command.flags)
    text += fmt::format("  {:<28} {}\n", FlagColumn(flag), FlagHelp(flag));
  text += "\nExample:\n";
  for (const std::string& line : Split(command.example, '\n')) text += "  " + line + "\n";
  return text;
}

Status RefuseFlags(const Arguments& arguments, const std::vector<std::string>& flags,
                   std::string_view why) {
  for (const std::string& flag : flags) {
    if (arguments.Has(flag))
      return InvalidArgument(fmt::format("--{} means nothing {}", flag, why), flag);
  }
  return OkStatus();
}

int RunCommandLine(const std::vector<Command>& commands, int argc, char** argv) {
  std::vector<std::string> words(argv + 1, argv + argc);
  if (words.empty()) {
    fmt::print(stderr, "{}", HelpText(commands));
    return InfoOf(Code::kInvalidArgument).exit_code;
  }
  if (words[0] == "--help" || words[0] == "-h" || words[0] == "help") {
    const Command* asked = words.size() > 1 ? FindCommand(commands, words[1]) : nullptr;
    fmt::print("{}", asked ? HelpText(*asked) : HelpText(commands));
    return 0;
  }
  if (words[0] == "--version") words[0] = "version";
  const Command* command = FindCommand(commands, words[0]);
  if (command == nullptr)
    return Fail(
        InvalidArgument(fmt::format("unknown command \"{}\"{}; see: redline --help", words[0],
                                    DidYouMean(words[0], VisibleNames(commands)))));
  words.erase(words.begin());
  if (AsksForHelp(words)) {
    fmt::print("{}", HelpText(*command));
    return 0;
  }
  auto arguments = Parse(*command, std::move(words));
  if (!arguments.ok()) return Fail(arguments.status());
  const Status status = Run(*command, *arguments);
  return status.ok() ? 0 : Fail(status);
}

}  // namespace redline::app
