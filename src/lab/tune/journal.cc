#include "lab/tune/journal.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>

#include "base/strings.h"

namespace redline::lab {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr uint64_t kMostBytes = uint64_t{256} << 20;
constexpr int64_t kVersion = 1;

json FirstLine(const json& what) { return {{"tune", kVersion}, {"what", what}}; }

}  // namespace

Result<Journal> Journal::Open(const fs::path& path, const json& what, bool resumes) {
  Journal journal(path);
  std::error_code error;
  const bool exists = fs::exists(path, error);
  if (exists && !resumes) {
    return Status(Code::kAlreadyExists,
                  fmt::format("{} is of an earlier run; go on with it (--resume), or give another "
                              "--report folder",
                              path.string()),
                  "report");
  }
  if (!exists && resumes) {
    return NotFound(fmt::format("{} is not there: nothing to go on with", path.string()), "resume");
  }
  if (exists) RL_RETURN_IF_ERROR(journal.ReadAll(what));
  journal.file_ = UniqueFd(::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644));
  if (!journal.file_.valid()) return ErrnoStatus("cannot write " + path.string(), errno);
  if (!exists) RL_RETURN_IF_ERROR(journal.AppendLine(FirstLine(what).dump() + "\n"));
  return journal;
}

Status Journal::ReadAll(const json& what) {
  RL_ASSIGN_OR_RETURN(const std::string text, ReadFile(path_, kMostBytes));
  size_t begin = 0;
  int64_t number = 0;
  while (true) {
    const size_t end = text.find('\n', begin);
    if (end == std::string::npos) break;
    const json line = json::parse(text.substr(begin, end - begin), nullptr, false);
    ++number;
    begin = end + 1;
    if (number == 1) {
      if (line == FirstLine(what)) continue;
      return FailedPrecondition(fmt::format(
          "{} is of another run: model, workload, engines, hardware, strategy, goal and "
          "seed must be the same to go on with it",
          path_.string()));
    }
    if (!line.is_object() || !line.contains("key") || !line["key"].is_string() ||
        !line.contains("value")) {
      return DataLoss(fmt::format("{}, line {}: not of a journal; remove the lines from there on",
                                  path_.string(), number));
    }
    entries_[line["key"].get<std::string>()] = line["value"];
  }
  // What was cut short is no result.
  if (begin < text.size() && ::truncate(path_.c_str(), static_cast<off_t>(begin)) != 0)
    return ErrnoStatus("cannot mend " + path_.string(), errno);
  if (number == 0) return DataLoss(path_.string() + " is empty; remove it");
  return OkStatus();
}

const json* Journal::Find(const std::string& key) const {
  const auto found = entries_.find(key);
  return found == entries_.end() ? nullptr : &found->second;
}

Status Journal::Append(const std::string& key, const json& value) {
  const json line = {{"key", key}, {"value", value}};
  RL_RETURN_IF_ERROR(AppendLine(line.dump(-1, ' ', false, json::error_handler_t::replace) + "\n"));
  entries_[key] = value;
  return OkStatus();
}

Status Journal::AppendLine(const std::string& line) {
  const off_t before = ::lseek(file_.get(), 0, SEEK_END);
  size_t written = 0;
  while (written < line.size()) {
    const ssize_t count = ::write(file_.get(), line.data() + written, line.size() - written);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) {
      const int error_number = errno;
      if (before >= 0 && ::ftruncate(file_.get(), before) != 0) {
        // The reader drops what was cut short.
      }
      return ErrnoStatus("cannot write " + path_.string(), error_number);
    }
    written += static_cast<size_t>(count);
  }
  if (::fsync(file_.get()) != 0 && errno != EINVAL)
    return ErrnoStatus("cannot write " + path_.string(), errno);
  return OkStatus();
}

}  // namespace redline::lab
