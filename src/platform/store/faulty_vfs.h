// For tests: SQLite's file system with faults on demand, installed as the default one.
#pragma once

namespace redline::platform {

enum class DiskFault {
  kNone,
  kFull,       // every write fails as on a full disk
  kSyncFails,  // the next fsync fails with an I/O error, once
};

void InstallFaultyVfs();
void SetDiskFault(DiskFault fault);

}  // namespace redline::platform
