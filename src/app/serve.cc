#include "engine/api/serve.h"

#include "app/commands.h"
#include "app/serve_bench.h"
#include "engine/api/serve_options.h"

namespace redline::app {
namespace {

std::vector<Flag> FlagsOfServing() {
  std::vector<Flag> flags;
  for (const engine::ServeFlag& flag : engine::ServeFlags())
    flags.push_back({flag.name, flag.value_name, flag.help, flag.default_value, flag.choices});
  return flags;
}

Status Serve(const Arguments& arguments) {
  RL_RETURN_IF_ERROR(
      RefuseFlags(arguments, {"bench-seconds", "bench-out", "output"}, "without --bench-kernels"));
  engine::ServeOptions options;
  for (const engine::ServeFlag& flag : engine::ServeFlags()) {
    if (!arguments.Has(flag.name)) continue;
    const std::string value = flag.value_name.empty() ? "true" : arguments.Get(flag.name);
    RL_RETURN_IF_ERROR(engine::SetServeOption(flag.name, value, options));
  }
  return engine::ServeMain(options);
}

// The code stands in front: the agent tells by it why an engine did not start, and may find no more
// than this line in the log.
Status RunServe(const Arguments& arguments) {
  if (arguments.Has("bench-kernels")) return RunBenchKernels(arguments, FlagsOfServing());
  const Status status = Serve(arguments);
  if (status.ok()) return status;
  return Status(status.code(), status.ToString(), status.param());
}

std::vector<Flag> AllFlags() {
  std::vector<Flag> flags = FlagsOfServing();
  for (Flag& flag : BenchKernelsFlags()) flags.push_back(std::move(flag));
  return flags;
}

}  // namespace

Command ServeCommand() {
  return {.name = "serve",
          .summary = "run the native engine on a model's files",
          .description =
              "Serves one model with the native CPU engine and an OpenAI-compatible API, "
              "without the platform. /health answers 200 when it is ready. With --bench-kernels "
              "it measures instead: bandwidths, peaks of arithmetic, and each kernel beside them.",
          .example =
              "redline serve --model-path model.gguf --port 8001\n"
              "redline serve --bench-kernels --model-path model.gguf",
          .flags = AllFlags(),
          .run = RunServe};
}

}  // namespace redline::app
