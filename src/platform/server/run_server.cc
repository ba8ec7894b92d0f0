#include <signal.h>

#include "base/log.h"
#include "embedded/catalog_files.h"
#include "embedded/console_files.h"
#include "platform/roles.h"
#include "platform/server/server.h"

namespace redline::platform {

int RunServer(const ServerOptions& options) {
  // Blocked before any thread is made, so that only sigwait() below takes them.
  sigset_t signals;
  ::sigemptyset(&signals);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) ::sigaddset(&signals, signal);
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
  auto server = Server::Start(options, embedded::catalog_files(), embedded::console_files());
  if (!server.ok()) {
    LogError("server", "{}", server.status().message());
    return InfoOf(server.status().code()).exit_code;
  }
  int received = 0;
  ::sigwait(&signals, &received);
  LogInfo("server", "stopping on signal {}", received);
  return 0;
}

}  // namespace redline::platform
