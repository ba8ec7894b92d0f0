// What the control plane remembers: one SQLite file, changed by whole batches.
//
// Not thread-safe: the server's control thread owns it. The file is locked while it is open, so a
// second server on the same data directory is refused.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "spec/deployment.h"

namespace redline::platform {

struct StoredInstance {
  spec::Instance instance;
  bool wanted = true;  // false: is to be stopped and forgotten; never true again
};

struct Event {
  int64_t at_ms = 0;
  std::string deployment;
  std::string instance_id;  // empty: of the deployment as a whole
  std::string state;
  std::string reason;
};

// A key that may call the product; the key itself is never stored.
struct StoredKey {
  std::string id;
  std::string sha256;  // lower-case hex
  std::vector<std::string> scopes;
};

// Changes that belong together. `put_*` inserts or replaces by name or id.
struct WriteBatch {
  std::vector<spec::Deployment> put_deployments;
  std::vector<std::string> delete_deployments;  // and their events
  std::vector<StoredInstance> put_instances;
  std::vector<std::string> delete_instances;
  std::vector<spec::Worker> put_workers;
  std::vector<std::string> delete_workers;
  std::vector<StoredKey> put_keys;
  std::vector<Event> events;

  bool empty() const;
};

// Everything but events, in order of creation.
struct StoreContents {
  std::vector<spec::Deployment> deployments;
  std::vector<StoredInstance> instances;
  std::vector<spec::Worker> workers;
  std::vector<StoredKey> keys;
};

// SQL that brings the schema from version index to index+1; statements separated by ";".
using Migrations = std::span<const std::string_view>;
Migrations AllMigrations();

class Store {
 public:
  // Events kept per deployment; older ones are dropped.
  static constexpr int kMaxEvents = 200;

  // Opens or creates; checks the file, copies it to BackupPath(), then migrates it.
  // kDataLoss: damaged, names the backup and what to do. kFailedPrecondition: of a newer version.
  // kUnavailable: another server has it. kResourceExhausted: the disk is full. In no failure is an
  // existing database changed.
  static Result<std::unique_ptr<Store>> Open(const std::filesystem::path& database,
                                             Migrations migrations = AllMigrations());
  virtual ~Store() = default;

  // "D/redline.db.v1.backup": the file as it was when it was last opened in good order.
  static std::filesystem::path BackupPath(const std::filesystem::path& database, int version);

  // All or nothing, and on the disk when it returns ok. A failed batch changes nothing:
  // kResourceExhausted when the disk is full; kUnavailable for other I/O errors (the file is then
  // recovered before the next use).
  virtual Status Apply(const WriteBatch& batch) = 0;
  // Rises by one with every batch, also across restarts.
  virtual int64_t revision() const = 0;

  virtual Result<StoreContents> Load() = 0;
  // Newest last.
  virtual Result<std::vector<Event>> EventsOf(const std::string& deployment) = 0;
};

}  // namespace redline::platform
