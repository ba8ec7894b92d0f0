// What the agent remembers of an instance across its own restarts: D/instances/ID/record.json.
#pragma once

#include <cstdint>
#include <filesystem>

namespace redline::platform {

struct InstanceRecord {
  int64_t generation = 0;  // of the latest start
  int64_t restart_count = 0;
  int64_t ready_at_ms = 0;  // of the latest start; 0: not ready yet
  int64_t log_offset = 0;   // where the latest start's log begins
  int64_t port = 0;         // of an engine that listens on one
};

// Defaults when there is none, or a damaged one: what is lost is history, not function.
InstanceRecord LoadInstanceRecord(const std::filesystem::path& instance_dir);
// A failure is logged.
void SaveInstanceRecord(const std::filesystem::path& instance_dir, const InstanceRecord& record);

}  // namespace redline::platform
