// Stands for libnvidia-ml.so.1 in tests. The file that $REDLINE_FAKE_NVML names says, a line each,
// what it pretends:
//   init CODE            what nvmlInit_v2 returns
//   init_sleep_ms N      how long that takes
//   driver VERSION       for example 550.90.07
//   cuda VERSION         for example 12040
//   gpu TOTAL_MIB FREE_MIB CAPABILITY MIG CODE BUS_ID UUID NAME...
// CAPABILITY is 90 for 9.0; MIG is 1 when it is on; CODE is what asking for the device returns.
// Built with REDLINE_FAKE_NVML_OLD it lacks the functions that NVML did not always have.
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "backends/devices/nvml.h"

namespace redline::backends {

struct NvmlDeviceHandle {
  unsigned long long total_mib = 0;  // NOLINT(google-runtime-int)
  unsigned long long free_mib = 0;   // NOLINT(google-runtime-int)
  int capability = 0;
  unsigned mig = 0;
  NvmlReturn code = kNvmlSuccess;
  std::string bus_id;
  std::string uuid;
  std::string name;
};

namespace {

struct FakeDriver {
  NvmlReturn init = kNvmlSuccess;
  int init_sleep_ms = 0;
  std::string driver = "550.90.07";
  int cuda = 12040;
  std::vector<NvmlDeviceHandle> devices;
};
FakeDriver fake;

void ReadFakeLine(const std::string& line) {
  std::istringstream words(line);
  std::string key;
  words >> key;
  if (key == "init") words >> fake.init;
  if (key == "init_sleep_ms") words >> fake.init_sleep_ms;
  if (key == "driver") words >> fake.driver;
  if (key == "cuda") words >> fake.cuda;
  if (key != "gpu") return;
  NvmlDeviceHandle& device = fake.devices.emplace_back();
  words >> device.total_mib >> device.free_mib >> device.capability >> device.mig >> device.code >>
      device.bus_id >> device.uuid >> std::ws;
  std::getline(words, device.name);
}

NvmlReturn Copy(const std::string& text, char* out, unsigned length) {
  constexpr NvmlReturn kInsufficientSize = 7;
  if (text.size() + 1 > length) return kInsufficientSize;
  std::memcpy(out, text.c_str(), text.size() + 1);
  return kNvmlSuccess;
}

}  // namespace

extern "C" {

NvmlReturn nvmlInit_v2() {
  fake = FakeDriver();
  const char* path = std::getenv("REDLINE_FAKE_NVML");
  std::ifstream file(path == nullptr ? "" : path);
  for (std::string line; std::getline(file, line);) ReadFakeLine(line);
  std::this_thread::sleep_for(std::chrono::milliseconds(fake.init_sleep_ms));
  return fake.init;
}

NvmlReturn nvmlShutdown() { return kNvmlSuccess; }

const char* nvmlErrorString(NvmlReturn code) {
  return code == 9 ? "Driver Not Loaded" : code == 15 ? "GPU is lost" : "Unknown Error";
}

NvmlReturn nvmlDeviceGetCount_v2(unsigned* count) {
  *count = static_cast<unsigned>(fake.devices.size());
  return kNvmlSuccess;
}

NvmlReturn nvmlDeviceGetHandleByIndex_v2(unsigned index, NvmlDevice* device) {
  *device = &fake.devices.at(index);
  return (*device)->code;
}

NvmlReturn nvmlDeviceGetName(NvmlDevice device, char* name, unsigned length) {
  return Copy(device->name, name, length);
}

NvmlReturn nvmlDeviceGetMemoryInfo(NvmlDevice device, NvmlMemory* memory) {
  memory->total = device->total_mib << 20;
  memory->free = device->free_mib << 20;
  memory->used = memory->total - memory->free;
  return kNvmlSuccess;
}

NvmlReturn nvmlDeviceGetUUID(NvmlDevice device, char* uuid, unsigned length) {
  return Copy(device->uuid, uuid, length);
}

NvmlReturn nvmlDeviceGetCudaComputeCapability(NvmlDevice device, int* major, int* minor) {
  *major = device->capability / 10;
  *minor = device->capability % 10;
  return kNvmlSuccess;
}

#ifndef REDLINE_FAKE_NVML_OLD
NvmlReturn nvmlDeviceGetPciInfo_v3(NvmlDevice device, NvmlPciInfo* info) {
  return Copy(device->bus_id, info->bus_id, sizeof(info->bus_id));
}

NvmlReturn nvmlDeviceGetMigMode(NvmlDevice device, unsigned* current, unsigned* pending) {
  *current = *pending = device->mig;
  return kNvmlSuccess;
}

NvmlReturn nvmlSystemGetCudaDriverVersion_v2(int* version) {
  *version = fake.cuda;
  return kNvmlSuccess;
}
#endif

NvmlReturn nvmlSystemGetDriverVersion(char* version, unsigned length) {
  return Copy(fake.driver, version, length);
}

}  // extern "C"

}  // namespace redline::backends
