#include "platform/store/open_checks.h"

#include <fmt/format.h>

#include "base/log.h"
#include "base/strings.h"

namespace redline::platform {
namespace {

namespace fs = std::filesystem;

// What a person can do with a file that cannot be used.
std::string RepairAdvice(const fs::path& database) {
  for (int version = static_cast<int>(AllMigrations().size()) + 1; version >= 1; --version) {
    const fs::path backup = Store::BackupPath(database, version);
    std::error_code error;
    if (!fs::exists(backup, error)) continue;
    return fmt::format(
        "Nothing was changed. To go back to the last good copy: stop Redline, move {0} and {0}-wal "
        "away, and run: cp '{1}' '{0}'",
        database.string(), backup.string());
  }
  return fmt::format(
      "Nothing was changed, and there is no backup. Move {0} and {0}-wal away to start empty, or "
      "try: sqlite3 '{0}' .recover",
      database.string());
}

Status Damaged(const fs::path& database, const std::string& what) {
  return DataLoss(
      fmt::format("{} is damaged ({}). {}", database.string(), what, RepairAdvice(database)));
}

// A file that was cut to nothing looks like a new one to SQLite.
Status RefuseLostFile(const fs::path& database) {
  std::error_code error;
  const bool has_content = fs::exists(database, error) && fs::file_size(database, error) > 0;
  if (has_content || !fs::exists(Store::BackupPath(database, 1), error)) return OkStatus();
  return Damaged(database, "it is missing or empty, but its backup is there");
}

Status CheckIntegrity(Database& database) {
  std::string result;
  const Status checked = database.Run([&](soci::session& session) {
    session << "pragma quick_check(1)", soci::into(result);
    return OkStatus();
  });
  if (!checked.ok()) return checked;
  return result == "ok" ? OkStatus() : Damaged(database.path(), result);
}

Result<int> ReadVersion(Database& database) {
  int version = 0;
  RL_RETURN_IF_ERROR(database.Run([&](soci::session& session) {
    int tables = 0;
    session << "select count(*) from sqlite_master where name = 'schema_version'",
        soci::into(tables);
    if (tables != 0) session << "select version from schema_version", soci::into(version);
    return OkStatus();
  }));
  return version;
}

Status RunMigration(Database& database, std::string_view sql, int version) {
  return database.Transact([&](soci::session& session) {
    for (const std::string& statement : Split(sql, ';')) session << statement;
    if (version == 1)
      session << "create table schema_version (version integer not null)";
    else
      session << "delete from schema_version";
    session << "insert into schema_version (version) values (:version)", soci::use(version);
    return OkStatus();
  });
}

Status NewerSchema(const fs::path& database, int version, int known) {
  return FailedPrecondition(fmt::format(
      "{} was written by a newer Redline (schema {}, this one knows {}). Nothing was changed: "
      "start the newer version, or restore {}",
      database.string(), version, known, Store::BackupPath(database, known).string()));
}

Status Migrate(Database& database, Migrations migrations) {
  RL_ASSIGN_OR_RETURN(int version, ReadVersion(database));
  const int known = static_cast<int>(migrations.size());
  if (version > known) return NewerSchema(database.path(), version, known);
  const bool changed = version < known;
  const Status copied =
      version == 0 ? OkStatus() : database.CopyTo(Store::BackupPath(database.path(), version));
  // Without a copy nothing is migrated; but a full disk is no reason not to start.
  if (!copied.ok() && changed) return copied.WithContext("no backup before the migration");
  if (!copied.ok()) LogWarn("store", "no new backup: {}", copied.message());
  for (; version < known; ++version) {
    LogInfo("store", "schema {} -> {} in {}", version, version + 1, database.path().string());
    RL_RETURN_IF_ERROR(
        RunMigration(database, migrations[static_cast<size_t>(version)], version + 1));
  }
  return changed ? database.CopyTo(Store::BackupPath(database.path(), version)) : OkStatus();
}

}  // namespace

Status PrepareDatabase(Database& database, Migrations migrations) {
  RL_RETURN_IF_ERROR(RefuseLostFile(database.path()));
  Status status = database.Connect();
  if (status.ok()) status = CheckIntegrity(database);
  if (status.ok()) status = Migrate(database, migrations);
  const bool explained = status.message().find("Nothing was changed") != std::string::npos;
  if (status.code() == Code::kDataLoss && !explained)
    return Damaged(database.path(), status.message());
  return status;
}

}  // namespace redline::platform
