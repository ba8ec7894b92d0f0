// libFuzzer entry: any bytes as kernel curves, as calibrations and as a table of measurements.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "planner/cost/calibration.h"
#include "planner/cost/kernel_set.h"
#include "planner/cost/kernel_table.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace redline::planner;  // NOLINT(google-build-using-namespace)
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto kernels = KernelSetFromJson(text); kernels.ok()) {
    for (const Curve& curve : kernels->curves) {
      const double place[kMaxCurveAxes] = {3, 5, 7, 11};
      if (!(ReadCurve(curve, {place, curve.axes.size()}).ratio > 0)) abort();
    }
  }
  if (const auto calibrations = CalibrationsFromYaml(text); calibrations.ok()) {
    if (!CalibrationsFromYaml(ToYaml(*calibrations)).ok()) abort();
  }
  KernelTable table("fuzz", std::string(text));
  const auto column = table.ColumnOf("m");
  while (column.ok() && table.Next()) (void)table.NumberAt(*column).ok();
  return 0;
}
