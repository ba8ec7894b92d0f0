// Long-polls the server for new snapshots on a thread of its own. While the server is away the last
// snapshot stays in force.
#pragma once

#include <atomic>
#include <filesystem>
#include <thread>

#include "net/http_client.h"
#include "platform/gateway/snapshot.h"

namespace redline::platform {

class SnapshotWatcher {
 public:
  // `holder` outlives this.
  SnapshotWatcher(std::filesystem::path server_socket, SnapshotHolder& holder);
  ~SnapshotWatcher();

 private:
  void Loop();
  Status PollOnce();

  const std::string url_;
  SnapshotHolder& holder_;
  net::HttpClient client_;
  std::atomic<bool> stop_ = false;
  std::mutex mutex_;                         // guards exchange_
  std::shared_ptr<net::Exchange> exchange_;  // the poll in flight; shared with the client
  std::thread thread_;                       // last: starts when all else is there
};

}  // namespace redline::platform
