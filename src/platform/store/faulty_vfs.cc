#include "platform/store/faulty_vfs.h"

#include <sqlite3.h>

#include <array>
#include <cstdlib>

namespace redline::platform {
namespace {

// One thread uses all of this: the test's.
DiskFault current_fault = DiskFault::kNone;
sqlite3_vfs* real_vfs = nullptr;
sqlite3_vfs faulty_vfs;

// SQLite has a set of methods per locking style: the database's and the log's differ.
struct MethodSet {
  const sqlite3_io_methods* real = nullptr;
  sqlite3_io_methods faulty;
};
std::array<MethodSet, 4> method_sets;

const sqlite3_io_methods& RealMethods(const sqlite3_file* file) {
  for (const MethodSet& set : method_sets) {
    if (&set.faulty == file->pMethods) return *set.real;
  }
  std::abort();
}

int FaultyWrite(sqlite3_file* file, const void* data, int num_bytes, sqlite3_int64 offset) {
  if (current_fault == DiskFault::kFull) return SQLITE_FULL;
  return RealMethods(file).xWrite(file, data, num_bytes, offset);
}

int FaultySync(sqlite3_file* file, int flags) {
  if (current_fault == DiskFault::kSyncFails) {
    current_fault = DiskFault::kNone;
    return SQLITE_IOERR_FSYNC;
  }
  return RealMethods(file).xSync(file, flags);
}

// A copy of the file's methods with two changed ones.
const sqlite3_io_methods* FaultyMethods(const sqlite3_io_methods* real) {
  for (MethodSet& set : method_sets) {
    if (set.real == real) return &set.faulty;
    if (set.real != nullptr) continue;
    set.real = real;
    set.faulty = *real;
    set.faulty.xWrite = FaultyWrite;
    set.faulty.xSync = FaultySync;
    return &set.faulty;
  }
  std::abort();
}

int FaultyOpen(sqlite3_vfs* /*vfs*/, const char* name, sqlite3_file* file, int flags,
               int* out_flags) {
  const int result = real_vfs->xOpen(real_vfs, name, file, flags, out_flags);
  if (result == SQLITE_OK && file->pMethods != nullptr)
    file->pMethods = FaultyMethods(file->pMethods);
  return result;
}

}  // namespace

void InstallFaultyVfs() {
  if (real_vfs != nullptr) return;
  real_vfs = sqlite3_vfs_find(nullptr);
  faulty_vfs = *real_vfs;
  faulty_vfs.zName = "redline-faulty";
  faulty_vfs.xOpen = FaultyOpen;
  sqlite3_vfs_register(&faulty_vfs, /*makeDflt=*/1);
}

void SetDiskFault(DiskFault fault) { current_fault = fault; }

}  // namespace redline::platform
