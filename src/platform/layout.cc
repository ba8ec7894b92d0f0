#include "platform/layout.h"

#include <unistd.h>

#include <cstdlib>

#include "base/files.h"

namespace redline::platform {
namespace {

namespace fs = std::filesystem;

// sun_path holds 108 bytes with its zero.
constexpr size_t kMaxSocketPath = 107;
// As long as any instance's id.
constexpr char kLongestInstanceId[] = "inst-000000000000";

fs::path FromEnvironment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? fs::path() : fs::path(value);
}

// VARIABLE, else $XDG/redline, else ~/FALLBACK/redline.
fs::path DefaultDirectory(const char* variable, const char* xdg_variable, const char* fallback) {
  if (const fs::path chosen = FromEnvironment(variable); !chosen.empty()) return chosen;
  // The XDG specification says that relative paths are to be ignored.
  if (const fs::path base = FromEnvironment(xdg_variable); base.is_absolute())
    return base / "redline";
  return FromEnvironment("HOME") / fallback / "redline";
}

Status CheckSocketLength(const DataLayout& layout) {
  const size_t length = layout.engine_socket(kLongestInstanceId).native().size();
  if (length <= kMaxSocketPath) return OkStatus();
  return InvalidArgument("the data directory " + layout.root.string() + " is " +
                             std::to_string(length - kMaxSocketPath) +
                             " bytes too long: the paths of Unix sockets in it may have " +
                             std::to_string(kMaxSocketPath) +
                             " bytes; choose a shorter one with --data-dir",
                         "data-dir");
}

}  // namespace

fs::path DefaultDataDir() {
  return DefaultDirectory("REDLINE_DATA_DIR", "XDG_DATA_HOME", ".local/share");
}

fs::path DefaultCacheDir() {
  return DefaultDirectory("REDLINE_CACHE_DIR", "XDG_CACHE_HOME", ".cache");
}

Result<DataLayout> PrepareDataDir(const fs::path& root) {
  if (root.empty()) return InvalidArgument("the data directory has no name", "data-dir");
  std::error_code error;
  DataLayout layout{fs::absolute(root, error).lexically_normal()};
  if (error) return ErrnoStatus("cannot resolve " + root.string(), error.value());
  RL_RETURN_IF_ERROR(CheckSocketLength(layout));
  RL_RETURN_IF_ERROR(MakeDirectories(layout.root, 0700));
  if (::access(layout.root.c_str(), R_OK | W_OK | X_OK) != 0)
    return Status(Code::kPermissionDenied, "the data directory " + layout.root.string() +
                                               " is not writable; choose one with --data-dir");
  for (const char* name : {"run", "logs", "gateway", "agent", "instances"})
    RL_RETURN_IF_ERROR(MakeDirectories(layout.root / name, 0700));
  return layout;
}

}  // namespace redline::platform
