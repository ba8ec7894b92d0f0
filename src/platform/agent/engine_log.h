// Reading the log of a running engine: for the server, and for the progress of its start.
#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>

#include "backends/backend.h"
#include "base/status.h"
#include "platform/agent/server_api.h"

namespace redline::platform {

// A piece of a log as the server asked for it. A log that became shorter (rotated) is read from its
// beginning; one that is not there is empty.
LogReply ReadLog(const std::filesystem::path& path, int64_t after, int64_t max_bytes);

// The last `max_lines` lines of the log behind `offset`, without what a debugger says of frames and
// threads that a dying engine starts on itself.
std::string LastLines(const std::filesystem::path& path, int64_t offset, size_t max_lines);

int64_t LogSize(const std::filesystem::path& path);

// Follows a log that grows and picks out the progress. Owned by one thread.
class ProgressFollower {
 public:
  ProgressFollower() = default;
  ProgressFollower(std::filesystem::path path, int64_t offset)
      : path_(std::move(path)), offset_(offset) {}

  // The latest progress among the lines written since the last call.
  std::optional<spec::Progress> Next(std::span<const backends::LogMarker> markers);

 private:
  std::filesystem::path path_;
  int64_t offset_ = 0;
};

}  // namespace redline::platform
