#include <fmt/format.h>
#include <signal.h>

#include <cerrno>
#include <chrono>
#include <nlohmann/json.hpp>
#include <thread>

#include "app/api_client.h"
#include "app/commands.h"
#include "base/clock.h"
#include "base/files.h"
#include "base/process.h"
#include "platform/layout.h"

namespace redline::app {
namespace {

using nlohmann::json;

struct RunningUp {
  pid_t pid = 0;
  uint64_t start_time = 0;
};

Result<RunningUp> FindUp(const Arguments& arguments) {
  const platform::DataLayout layout{arguments.Has("data-dir")
                                        ? std::filesystem::path(arguments.Get("data-dir"))
                                        : platform::DefaultDataDir()};
  const Status absent =
      NotFound("no Redline is running in " + layout.root.string() + "; start one with: redline up");
  const auto text = ReadFile(layout.up_state(), 1 << 16);
  if (!text.ok()) return absent;
  const json state = json::parse(*text, nullptr, /*allow_exceptions=*/false);
  if (!state.is_object()) return absent;
  const RunningUp up = {state.value("pid", 0), state.value("start_time", uint64_t{0})};
  if (!ProcessAlive(up.pid, up.start_time)) return absent;
  return up;
}

Status Down(const Arguments& arguments) {
  const auto up = FindUp(arguments);
  if (up.status().code() == Code::kNotFound) {
    fmt::print("nothing to stop: {}\n", up.status().message());
    return OkStatus();
  }
  RL_RETURN_IF_ERROR(up.status());
  if (::kill(up->pid, SIGTERM) != 0) return ErrnoStatus("cannot signal redline up", errno);
  const MonotonicTime begin = MonotonicNow();
  while (ProcessAlive(up->pid, up->start_time)) {
    if (SecondsSince(begin) > 120)
      return Status(Code::kDeadlineExceeded,
                    fmt::format("redline up (pid {}) has not stopped after 120 s", up->pid));
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  fmt::print("stopped\n");
  return OkStatus();
}

// Whether each of the three processes is another one than before.
bool AllReplaced(const json& before, const json& now) {
  for (const char* role : {"server", "gateway", "agent"}) {
    const int64_t pid = now.value(role, json::object()).value("pid", int64_t{0});
    if (pid == 0 || pid == before.value(role, json::object()).value("pid", int64_t{0}))
      return false;
  }
  return true;
}

Status Restart(const Arguments& arguments) {
  RL_ASSIGN_OR_RETURN(const RunningUp up, FindUp(arguments));
  RL_ASSIGN_OR_RETURN(ApiClient api, ApiClient::Connect(arguments));
  RL_ASSIGN_OR_RETURN(const json before, api.Get("/api/v1/status"));
  if (::kill(up.pid, SIGHUP) != 0) return ErrnoStatus("cannot signal redline up", errno);
  const MonotonicTime begin = MonotonicNow();
  while (SecondsSince(begin) < 60) {
    const auto now = api.Get("/api/v1/status");
    if (now.ok() && AllReplaced(before, *now)) {
      fmt::print("server, gateway and agent are replaced; engines went on\n");
      return OkStatus();
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  return Status(Code::kDeadlineExceeded, "not replaced after 60 s; see: redline doctor");
}

std::vector<Flag> DataDirFlag() {
  return {{"data-dir", "DIR", "data directory of the Redline meant [REDLINE_DATA_DIR]", ""}};
}

}  // namespace

Command DownCommand() {
  return {.name = "down",
          .summary = "stop Redline on this machine",
          .description = "Drains requests, stops engines, gateway, agent and server, and waits.",
          .example = "redline down",
          .flags = DataDirFlag(),
          .run = Down};
}

Command RestartCommand() {
  return {.name = "restart",
          .summary = "replace server, gateway and agent; engines go on",
          .description =
              "Replaces the three processes of redline up by the binary now on disk, "
              "without stopping an engine or refusing a request.",
          .example = "redline restart",
          .flags = DataDirFlag(),
          .run = Restart};
}

}  // namespace redline::app
