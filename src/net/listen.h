// Listening sockets. Internal to net, except ListenTcp (http_server.h).
#pragma once

#include <filesystem>

#include "base/files.h"
#include "base/status.h"

namespace redline::net {

// A listening Unix socket with mode 0600; a stale file of a dead server is replaced.
Result<int> ListenUnix(const std::filesystem::path& path);
// The port a listening TCP socket is bound to; 0 for others.
int PortOf(int fd);

}  // namespace redline::net
