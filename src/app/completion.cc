#include <fmt/format.h>

#include "app/commands.h"
#include "base/strings.h"

namespace redline::app {
namespace {

std::vector<Command> Visible() {
  std::vector<Command> visible;
  for (Command& command : AllCommands()) {
    if (!command.hidden) visible.push_back(std::move(command));
  }
  return visible;
}

std::string CommandNames() {
  std::vector<std::string> names;
  for (const Command& command : Visible()) names.push_back(command.name);
  return Join(names, " ");
}

std::string FlagWords(const Command& command) {
  std::vector<std::string> words = {"--help"};
  for (const Flag& flag : command.flags) words.push_back("--" + flag.name);
  return Join(words, " ");
}

std::string BashScript() {
  std::string cases;
  for (const Command& command : Visible())
    cases += fmt::format("    {}) words=\"{}\" ;;\n", command.name, FlagWords(command));
  return fmt::format(
      "_redline() {{\n"
      "  local words=\"\" current=\"${{COMP_WORDS[COMP_CWORD]}}\"\n"
      "  if [ \"$COMP_CWORD\" -eq 1 ]; then words=\"{}\"; else\n"
      "  case \"${{COMP_WORDS[1]}}\" in\n{}  esac\n  fi\n"
      "  COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n"
      "}}\ncomplete -o default -F _redline redline\n",
      CommandNames(), cases);
}

// zsh runs bash completions as they are.
std::string ZshScript() { return "autoload -U +X bashcompinit && bashcompinit\n" + BashScript(); }

std::string FishScript() {
  std::string script = "complete -c redline -f\n";
  for (const Command& command : Visible()) {
    script += fmt::format("complete -c redline -n __fish_use_subcommand -a {} -d '{}'\n",
                          command.name, command.summary);
    for (const Flag& flag : command.flags)
      script += fmt::format("complete -c redline -n '__fish_seen_subcommand_from {}' -l {}{}\n",
                            command.name, flag.name, flag.value_name.empty() ? "" : " -r");
  }
  return script;
}

Status RunCompletion(const Arguments& arguments) {
  const std::string shell = arguments.Get("SHELL");
  const std::vector<std::string> shells = {"bash", "zsh", "fish"};
  if (shell == "bash") {
    fmt::print("{}", BashScript());
  } else if (shell == "zsh") {
    fmt::print("{}", ZshScript());
  } else if (shell == "fish") {
    fmt::print("{}", FishScript());
  } else {
    return InvalidArgument(fmt::format("\"{}\" is not one of {}{}", shell, Join(shells, ", "),
                                       DidYouMean(shell, shells)),
                           "SHELL");
  }
  return OkStatus();
}

}  // namespace

Command CompletionCommand() {
  return {.name = "completion",
          .summary = "print a shell's completion script",
          .description = "Prints a script that completes commands and flags.",
          .example = "redline completion bash > ~/.redline-completion && . ~/.redline-completion",
          .positionals = {{"SHELL", "bash, zsh or fish"}},
          .run = RunCompletion};
}

}  // namespace redline::app
