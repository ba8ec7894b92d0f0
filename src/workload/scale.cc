#include "workload/scale.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "workload/lengths.h"

namespace redline::workload {
namespace {

using Distribution = spec::LengthSpec::Distribution;

Status CheckScale(double scale) {
  constexpr double kMaxScale = 1000;
  if (scale > 0 && scale <= kMaxScale) return OkStatus();
  return InvalidArgument(
      fmt::format("\"scale\" is {}; give a number above 0, up to {}", scale, kMaxScale), "scale");
}

// Far above every limit is left for ValidateWorkload() to refuse.
int64_t Scaled(int64_t count, double scale) {
  return std::max<int64_t>(1, std::llround(static_cast<double>(count) * scale));
}

void ScaleLength(spec::LengthSpec& length, LengthKind kind, double scale) {
  if (length.distribution == Distribution::kShareGpt && length.mean == 0)
    length.mean = ShareGptShapeOf(kind).mean;
  length.mean *= scale;
  length.stddev *= scale;
  if (length.distribution == Distribution::kFixed)
    length.mean = std::max(1.0, std::round(length.mean));
  length.min = std::min(Scaled(length.min, scale), spec::kMaxLengthTokens);
  length.max = std::min(Scaled(length.max, scale), spec::kMaxLengthTokens);
}

}  // namespace

Result<spec::WorkloadSpec> Scale(const spec::WorkloadSpec& spec, double scale) {
  RL_RETURN_IF_ERROR(CheckScale(scale));
  if (spec.num_requests == 0)
    return InvalidArgument(
        "\"num_requests\" is as many as the dataset has; give a number before it is scaled",
        "num_requests");
  spec::WorkloadSpec scaled = spec;
  scaled.num_requests = Scaled(spec.num_requests, scale);
  if (spec.concurrency > 0) scaled.concurrency = Scaled(spec.concurrency, scale);
  scaled.arrivals.rate *= scale;
  scaled.arrivals.rate_end *= scale;
  for (double& rate : scaled.arrivals.rates) rate *= scale;
  if (spec.arrivals.process == spec::ArrivalSpec::Process::kTrace) scaled.arrivals.speed *= scale;
  RL_RETURN_IF_ERROR(spec::ValidateWorkload(scaled));
  return scaled;
}

Result<spec::WorkloadSpec> ScaleLengths(const spec::WorkloadSpec& spec, double scale) {
  RL_RETURN_IF_ERROR(CheckScale(scale));
  spec::WorkloadSpec scaled = spec;
  ScaleLength(scaled.input_tokens, LengthKind::kInput, scale);
  ScaleLength(scaled.output_tokens, LengthKind::kOutput, scale);
  if (spec.prefix.groups > 0) scaled.prefix.tokens = Scaled(spec.prefix.tokens, scale);
  if (spec.abort_share > 0) scaled.abort_after_tokens = Scaled(spec.abort_after_tokens, scale);
  if (spec.dataset.format != spec::DatasetSpec::Format::kNone) scaled.dataset.length_scale *= scale;
  RL_RETURN_IF_ERROR(spec::ValidateWorkload(scaled));
  return scaled;
}

}  // namespace redline::workload
