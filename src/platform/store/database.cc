#include "platform/store/database.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <soci/sqlite3/soci-sqlite3.h>
#include <unistd.h>

#include "base/files.h"
#include "base/log.h"

namespace redline::platform {
namespace {

namespace fs = std::filesystem;

// Waits this long for another process to let go of the file.
constexpr int kBusySeconds = 2;

int ResultOf(const std::exception& error) {
  const auto* sqlite = dynamic_cast<const soci::sqlite3_soci_error*>(&error);
  return sqlite == nullptr ? SQLITE_OK : sqlite->result() & 0xff;
}

Status SyncFile(const fs::path& path) {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid() || ::fsync(fd.get()) != 0)
    return ErrnoStatus("cannot write " + path.string(), errno);
  return OkStatus();
}

// An exclusive lock keeps a second server out, and with it the write-ahead log's index stays in
// this process's memory. FULL: an acknowledged commit is on the disk.
constexpr const char* kPragmas[] = {"pragma locking_mode = exclusive", "pragma journal_mode = wal",
                                    "pragma synchronous = full", "pragma foreign_keys = on"};

}  // namespace

Status Database::FromException(const std::exception& error) {
  const std::string where = path_.string() + ": " + error.what();
  switch (ResultOf(error)) {
    case SQLITE_FULL:
      return ResourceExhausted("the disk of the data directory is full; nothing was changed (" +
                               where + ")");
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return Unavailable("another process is using the database (" + where + ")");
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      session_.reset();
      return DataLoss("the database is damaged (" + where + ")");
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_CANTOPEN:
      return Status(Code::kPermissionDenied, "cannot write the database (" + where + ")");
    case SQLITE_IOERR:
      session_.reset();
      suspect_ = true;
      return Unavailable("the disk of the data directory failed; nothing was changed (" + where +
                         ")");
    default:
      return Internal("database: " + where);
  }
}

Status Database::Connect() {
  try {
    session_.reset();
    auto session = std::make_unique<soci::session>(
        soci::sqlite3, fmt::format("dbname=\"{}\" timeout={}", path_.string(), kBusySeconds));
    for (const char* pragma : kPragmas) *session << pragma;
    if (suspect_) {
      LogWarn("store", "recovering {} after an I/O error", path_.string());
      *session << "pragma wal_checkpoint(truncate)";
      suspect_ = false;
    }
    session_ = std::move(session);
    return OkStatus();
  } catch (const std::exception& error) {
    return FromException(error);
  }
}

Status Database::EnsureConnected() { return session_ ? OkStatus() : Connect(); }

Status Database::Transact(const std::function<Status(soci::session&)>& work) {
  RL_RETURN_IF_ERROR(EnsureConnected());
  try {
    soci::transaction transaction(*session_);
    RL_RETURN_IF_ERROR(work(*session_));
    transaction.commit();
    return OkStatus();
  } catch (const std::exception& error) {
    return FromException(error);
  }
}

Status Database::Run(const std::function<Status(soci::session&)>& work) {
  RL_RETURN_IF_ERROR(EnsureConnected());
  try {
    return work(*session_);
  } catch (const std::exception& error) {
    return FromException(error);
  }
}

Status Database::CopyTo(const fs::path& copy) {
  const std::string unfinished = copy.string() + ".part";
  std::error_code ignored;
  fs::remove(unfinished, ignored);
  Status copied = Run([&](soci::session& session) {
    session << "vacuum into :copy", soci::use(unfinished);
    return OkStatus();
  });
  if (copied.ok()) copied = SyncFile(unfinished);
  if (!copied.ok()) {
    fs::remove(unfinished, ignored);
    return copied;
  }
  std::error_code error;
  fs::rename(unfinished, copy, error);
  if (error) return ErrnoStatus("cannot write " + copy.string(), error.value());
  return SyncFile(copy.parent_path());
}

}  // namespace redline::platform
