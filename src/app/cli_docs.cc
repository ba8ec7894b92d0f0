#include "app/cli_docs.h"

#include <fmt/format.h>

#include "base/strings.h"

namespace redline::app {
namespace {

std::string ExitCodes() {
  std::string text = "| exit status | meaning |\n|---|---|\n| 0 | done |\n";
  for (int index = 1; index <= static_cast<int>(Code::kInternal); ++index) {
    const CodeInfo& info = InfoOf(static_cast<Code>(index));
    text += fmt::format("| {} | `{}` |\n", info.exit_code, info.name);
  }
  return text;
}

}  // namespace

std::string CliMarkdown(const std::vector<Command>& commands) {
  std::string text =
      "# Command line\n\n"
      "Made from the tables in `src/app`; a unit test keeps it equal to `--help`.\n\n"
      "Commands that talk to a server find it by `--server` or `REDLINE_SERVER` with `--api-key` "
      "or\n"
      "`REDLINE_API_KEY`, else in the data directory (`--data-dir`, `REDLINE_DATA_DIR`, else\n"
      "`~/.local/share/redline`). An error is one line on standard error.\n\n" +
      ExitCodes();
  for (const Command& command : commands) {
    if (command.hidden) continue;
    text += fmt::format("\n## redline {}\n\n```\n{}```\n", command.name, HelpText(command));
  }
  return text;
}

}  // namespace redline::app
