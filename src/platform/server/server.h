// The server process: store, controllers, management API and console on one Unix socket.
//
// Threads: one I/O thread (net) parses requests, checks keys and serves the console; the control
// thread does everything else.
#pragma once

#include <memory>
#include <span>

#include "base/embedded.h"
#include "base/status.h"
#include "platform/roles.h"

namespace redline::platform {

class Server {
 public:
  // Ready to answer when it returns.
  static Result<std::unique_ptr<Server>> Start(const ServerOptions& options,
                                               std::span<const EmbeddedFile> catalog_files,
                                               std::span<const EmbeddedFile> console_files);
  // Answers what waits, then stops.
  virtual ~Server() = default;
};

}  // namespace redline::platform
