// What happens once after `redline up` has started its processes: wait until they answer, write
// up.json for the command line, deploy the default model into an empty store.
#pragma once

#include <atomic>
#include <string>

#include "platform/layout.h"

namespace redline::platform {

struct BootstrapTask {
  DataLayout layout;
  std::string base_url;  // of the gateway, "http://127.0.0.1:8080"
  std::string admin_key;
  std::string default_model;  // empty: none
  int port = 0;
};

// Blocks until done or `stop` is set; logs what it did and what failed.
void RunBootstrap(const BootstrapTask& task, const std::atomic<bool>& stop);

}  // namespace redline::platform
