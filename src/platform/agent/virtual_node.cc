#include "platform/agent/virtual_node.h"

#include <fmt/format.h>

#include "base/clock.h"
#include "base/version.h"

namespace redline::platform {

spec::Worker DescribeVirtualWorker(const VirtualNode& node, const std::string& worker_id) {
  spec::Worker worker = node.worker;
  worker.id = worker_id;
  worker.is_virtual = true;
  worker.version = kVersion;
  worker.heartbeat_at_ms = UnixMillis();
  return worker;
}

Prepared PrepareVirtual(const VirtualNode& node, const spec::Assignment& assignment,
                        const std::string& self) {
  const spec::EngineConfig& engine = assignment.engine;
  // The real engine would see its own GPUs and no other.
  Prepared prepared{
      .program = {self, "simulate", "--as", engine.engine + "@" + engine.version, "--model",
                  assignment.model, "--hardware",
                  fmt::format("{}x{}", node.device, assignment.gpus.size())},
      .model_path = assignment.model_path.empty() ? assignment.model : assignment.model_path};
  std::vector<std::string>& words = prepared.program;
  words.insert(words.end(), node.flags.begin(), node.flags.end());
  for (const auto& [name, value] : engine.environment)
    words.insert(words.end(), {"--env", name + "=" + value});
  words.emplace_back("--");
  return prepared;
}

}  // namespace redline::platform
