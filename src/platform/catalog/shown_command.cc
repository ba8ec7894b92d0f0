#include "platform/catalog/shown_command.h"

namespace redline::platform {

backends::Command ShownCommand(const ShownCommandRequest& request) {
  const auto backend = backends::FindBackend(request.engine.engine);
  if (!backend.ok()) return {};
  const backends::EngineFacts& facts = (*backend)->facts();
  const bool has_port = facts.transport == backends::Transport::kLoopbackPort;
  spec::EngineConfig engine = request.engine;
  if (request.on_gpus) engine.resolved.clear();
  const auto command = (*backend)->CommandLine(
      engine, {.program = {facts.is_built_in ? "redline" : facts.name},
               .model_path = request.model_path,
               .served_model_name = request.served_name,
               .endpoint = has_port ? "http://127.0.0.1:PORT" : "unix:" + request.socket});
  return command.ok() ? *command : backends::Command();
}

}  // namespace redline::platform
