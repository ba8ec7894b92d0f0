// The numbers of each request of a plan. Used by request_plan.cc alone.
#pragma once

#include <cstdint>
#include <vector>

#include "base/status.h"
#include "spec/workload_spec.h"
#include "workload/dataset.h"

namespace redline::workload {

// What At() gives that is not computed from the index alone.
struct PlanRow {
  double intended_s = -1;
  int32_t input_tokens = 0;
  int32_t output_tokens = 0;
  float think_s = 0;
  uint16_t slo_class = 0;
};

// Where the file has fewer rows than there are requests, it starts over.
inline const Dataset::Row* RowOf(const Dataset& dataset, size_t index) {
  return dataset.rows.empty() ? nullptr : &dataset.rows[index % dataset.rows.size()];
}

// `count` rows: lengths (the contexts of sessions grow), pauses, classes and times.
// kInvalidArgument for a prompt over kMaxPromptTokens.
Result<std::vector<PlanRow>> MakePlanRows(const spec::WorkloadSpec& spec, const Dataset& dataset,
                                          uint64_t seed, size_t count);

}  // namespace redline::workload
