#include "backends/install/engine_store.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/files.h"
#include "base/strings.h"
#include "net/json_body.h"
#include "nlohmann/json.hpp"
#include "spec/json.h"

namespace redline::backends {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr uint64_t kMostRecordBytes = 1 << 20;

fs::path RecordPath(const fs::path& dir) { return dir / "install.json"; }

json ToJson(const Installation& each) {
  return {{"engine", each.engine},      {"version", each.version},
          {"device", each.device},      {"origin", each.origin},
          {"root", each.root.string()}, {"program", each.program},
          {"python", each.python},      {"installed_at_ms", each.installed_at_ms}};
}

Result<Installation> InstallationFromJson(const json& record) {
  try {
    Installation each;
    each.engine = record.at("engine");
    each.version = record.at("version");
    each.device = record.at("device");
    each.origin = record.at("origin");
    each.root = record.at("root").get<std::string>();
    each.program = record.at("program");
    each.python = record.at("python");
    each.installed_at_ms = record.at("installed_at_ms");
    if (each.program.empty()) return DataLoss("names no program");
    return each;
  } catch (const json::exception& error) {
    return DataLoss(error.what());
  }
}

bool CanExecute(const fs::path& path) {
  std::error_code error;
  return fs::is_regular_file(path, error) && ::access(path.c_str(), X_OK) == 0;
}

// Of `dir`, the entries whose name fits `pattern`, which may hold one '*'; in the order of names.
std::vector<fs::path> EntriesLike(const fs::path& dir, const std::string& pattern) {
  const size_t star = pattern.find('*');
  if (star == std::string::npos) return {dir / pattern};
  const std::string before = pattern.substr(0, star);
  const std::string after = pattern.substr(star + 1);
  std::vector<fs::path> found;
  std::error_code error;
  for (fs::directory_iterator entry(dir, error), end; !error && entry != end;
       entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (name.size() >= before.size() + after.size() && name.starts_with(before) &&
        name.ends_with(after))
      found.push_back(entry->path());
  }
  std::sort(found.begin(), found.end());
  return found;
}

Result<Installation> ReadRecord(const fs::path& dir, const std::string& name) {
  RL_ASSIGN_OR_RETURN(const std::string text, ReadFile(RecordPath(dir), kMostRecordBytes));
  RL_ASSIGN_OR_RETURN(const json record, net::ParseJsonObject(text));
  RL_ASSIGN_OR_RETURN(Installation installation, InstallationFromJson(record));
  const std::string its_name = fmt::format("{}@{}", installation.engine, installation.version);
  if (its_name != name) return DataLoss(fmt::format("it is of {}", Excerpt(its_name)));
  return installation;
}

Result<Installation> ReadInstallation(const fs::path& dir, const std::string& name) {
  const std::string remedy = "run: redline engine install " + name;
  const std::string mending = remedy + " --reinstall";
  std::error_code error;
  const auto kind = fs::status(RecordPath(dir), error).type();
  if (kind == fs::file_type::not_found)
    return NotFound(fs::exists(dir, error)
                        ? fmt::format("{} is not installed to its end; {}", name, remedy)
                        : fmt::format("{} is not installed; {}", name, remedy),
                    "engine");
  if (kind != fs::file_type::regular)  // a pipe would be waited for
    return DataLoss(
        fmt::format("{} is no file that can be read; {}", RecordPath(dir).string(), mending));
  auto installation = ReadRecord(dir, name);
  if (!installation.ok())
    return DataLoss(fmt::format("{} is damaged ({}); {}", RecordPath(dir).string(),
                                Excerpt(installation.status().message(), 200), mending));
  if (!CanExecute(installation->program.front()))
    return FailedPrecondition(fmt::format("{}: {} is gone or cannot be executed; {}", name,
                                          installation->program.front(), mending));
  return installation;
}

}  // namespace

fs::path EngineDir(const fs::path& cache_dir, std::string_view engine, std::string_view version) {
  return cache_dir / "engines" / fmt::format("{}@{}", engine, version);
}

Result<Installation> FindInstallation(const fs::path& cache_dir, std::string_view engine,
                                      std::string_view version) {
  return ReadInstallation(EngineDir(cache_dir, engine, version),
                          fmt::format("{}@{}", engine, version));
}

std::vector<StoredEngine> ListInstallations(const fs::path& cache_dir) {
  std::vector<StoredEngine> stored;
  for (const fs::path& dir : EntriesLike(cache_dir / "engines", "*")) {
    const std::string name = dir.filename().string();
    if (name.find('@') == std::string::npos) continue;
    stored.push_back({name, ReadInstallation(dir, name)});
  }
  return stored;
}

bool IsBeingInstalled(const fs::path& cache_dir, std::string_view name_at_version) {
  const fs::path lock = cache_dir / "engines" / name_at_version / kInstallLock;
  const UniqueFd fd(::open(lock.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  // Had for a moment when nobody has it.
  return fd.valid() && ::flock(fd.get(), LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
}

Status RecordInstallation(const fs::path& cache_dir, const Installation& installation) {
  const fs::path dir = EngineDir(cache_dir, installation.engine, installation.version);
  RL_RETURN_IF_ERROR(MakeDirectories(dir));
  return WriteFileAtomic(RecordPath(dir), spec::DumpJson(ToJson(installation)) + "\n");
}

Result<std::vector<std::string>> LocateProgram(const fs::path& root,
                                               const std::vector<std::string>& program) {
  std::vector<fs::path> candidates = {root};
  for (const fs::path& component : fs::path(program.front())) {
    std::vector<fs::path> next;
    for (const fs::path& candidate : candidates) {
      const auto entries = EntriesLike(candidate, component.string());
      next.insert(next.end(), entries.begin(), entries.end());
    }
    candidates = std::move(next);
  }
  const auto found = std::find_if(candidates.begin(), candidates.end(), CanExecute);
  if (found == candidates.end())
    return NotFound(fmt::format("{} has no {}", root.string(), program.front()));
  std::vector<std::string> located = program;
  located.front() = found->string();
  return located;
}

}  // namespace redline::backends
