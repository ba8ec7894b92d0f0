#include "backends/devices/nvml.h"

#include <dlfcn.h>
#include <fmt/format.h>

#include "base/strings.h"

namespace redline::backends {
namespace {

template <typename Function>
bool LoadFunction(void* library, const char* name, Function& function) {
  function = reinterpret_cast<Function>(::dlsym(library, name));
  return function != nullptr;
}

// Why dlopen() just failed: glibc has no code for it.
Status LoadFailure(const std::string& library) {
  const char* text = ::dlerror();
  const std::string why = text == nullptr ? "" : Excerpt(text, 200);
  if (why.starts_with(library + ": cannot open shared object file: No such file"))
    return NotFound("there is no " + library);
  return FailedPrecondition("cannot load " + library + ": " + why);
}

}  // namespace

const char* Nvml::LoadFunctions() {
  const char* missing = nullptr;
  const auto need = [&](const char* name, auto& function) {
    if (!LoadFunction(library_, name, function)) missing = name;
  };
  need("nvmlInit_v2", api_.init);
  need("nvmlShutdown", api_.shutdown);
  need("nvmlDeviceGetCount_v2", api_.device_count);
  need("nvmlDeviceGetHandleByIndex_v2", api_.device_by_index);
  need("nvmlDeviceGetName", api_.device_name);
  // Not the _v2 of it: its `used` leaves out what the driver keeps, in some versions only.
  need("nvmlDeviceGetMemoryInfo", api_.memory_info);
  LoadFunction(library_, "nvmlDeviceGetUUID", api_.device_uuid);
  LoadFunction(library_, "nvmlDeviceGetCudaComputeCapability", api_.compute_capability);
  LoadFunction(library_, "nvmlDeviceGetPciInfo_v3", api_.pci_info);
  LoadFunction(library_, "nvmlDeviceGetMigMode", api_.mig_mode);
  LoadFunction(library_, "nvmlSystemGetDriverVersion", api_.driver_version);
  LoadFunction(library_, "nvmlSystemGetCudaDriverVersion_v2", api_.cuda_version);
  LoadFunction(library_, "nvmlErrorString", api_.error_string);
  return missing;
}

Result<std::unique_ptr<Nvml>> Nvml::Open(const std::string& library, NvmlReturn& code) {
  void* handle = ::dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) return LoadFailure(library);
  std::unique_ptr<Nvml> nvml(new Nvml(handle));
  if (const char* missing = nvml->LoadFunctions())
    return FailedPrecondition(fmt::format("{} has no function {}", library, missing));
  code = nvml->api_.init();
  if (code != kNvmlSuccess) return Unavailable(nvml->Describe(code));
  nvml->is_initialised_ = true;
  return nvml;
}

Nvml::~Nvml() {
  if (is_initialised_) api_.shutdown();
  ::dlclose(library_);
}

std::string Nvml::Describe(NvmlReturn code) const {
  const char* text = api_.error_string == nullptr ? nullptr : api_.error_string(code);
  return text == nullptr ? fmt::format("NVML error {}", code) : Excerpt(text);
}

}  // namespace redline::backends
