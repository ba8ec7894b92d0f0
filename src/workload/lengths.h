// Lengths of prompts and answers. Pure functions: request `index` has the same length whatever the
// number of requests.
#pragma once

#include <cstdint>

#include "spec/workload_spec.h"

namespace redline::workload {

enum class LengthKind { kInput, kOutput };

// ShareGPT as benchmarks sample it: lognormal, cut to [min, max].
//
// Means: the published runs of the reference scenario (1,000 requests: 219,111 tokens in, about
// 197,000 out). Bounds: the filter of vLLM's benchmark (4 to 1,024 tokens of prompt, 2,048 in all).
// Spreads: the standard deviations of the logarithms over 80 first turns, within those bounds, of
// the ShareGPT lengths that microsoft/sarathi-serve publishes (1.12 in, 0.93 out): a small sample,
// so they are the least certain part. The location follows from the mean.
struct ShareGptShape {
  double log_location;
  double log_stddev;
  double min;
  double max;
  double mean;
  // The length below which this share of all lengths lies.
  double Quantile(double share) const;
};
const ShareGptShape& ShareGptShapeOf(LengthKind kind);

// For every distribution but kDataset.
int64_t SampleLength(const spec::LengthSpec& spec, LengthKind kind, uint64_t seed, uint64_t index);
// A length rounded and clipped to [min, max]; not a number becomes min.
int64_t ClipLength(const spec::LengthSpec& spec, double length);

}  // namespace redline::workload
