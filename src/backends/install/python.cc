#include "backends/install/python.h"

#include <fmt/format.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cctype>
#include <stop_token>

#include "base/await_child.h"
#include "base/clock.h"
#include "base/files.h"
#include "base/ids.h"
#include "base/process.h"
#include "base/strings.h"

namespace redline::backends {
namespace {

namespace fs = std::filesystem;

constexpr double kQuestionSeconds = 30;
// Of a program that is asked something; it is killed soon after.
constexpr uint64_t kMostOutputBytes = 4 << 20;

// What a killed pip left may have no name or version: it is no distribution. -I: the packages that
// PYTHONPATH names are not the environment's.
constexpr char kListDistributions[] =
    "import importlib.metadata as m\n"
    "for d in m.distributions():\n"
    "  try: print(d.metadata['Name'] + '==' + d.version)\n"
    "  except Exception: pass\n";

std::string LastLinesOf(const std::string& text, size_t max_lines) {
  const auto lines = Split(std::string(Trim(text)), '\n');
  const size_t first = lines.size() > max_lines ? lines.size() - max_lines : 0;
  return Join(std::span(lines).subspan(first), " | ");
}

// The version when it can also make environments.
Result<std::string> VersionOf(const std::string& program) {
  RL_ASSIGN_OR_RETURN(const std::string output,
                      OutputOf({program, "-I", "-c",
                                "import sys, venv, ensurepip; print('.'.join(map(str, "
                                "sys.version_info[:3])))"},
                               kQuestionSeconds));
  return std::string(Trim(output));
}

}  // namespace

Result<std::string> OutputOf(const std::vector<std::string>& argv, double timeout_seconds) {
  std::error_code error;
  fs::path folder = fs::temp_directory_path(error);
  if (error) folder = "/tmp";  // TMPDIR names none
  const fs::path log = folder / NewId("redline-output");
  SpawnOptions options{.argv = argv};
  options.stdout_path = options.stderr_path = log;
  options.new_session = options.die_with_parent = true;
  const auto pid = Spawn(options);
  if (!pid.ok()) {
    fs::remove(log, error);
    return FailedPrecondition(pid.status().message());
  }
  std::stop_source stop;
  const MonotonicTime begin = MonotonicNow();
  std::string excess;
  const auto ended = AwaitChild(*pid, argv.front(), stop.get_token(), [&] {
    std::error_code gone;
    const auto num_bytes = fs::file_size(log, gone);
    if (SecondsSince(begin) > timeout_seconds)
      excess = "did not end within " + FormatDuration(timeout_seconds);
    if (!gone && num_bytes > kMostOutputBytes)
      excess = "wrote more than " + FormatBytes(kMostOutputBytes);
    if (!excess.empty()) stop.request_stop();
  });
  auto output = ReadTail(log, 64 << 10);
  fs::remove(log, error);
  if (!ended.ok() && !excess.empty()) return FailedPrecondition(argv.front() + " " + excess);
  RL_RETURN_IF_ERROR(ended.status());
  if (*ended == 0) return output;
  constexpr size_t kLines = 3;
  return FailedPrecondition(
      fmt::format("{}: {}: {}", argv.front(), DescribeWaitStatus(*ended),
                  EscapeControl(output.ok() ? LastLinesOf(*output, kLines) : "")));
}

std::string FindOnPath(const std::string& program) {
  const char* path = ::getenv("PATH");
  for (const std::string& folder : Split(path != nullptr ? path : "", ':')) {
    const std::string candidate = folder + "/" + program;
    std::error_code error;
    if (!folder.empty() && fs::is_regular_file(candidate, error) &&
        ::access(candidate.c_str(), X_OK) == 0)
      return candidate;
  }
  return "";
}

Result<Python> FindPython(const InstallRecipe& recipe, const std::string& wanted) {
  std::vector<std::string> programs = {wanted};
  if (wanted.empty())
    programs = {"python3", "python3.11", "python3.12", "python3.13", "python3.10", "python3.9"};
  std::string seen;
  for (const std::string& name : programs) {
    const std::string program = name.find('/') == std::string::npos ? FindOnPath(name) : name;
    if (program.empty()) {
      if (name == wanted) seen = name + " (not on PATH)";
      continue;
    }
    const auto version = VersionOf(program);
    if (version.ok() && IsPythonFor(recipe, *version)) return Python{program, *version};
    seen += fmt::format("{}{} ({})", seen.empty() ? "" : ", ", program,
                        version.ok() ? *version : version.status().message());
  }
  return Status(
      Code::kFailedPrecondition,
      fmt::format("{} needs Python {} or later, before {}, with venv; found: {}. Install one "
                  "(apt-get install python3 python3-venv) or name it with --python",
                  recipe.NameAtVersion(), recipe.python_from, recipe.python_before,
                  seen.empty() ? "none" : seen),
      "python");
}

std::string NormalizedName(std::string_view distribution) {
  std::string name;
  for (const char c : distribution) {
    const bool is_separator = c == '-' || c == '_' || c == '.';
    if (is_separator && !name.empty() && name.back() == '-') continue;
    name += is_separator ? '-' : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return name;
}

Result<std::map<std::string, std::string>> DistributionsOf(const fs::path& root) {
  RL_ASSIGN_OR_RETURN(
      const std::string output,
      OutputOf({(root / "bin/python").string(), "-I", "-c", kListDistributions}, kQuestionSeconds));
  std::map<std::string, std::string> distributions;
  for (const std::string& line : Split(output, '\n')) {
    const size_t equals = line.find("==");
    if (equals != std::string::npos)
      distributions[NormalizedName(line.substr(0, equals))] = Trim(line.substr(equals + 2));
  }
  return distributions;
}

Result<fs::path> SitePackagesOf(const fs::path& root) {
  RL_ASSIGN_OR_RETURN(const std::string output,
                      OutputOf({(root / "bin/python").string(), "-I", "-c",
                                "import sysconfig; print(sysconfig.get_paths()['purelib'])"},
                               kQuestionSeconds));
  return fs::path(std::string(Trim(output)));
}

}  // namespace redline::backends
