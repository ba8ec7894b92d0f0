// libFuzzer entry: any bytes as measured runs, and as a command that starts an engine.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "planner/predict/launch_line.h"
#include "planner/validate/measured_rows.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace redline::planner;  // NOLINT(google-build-using-namespace)
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto runs = MeasuredRunsFromCsv(text); runs.ok()) {
    for (const MeasuredRun& run : *runs) {
      if (!run.not_covered.empty()) continue;
      if (run.spec.num_requests < 1 || run.layout.attention_tp < 1) abort();
    }
  }
  if (const auto line = ParseLaunchLine(text); line.ok() && line->engine.empty()) abort();
  return 0;
}
