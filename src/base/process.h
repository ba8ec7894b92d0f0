// Child processes and what /proc says of any process.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"

namespace redline {

struct SpawnOptions {
  std::vector<std::string> argv;            // argv[0] is the program (PATH is searched)
  std::map<std::string, std::string> env;   // added to the inherited environment
  std::filesystem::path stdout_path;        // appended to; empty: inherited
  std::filesystem::path stderr_path;        // may equal stdout_path; empty: inherited
  std::filesystem::path working_directory;  // empty: inherited
  std::vector<int> inherited_fds;           // kept open across exec, same numbers
  bool new_session = false;                 // setsid: survives its parent's terminal and group
  bool die_with_parent = false;             // PR_SET_PDEATHSIG = SIGKILL
};

// Starts a program without a shell. Standard input is /dev/null. All other descriptors are closed.
Result<pid_t> Spawn(const SpawnOptions& options);

// How a process ended, in words: "exit code 1", "killed by signal 9 (Killed)".
std::string DescribeWaitStatus(int wait_status);

// Start time of a live process in clock ticks since boot (field 22 of /proc/PID/stat). With the pid
// it names a process for good, whatever becomes of the pid. nullopt: no such process, or a zombie.
std::optional<uint64_t> ProcessStartTime(pid_t pid);
// Whether this very process (pid and start time) is alive.
bool ProcessAlive(pid_t pid, uint64_t start_time);

// Resident bytes; 0 when unknown.
uint64_t ProcessRssBytes(pid_t pid);
// Bytes that can still be used without swapping: MemAvailable, and the cgroup limit when lower.
uint64_t AvailableMemoryBytes();
uint64_t TotalMemoryBytes();
// CPUs this process may run on (its affinity): how many, at least 1; and which, ascending, as the
// kernel counts them (empty when it does not say).
int AvailableCpus();
std::vector<int> AvailableCpuIds();

// Raises the soft limit of open descriptors (1024, as a rule) to the hard one. The limit then; 0
// when it is not known. For what has a descriptor for each client.
uint64_t RaiseDescriptorLimit();

// The running binary.
std::filesystem::path SelfExecutable();

}  // namespace redline
