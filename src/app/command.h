// A subcommand as data: one table drives parsing, --help, shell completion and docs/cli.md.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace redline::app {

struct Flag {
  std::string name;        // long name without dashes: "data-dir"
  std::string value_name;  // "DIR"; empty: a switch
  std::string help;
  std::string default_value;  // shown in --help and returned by Get; empty: none
  std::vector<std::string> choices = {};
  bool required = false;
  bool repeated = false;  // may be given several times: see Arguments::GetAll
};

struct Positional {
  std::string name;  // "MODEL"
  std::string help;
  bool required = true;
  bool repeated = false;
  bool after_dashes = false;  // every word after "--", as it stands
};

// What the command line said. Values are as typed; defaults are filled in.
class Arguments {
 public:
  bool Has(const std::string& flag) const { return given_.contains(flag); }
  // "" when neither given nor defaulted.
  std::string Get(const std::string& name) const;
  std::vector<std::string> GetAll(const std::string& name) const;
  // kInvalidArgument naming the flag when the value is not a whole number in [low, high].
  Result<int64_t> GetInt(const std::string& flag, int64_t low, int64_t high) const;
  Result<double> GetDouble(const std::string& flag, double low, double high) const;

  void Set(const std::string& name, std::vector<std::string> values) {
    given_[name] = std::move(values);
  }
  void SetDefault(const std::string& name, std::string value) {
    defaults_[name] = std::move(value);
  }

 private:
  std::map<std::string, std::vector<std::string>> given_;
  std::map<std::string, std::string> defaults_;
};

// kInvalidArgument for the first of `flags` that was given: "--port means nothing with --workload".
Status RefuseFlags(const Arguments& arguments, const std::vector<std::string>& flags,
                   std::string_view why);

struct Command {
  std::string name;
  std::string summary;      // one line, in the list of commands
  std::string description;  // a paragraph, in its own help
  std::string example;      // one or more lines that work as printed
  std::vector<Flag> flags;
  std::vector<Positional> positionals;
  // Exit status 0 for an ok Status, else that of its code.
  std::function<Status(const Arguments&)> run;
  bool hidden = false;  // roles that other processes start
};

// Parses and runs. Errors go to standard error as one line that says what to do; the result is the
// process's exit status. `--help` anywhere prints help.
int RunCommandLine(const std::vector<Command>& commands, int argc, char** argv);

// Text of `redline --help` and `redline NAME --help`.
std::string HelpText(const std::vector<Command>& commands);
std::string HelpText(const Command& command);

}  // namespace redline::app
