#include "engine/api/serve.h"

#include "app/commands.h"
#include "engine/api/serve_options.h"

namespace redline::app {
namespace {

Status Serve(const Arguments& arguments) {
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
  const Status status = Serve(arguments);
  if (status.ok()) return status;
  return Status(status.code(), status.ToString(), status.param());
}

std::vector<Flag> FlagsOfServe() {
  std::vector<Flag> flags;
  for (const engine::ServeFlag& flag : engine::ServeFlags())
    flags.push_back(
        {flag.name, flag.value_name, flag.help, flag.default_value, flag.choices, flag.required});
  return flags;
}

}  // namespace

Command ServeCommand() {
  return {.name = "serve",
          .summary = "run the native engine on a model's files",
          .description =
              "Serves one model with the native CPU engine and an OpenAI-compatible API, "
              "without the platform. /health answers 200 when it is ready.",
          .example = "redline serve --model-path model.gguf --port 8001",
          .flags = FlagsOfServe(),
          .run = RunServe};
}

}  // namespace redline::app
