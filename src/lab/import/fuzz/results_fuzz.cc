// libFuzzer entry: any bytes as a result file of any tool, and as the performance lab's CSV. What
// is accepted can be compared with itself, and comes back the same after writing and reading it
// again.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "lab/import/importer.h"
#include "lab/import/perflab.h"
#include "lab/stats/comparison.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace redline::lab;  // NOLINT(google-build-using-namespace)
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto imported = ImportResults(text); imported.ok()) {
    for (const Measurement& measurement : *imported) {
      ToJson(Compare(measurement, measurement));
      const std::string written = ToJson(measurement);
      const auto again = MeasurementFromJson(written);
      if (!again.ok() || ToJson(*again) != written) abort();
    }
  }
  if (const auto runs = ParsePerflab(text); runs.ok()) {
    if (const auto report = JudgePerflab(*runs); report.ok()) ToJson(*report, *runs);
  }
  return 0;
}
