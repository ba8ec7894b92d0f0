// Where everything lives: the data directory and the model cache. Pure functions of two paths.
#pragma once

#include <filesystem>
#include <string>

#include "base/status.h"

namespace redline::platform {

// D is the data directory (0700).
struct DataLayout {
  std::filesystem::path root;

  std::filesystem::path admin_key() const { return root / "admin.key"; }  // 0600, one line
  std::filesystem::path lock() const { return root / "redline.lock"; }    // held by `redline up`
  std::filesystem::path up_state() const { return root / "up.json"; }     // pid, port, version
  std::filesystem::path database() const { return root / "redline.db"; }
  std::filesystem::path server_socket() const { return root / "run" / "server.sock"; }
  std::filesystem::path gateway_snapshot() const { return root / "gateway" / "snapshot.json"; }
  std::filesystem::path worker_identity() const { return root / "agent" / "worker.json"; }
  // Of a node that joined on this machine: a data directory of its own.
  std::filesystem::path nodes() const { return root / "nodes"; }
  std::filesystem::path node_state() const { return root / "node.json"; }  // pid of its agent
  // Those that were published here: profiles/MODEL/NAME.yaml.
  std::filesystem::path profiles() const { return root / "profiles"; }
  // Jobs of the lab, each with its report's folder.
  std::filesystem::path lab_jobs() const { return root / "lab"; }
  std::filesystem::path lab_job(const std::string& id) const { return lab_jobs() / id; }
  std::filesystem::path instance_dir(const std::string& instance_id) const {
    return root / "instances" / instance_id;
  }
  std::filesystem::path engine_socket(const std::string& instance_id) const {
    return root / "run" / (instance_id + ".sock");
  }
  std::filesystem::path log(const std::string& role) const {
    return root / "logs" / (role + ".log");
  }
};

// --data-dir, else REDLINE_DATA_DIR, else $XDG_DATA_HOME/redline, else ~/.local/share/redline.
std::filesystem::path DefaultDataDir();
// REDLINE_CACHE_DIR, else $XDG_CACHE_HOME/redline, else ~/.cache/redline. Models are in
// models/NAME/.
std::filesystem::path DefaultCacheDir();

// Creates the directories (0700). kPermissionDenied when not writable; kInvalidArgument when a Unix
// socket path would be longer than the kernel allows (107 bytes): says so and what to do.
Result<DataLayout> PrepareDataDir(const std::filesystem::path& root);

}  // namespace redline::platform
