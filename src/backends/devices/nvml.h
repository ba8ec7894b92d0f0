// NVIDIA's management library, as far as it is needed here, loaded at run time: no build and no
// start of this program depends on it.
//
// Functions, structs and codes are those of the NVML API reference
// (https://docs.nvidia.com/deploy/nvml-api): "Initialization and Cleanup", "System Queries",
// "Device Queries", nvmlReturn_t, nvmlMemory_t, nvmlPciInfo_t.
#pragma once

#include <memory>
#include <string>

#include "base/status.h"

namespace redline::backends {

using NvmlReturn = int;                       // nvmlReturn_t, a C enumeration
using NvmlDevice = struct NvmlDeviceHandle*;  // nvmlDevice_t

constexpr NvmlReturn kNvmlSuccess = 0;

// nvmlMemory_t: total = free + used, and used is what was allocated and what the driver keeps.
struct NvmlMemory {
  unsigned long long total;  // NOLINT(google-runtime-int): the C type
  unsigned long long free;   // NOLINT(google-runtime-int)
  unsigned long long used;   // NOLINT(google-runtime-int)
};

// nvmlPciInfo_t of nvmlDeviceGetPciInfo_v3.
struct NvmlPciInfo {
  char bus_id_legacy[16];
  unsigned domain;
  unsigned bus;
  unsigned device;
  unsigned pci_device_id;
  unsigned pci_subsystem_id;
  char bus_id[32];  // "00000000:17:00.0"
};

// The library's functions. Those of the second part may be missing in an old one: nullptr.
struct NvmlApi {
  NvmlReturn (*init)();
  NvmlReturn (*shutdown)();
  NvmlReturn (*device_count)(unsigned* count);
  NvmlReturn (*device_by_index)(unsigned index, NvmlDevice* device);
  NvmlReturn (*device_name)(NvmlDevice device, char* name, unsigned length);
  NvmlReturn (*memory_info)(NvmlDevice device, NvmlMemory* memory);

  NvmlReturn (*device_uuid)(NvmlDevice device, char* uuid, unsigned length);
  NvmlReturn (*compute_capability)(NvmlDevice device, int* major, int* minor);
  NvmlReturn (*pci_info)(NvmlDevice device, NvmlPciInfo* info);
  NvmlReturn (*mig_mode)(NvmlDevice device, unsigned* current, unsigned* pending);
  NvmlReturn (*driver_version)(char* version, unsigned length);
  NvmlReturn (*cuda_version)(int* version);  // 12040 for 12.4
  const char* (*error_string)(NvmlReturn code);
};

// The library, loaded and initialised for as long as this lives. Its functions may be called from
// any thread, and may take as long as the driver does: for ever.
class Nvml {
 public:
  // kNotFound: there is no such library. kFailedPrecondition: it cannot be loaded, or lacks a
  // function that every version since 2013 has. kUnavailable: it did not initialise, and `code` is
  // its reason.
  static Result<std::unique_ptr<Nvml>> Open(const std::string& library, NvmlReturn& code);
  Nvml(const Nvml&) = delete;
  Nvml& operator=(const Nvml&) = delete;
  ~Nvml();

  const NvmlApi& api() const { return api_; }
  // "GPU is lost", in the library's words.
  std::string Describe(NvmlReturn code) const;

 private:
  explicit Nvml(void* library) : library_(library) {}
  // The name of a function that must be there and is not; nullptr: all are there.
  const char* LoadFunctions();

  void* library_;
  bool is_initialised_ = false;
  NvmlApi api_{};
};

}  // namespace redline::backends
