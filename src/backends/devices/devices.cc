#include "backends/devices/devices.h"

#include <iterator>

#include "backends/devices/amd_gpus.h"
#include "backends/devices/cpu_topology.h"
#include "backends/devices/nvidia_gpus.h"

namespace redline::backends {
namespace {

template <typename T>
void MoveInto(std::vector<T>& all, std::vector<T>& more) {
  all.insert(all.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

}  // namespace

DeviceReader::DeviceReader(DeviceOptions options)
    : options_(std::move(options)), nvidia_(std::make_unique<NvidiaGpuReader>(options_)) {}

DeviceReader::~DeviceReader() = default;

NodeDevices DeviceReader::Read() {
  NodeDevices devices;
  devices.cpu = ReadCpuTopology(options_);
  NvidiaGpus nvidia = nvidia_->Read();
  AmdGpus amd = ReadAmdGpus(options_.sysfs_root);
  devices.gpus = std::move(nvidia.gpus);
  MoveInto(devices.gpus, amd.gpus);
  devices.driver_version = std::move(nvidia.driver_version);
  devices.cuda_version = std::move(nvidia.cuda_version);
  devices.problems = std::move(nvidia.problems);
  MoveInto(devices.problems, amd.problems);
  return devices;
}

}  // namespace redline::backends
