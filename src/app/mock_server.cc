#include "lab/mock/mock_server.h"

#include <fmt/format.h>
#include <signal.h>

#include "app/commands.h"

namespace redline::app {
namespace {

Result<lab::MockOptions> MockOptionsOf(const Arguments& arguments) {
  constexpr double kMaxMs = 3600e3;
  lab::MockOptions options;
  options.host = arguments.Get("host");
  RL_ASSIGN_OR_RETURN(const int64_t port, arguments.GetInt("port", 0, 65535));
  RL_ASSIGN_OR_RETURN(const int64_t threads, arguments.GetInt("threads", 1, 64));
  RL_ASSIGN_OR_RETURN(options.ttft_ms, arguments.GetDouble("ttft-ms", 0, kMaxMs));
  RL_ASSIGN_OR_RETURN(options.itl_ms, arguments.GetDouble("itl-ms", 0, kMaxMs));
  RL_ASSIGN_OR_RETURN(options.fault, lab::FaultFromName(arguments.Get("fault")));
  RL_ASSIGN_OR_RETURN(options.fault_share, arguments.GetDouble("fault-share", 0, 1));
  options.port = static_cast<int>(port);
  options.num_threads = static_cast<int>(threads);
  options.truth_path = arguments.Get("truth");
  return options;
}

// Until SIGINT or SIGTERM.
void WaitForSignal(const sigset_t& signals) {
  int number = 0;
  while (sigwait(&signals, &number) != 0) {
  }
}

Status RunMockServer(const Arguments& arguments) {
  RL_ASSIGN_OR_RETURN(const lab::MockOptions options, MockOptionsOf(arguments));
  // Blocked before any thread starts, so that it is this one that takes them.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  RL_ASSIGN_OR_RETURN(const auto server, lab::MockServer::Start(options));
  fmt::print("mock server on http://{}:{}\n", options.host, server->port());
  fflush(stdout);
  WaitForSignal(signals);
  return OkStatus();
}

}  // namespace

Command MockServerCommand() {
  return {.name = "mock-server",
          .summary = "run a server with known timing, to check load generators with",
          .description =
              "Answers /v1/chat/completions, /v1/completions and /generate with as many tokens as "
              "are asked for, on time and without a model, and records when it sent them. "
              "prompt_tokens is the number of ids, or of words. Runs until SIGINT or SIGTERM.",
          .example = "redline mock-server --port 9000 --ttft-ms 5 --itl-ms 2 --truth sent.txt",
          .flags = {{"host", "ADDRESS", "IPv4 address to listen on", "127.0.0.1"},
                    {"port", "P", "port to listen on; 0: any free one", "9000"},
                    {"threads", "N", "threads that serve", "1"},
                    {"ttft-ms", "X", "from the request to the first token", "0"},
                    {"itl-ms", "Y", "between tokens; 0: an answer's tokens come at once", "0"},
                    {"truth", "FILE", "write REQUEST EVENT NANOSECONDS of all that is sent", ""},
                    {"fault", "KIND", "what is wrong with answers", "none", lab::FaultNames()},
                    {"fault-share", "SHARE", "share of the requests that the fault hits", "1"}},
          .run = RunMockServer};
}

}  // namespace redline::app
