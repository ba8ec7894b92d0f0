// One SQLite file through SOCI: opening with checks, errors as Status, recovery after an I/O error.
// Heavy: include it in .cc files only.
#pragma once

#include <soci/soci.h>

#include <filesystem>
#include <functional>
#include <memory>

#include "base/status.h"

namespace redline::platform {

class Database {
 public:
  explicit Database(std::filesystem::path path) : path_(std::move(path)) {}

  // Connects and sets the pragmas. The caller holds the only connection to the file.
  Status Connect();
  // Runs `work` in a transaction, which is rolled back when it fails or throws. Connects first when
  // an earlier error has cut the connection.
  Status Transact(const std::function<Status(soci::session&)>& work);
  // Runs `work` outside a transaction.
  Status Run(const std::function<Status(soci::session&)>& work);
  // A consistent copy, on the disk when it returns.
  Status CopyTo(const std::filesystem::path& copy);

  const std::filesystem::path& path() const { return path_; }

 private:
  Status EnsureConnected();
  Status FromException(const std::exception& error);

  std::filesystem::path path_;
  std::unique_ptr<soci::session> session_;
  // After an I/O error the operating system's cache may be ahead of the disk: what it holds is
  // written once more before anything is built on it.
  bool suspect_ = false;
};

}  // namespace redline::platform
