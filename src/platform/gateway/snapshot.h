// What the gateway knows: keys and routes, as the server last told (docs/architecture.md).
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/status.h"

namespace redline::platform {

struct GatewayKey {
  std::string id;
  std::string sha256;  // lower-case hex of the key
  std::vector<std::string> scopes;

  bool HasScope(std::string_view scope) const;
};

struct GatewayInstance {
  std::string id;
  int64_t generation = 0;
  std::string endpoint;  // "unix:/path.sock" or "http://127.0.0.1:PORT"
};

struct GatewayModel {
  std::string name;
  int64_t created = 0;                     // Unix seconds
  bool is_virtual = false;                 // its engines are simulated
  std::vector<GatewayInstance> instances;  // only those that are RUNNING
};

// A value: replaced as a whole, never changed.
struct Snapshot {
  int64_t revision = -1;  // -1: none yet
  std::vector<GatewayKey> keys;
  std::vector<GatewayModel> models;

  const GatewayModel* FindModel(std::string_view name) const;
  // The entry of `key`, or null. Time depends on the number of keys alone.
  const GatewayKey* FindKey(std::string_view key) const;
};

Result<Snapshot> ParseSnapshot(std::string_view json);

// The current snapshot, in memory and on disk. Thread-safe: readers keep the value they took.
class SnapshotHolder {
 public:
  explicit SnapshotHolder(std::filesystem::path path) : path_(std::move(path)) {}
  // Takes the one on disk, if there is a good one.
  void LoadFromDisk();
  // Takes a new one and writes it to disk.
  Status Replace(std::string_view json);
  // shared_ptr because requests in flight go on with the value they started with.
  std::shared_ptr<const Snapshot> Current() const;

 private:
  const std::filesystem::path path_;
  mutable std::mutex mutex_;  // guards current_
  std::shared_ptr<const Snapshot> current_ = std::make_shared<Snapshot>();
};

}  // namespace redline::platform
