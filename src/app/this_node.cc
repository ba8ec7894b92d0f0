#include "app/this_node.h"

#include "backends/devices/devices.h"
#include "platform/agent/node_facts.h"

namespace redline::app {

platform::Node ThisNode() {
  backends::DeviceReader reader{backends::DeviceOptions{}};
  const spec::Worker worker = platform::DescribeWorker("worker-here", reader.Read());
  platform::Node node{.name = worker.name, .hardware = backends::FactsOf(worker)};
  for (const spec::WorkerGpu& gpu : worker.gpus) {
    if (node.driver.empty() && gpu.name == worker.device_model) node.driver = gpu.driver_version;
  }
  backends::HardwareFacts cpu = backends::CpuFactsOf(worker);
  if (node.hardware.device != cpu.device) node.cpu = std::move(cpu);
  return node;
}

}  // namespace redline::app
