// Stands for the `redline` binary in the agent's tests: an agent with short times, the shim, and an
// engine that misbehaves as the file named by FAKE_ENGINE_BEHAVIOUR says:
//   ok | crash | load (until it says something else) | hang | stubborn
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <thread>

#include "backends/launch/shim.h"
#include "base/files.h"
#include "base/strings.h"
#include "platform/agent/agent.h"

namespace {

using namespace redline;

std::string Behaviour() {
  const char* path = std::getenv("FAKE_ENGINE_BEHAVIOUR");
  auto text = ReadFile(path != nullptr ? path : "");
  return text.ok() ? std::string(Trim(*text)) : "ok";
}

void Say(const std::string& line) {
  std::printf("%s\n", line.c_str());
  std::fflush(stdout);
}

int Listen(const std::string& path) {
  ::unlink(path.c_str());
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof(address.sun_path) - 1);
  if (::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) return -1;
  return ::listen(fd, 16) == 0 ? fd : -1;
}

void Answer(int fd) {
  char buffer[4096];
  [[maybe_unused]] const ssize_t ignored = ::read(fd, buffer, sizeof(buffer));
  while (Behaviour() == "hang") std::this_thread::sleep_for(std::chrono::milliseconds(20));
  constexpr char kOk[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok";
  [[maybe_unused]] const ssize_t sent = ::send(fd, kOk, sizeof(kOk) - 1, MSG_NOSIGNAL);
  ::close(fd);
}

int Serve(std::map<std::string, std::string>& flags) {
  const std::string behaviour = Behaviour();
  if (behaviour == "stubborn") ::signal(SIGTERM, SIG_IGN);
  Say("engine " + std::to_string(::getpid()) + " with " + flags["--model-path"] + " as " +
      flags["--served-model-name"]);
  if (behaviour == "crash") {
    Say("resource_exhausted: need 9 GiB, have 2 GiB");
    return 3;
  }
  if (behaviour == "load") Say("loading: 40%");
  while (Behaviour() == "load") std::this_thread::sleep_for(std::chrono::milliseconds(20));
  const int listener = Listen(flags["--uds"]);
  if (listener < 0) return 4;
  Say("ready: listening on unix:" + flags["--uds"]);
  while (true) {
    const int fd = ::accept(listener, nullptr, nullptr);
    if (fd >= 0) std::thread(Answer, fd).detach();
  }
}

int RunTestAgent(std::map<std::string, std::string>& flags) {
  platform::AgentTimings timings;
  timings.tick_seconds = 0.02;
  timings.starting_probe_period_seconds = 0.05;
  timings.running_probe_period_seconds = 0.2;
  timings.probe_timeout_seconds = 0.5;
  timings.stop_grace_seconds = std::stod(flags["--stop-grace"]);
  timings.progress_period_seconds = 0.05;
  timings.restart.first_delay_seconds = 0.2;
  platform::AgentOptions options;
  options.layout.root = flags["--data-dir"];
  options.cache_dir = flags["--cache-dir"];
  options.server_url = "unix:" + options.layout.server_socket().string();
  return platform::RunAgentWith(options, timings);
}

}  // namespace

int main(int argc, char** argv) {
  std::map<std::string, std::string> flags;
  for (int index = 2; index + 1 < argc; index += 2) flags[argv[index]] = argv[index + 1];
  const std::string role = argc > 1 ? argv[1] : "";
  if (role == "agent") return RunTestAgent(flags);
  if (role == "shim") return redline::backends::RunShim({.dir = flags["--dir"]});
  if (role == "serve") return Serve(flags);
  return 2;
}
