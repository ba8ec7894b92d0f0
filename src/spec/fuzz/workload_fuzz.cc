// libFuzzer entry: any bytes as a workload file. What is accepted comes back the same after writing
// and reading it again.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "spec/workload_spec.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace redline;  // NOLINT(google-build-using-namespace)
  const auto spec =
      spec::WorkloadFromYaml(std::string_view(reinterpret_cast<const char*>(data), size));
  if (!spec.ok()) return 0;
  const std::string json = spec::ToJson(*spec);
  const auto again = spec::WorkloadFromJson(json);
  if (!again.ok() || spec::ToJson(*again) != json) abort();
  return 0;
}
