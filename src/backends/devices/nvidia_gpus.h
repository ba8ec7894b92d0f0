// NVIDIA's GPUs.
#pragma once

#include <future>
#include <memory>
#include <string>
#include <vector>

#include "backends/devices/devices.h"

namespace redline::backends {

struct NvidiaGpus {
  std::vector<GpuDevice> gpus;
  std::string driver_version;
  std::string cuda_version;
  std::vector<DeviceProblem> problems;
};

class NvidiaDriver;

// Asks the driver on a thread of its own and waits no longer than the deadline. While the driver
// does not answer, every Read() says so at once, and no second thread is started. GPUs that are
// divided by MIG or lost are problems, not devices. Owner: one thread.
class NvidiaGpuReader {
 public:
  explicit NvidiaGpuReader(const DeviceOptions& options);
  NvidiaGpus Read();

 private:
  std::future<NvidiaGpus> Start() const;

  std::chrono::milliseconds deadline_;
  // Shared with the thread, which a dead driver may hold for longer than this lives. Only one of
  // them touches it at a time.
  std::shared_ptr<NvidiaDriver> driver_;
  std::future<NvidiaGpus> late_;  // the answer that is still out
};

}  // namespace redline::backends
