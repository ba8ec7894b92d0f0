// libFuzzer entry: any bytes as a hardware file, and as a name. What is accepted is within bounds
// and can be shown.
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string_view>

#include "planner/hardware/hardware_spec.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace redline::planner;  // NOLINT(google-build-using-namespace)
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const auto& hardware : {HardwareFromYaml(text), FindHardwareSpec(text)}) {
    if (!hardware.ok()) {
      if (hardware.status().message().empty()) abort();
      continue;
    }
    if (hardware->num_devices() < 1 || hardware->memory_bytes.value < 1) abort();
    if (ToJson(*hardware).empty() || FullName(*hardware).empty()) abort();
  }
  return 0;
}
