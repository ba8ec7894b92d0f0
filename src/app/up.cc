#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>

#include "app/commands.h"
#include "app/deployments.h"
#include "base/clock.h"
#include "base/files.h"
#include "base/process.h"
#include "base/strings.h"
#include "net/http_server.h"
#include "platform/layout.h"
#include "platform/supervisor/supervisor.h"

namespace redline::app {
namespace {

using nlohmann::json;

Result<platform::UpOptions> UpOptionsOf(const Arguments& arguments) {
  platform::UpOptions options;
  options.data_dir = arguments.Has("data-dir") ? std::filesystem::path(arguments.Get("data-dir"))
                                               : platform::DefaultDataDir();
  options.cache_dir = arguments.Has("cache-dir") ? std::filesystem::path(arguments.Get("cache-dir"))
                                                 : platform::DefaultCacheDir();
  std::error_code error;
  options.data_dir = std::filesystem::absolute(options.data_dir, error);
  options.cache_dir = std::filesystem::absolute(options.cache_dir, error);
  options.address = arguments.Get("host");
  RL_ASSIGN_OR_RETURN(const int64_t port, arguments.GetInt("port", 1, 65535));
  options.port = static_cast<int>(port);
  if (arguments.Has("no-default-model")) options.default_model.clear();
  return options;
}

// The port of the `up` that runs in this data directory.
std::optional<int> PortOfRunning(const platform::DataLayout& layout) {
  const auto text = ReadFile(layout.up_state(), 1 << 16);
  if (!text.ok()) return std::nullopt;
  const json state = json::parse(*text, nullptr, /*allow_exceptions=*/false);
  if (!state.is_object() ||
      !ProcessAlive(state.value("pid", 0), state.value("start_time", uint64_t{0})))
    return std::nullopt;
  return state.value("port", 0);
}

// What the process said last, without its name: the reason it ended.
std::string LastWords(const std::filesystem::path& log) {
  const auto text = ReadTail(log, 4096);
  if (!text.ok()) return "see " + log.string();
  const std::vector<std::string> lines = Split(Trim(*text), '\n');
  constexpr std::string_view kName = "redline: ";
  const std::string_view last = lines.back();
  return std::string(last.starts_with(kName) ? last.substr(kName.size()) : last);
}

// The background process deploys nothing by itself: the foreground one does, and reports on it.
Status StartDetached(const platform::UpOptions& options, const platform::DataLayout& layout) {
  RL_ASSIGN_OR_RETURN(const int listener, net::ListenTcp(options.address, options.port));
  ::close(listener);  // only to know before a folder is made whether the port can be had
  RL_ASSIGN_OR_RETURN(const platform::DataLayout prepared,
                      platform::PrepareDataDir(options.data_dir));
  SpawnOptions spawn;
  spawn.argv = {SelfExecutable().string(),
                "up",
                "--data-dir",
                options.data_dir.string(),
                "--cache-dir",
                options.cache_dir.string(),
                "--host",
                options.address,
                "--port",
                std::to_string(options.port),
                "--no-default-model"};
  spawn.stdout_path = prepared.log("up");
  spawn.stderr_path = prepared.log("up");
  spawn.new_session = true;
  RL_ASSIGN_OR_RETURN(const pid_t pid, Spawn(spawn));
  const auto start_time = ProcessStartTime(pid);
  const MonotonicTime begin = MonotonicNow();
  while (!PortOfRunning(layout)) {
    if (!start_time || !ProcessAlive(pid, *start_time))
      return FailedPrecondition(LastWords(prepared.log("up")));
    if (SecondsSince(begin) > 30)
      return Status(Code::kDeadlineExceeded,
                    "not ready after 30 s; see " + prepared.log("up").string());
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return OkStatus();
}

// As `redline up` in the foreground: the default model, when nothing is deployed. Waits for it.
Status DeployDefaultModel(ApiClient& api, const std::string& model) {
  RL_ASSIGN_OR_RETURN(const json deployments, api.Get("/api/v1/deployments"));
  if (deployments["items"].empty()) {
    RL_RETURN_IF_ERROR(WaitForWorker(api, 30));
    RL_RETURN_IF_ERROR(api.Send("POST", "/api/v1/deployments", {{"model", model}}).status());
    return WaitUntilRunning(api, model, 900);
  }
  for (const json& deployment : deployments["items"]) {
    if (deployment.value("name", "") == model && deployment.value("replicas", int64_t{0}) > 0)
      return WaitUntilRunning(api, model, 900);
  }
  return OkStatus();
}

void PrintHowToUse(const ApiClient& api, const platform::UpOptions& options,
                   const platform::DataLayout& layout) {
  fmt::print("Console:  {}/#key={}\nAdmin key: {} (in {})\n", api.url(), api.api_key(),
             api.api_key(), layout.admin_key().string());
  if (options.default_model.empty()) return;
  const std::string question = "What is the capital of France? Answer in one word.";
  fmt::print(
      "\nTry:\n  curl -s {0}/v1/chat/completions -H 'Authorization: Bearer {1}' -H 'Content-Type: "
      "application/json' -d '{{\"model\": \"{2}\", \"temperature\": 0, \"messages\": [{{\"role\": "
      "\"user\", \"content\": \"{3}\"}}]}}'\n  {4} chat {2} \"{3}\"{5}\n",
      api.url(), api.api_key(), options.default_model, question, SelfExecutable().string(),
      options.data_dir == std::filesystem::absolute(platform::DefaultDataDir())
          ? ""
          : " --data-dir " + options.data_dir.string());
}

// `redline up --detach`: also brings the default model up and says how to use it.
Status RunDetached(const Arguments& arguments, platform::UpOptions options) {
  const platform::DataLayout layout{options.data_dir};
  const std::optional<int> running_port = PortOfRunning(layout);
  if (running_port && arguments.Has("port") && *running_port != options.port)
    return Status(Code::kAlreadyExists,
                  fmt::format("Redline runs already in {}, on port {}; redline down stops it",
                              layout.root.string(), *running_port),
                  "port");
  if (running_port) {
    fmt::print("Redline runs already in {}.\n", layout.root.string());
  } else {
    RL_RETURN_IF_ERROR(StartDetached(options, layout));
  }
  Arguments connect = arguments;
  connect.Set("data-dir", {options.data_dir.string()});
  RL_ASSIGN_OR_RETURN(ApiClient api, ApiClient::Connect(connect));
  if (!options.default_model.empty())
    RL_RETURN_IF_ERROR(DeployDefaultModel(api, options.default_model));
  PrintHowToUse(api, options, layout);
  return OkStatus();
}

Status RunUp(const Arguments& arguments) {
  RL_ASSIGN_OR_RETURN(const platform::UpOptions options, UpOptionsOf(arguments));
  if (arguments.Has("detach")) return RunDetached(arguments, options);
  return platform::RunUp(options);
}

}  // namespace

Command UpCommand() {
  return {.name = "up",
          .summary = "start Redline on this machine",
          .description =
              "Starts the server, the gateway and this node's agent, and deploys the default model "
              "when nothing is deployed. Runs in the foreground; SIGTERM drains and stops "
              "everything, engines too.",
          .example = "redline up --port 8080\nredline up --detach",
          .flags = {{"data-dir", "DIR", "where state is kept [REDLINE_DATA_DIR]", ""},
                    {"cache-dir", "DIR", "where models are kept [REDLINE_CACHE_DIR]", ""},
                    {"host", "ADDRESS", "address to listen on", "127.0.0.1"},
                    {"port", "P", "port of console, API and /v1", "8080"},
                    {"no-default-model", "", "deploy nothing by itself", ""},
                    {"detach", "", "run in the background; return when the model answers", ""}},
          .run = RunUp};
}

}  // namespace redline::app
