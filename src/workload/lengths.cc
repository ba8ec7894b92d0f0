#include "workload/lengths.h"

#include <cmath>

#include "workload/random.h"

namespace redline::workload {
namespace {

using Distribution = spec::LengthSpec::Distribution;

// Lengths whose own mean and standard deviation are the given ones.
double Lognormal(double mean, double stddev, double normal) {
  const double variance = std::log1p(stddev * stddev / (mean * mean));
  return std::exp(std::log(mean) - variance / 2 + std::sqrt(variance) * normal);
}

double Uniform(const spec::LengthSpec& spec, RandomStream& random) {
  const double count = static_cast<double>(spec.max - spec.min + 1);
  return static_cast<double>(spec.min) + std::floor(random.Uniform() * count);
}

double ShareGpt(const spec::LengthSpec& spec, LengthKind kind, RandomStream& random) {
  const ShareGptShape& shape = ShareGptShapeOf(kind);
  const double scale = spec.mean > 0 ? spec.mean / shape.mean : 1;
  return shape.Quantile(random.Uniform()) * scale;
}

}  // namespace

double ShareGptShape::Quantile(double share) const {
  const double below_min = NormalCdf((std::log(min) - log_location) / log_stddev);
  const double below_max = NormalCdf((std::log(max) - log_location) / log_stddev);
  const double normal = InverseNormalCdf(below_min + share * (below_max - below_min));
  return std::exp(log_location + log_stddev * normal);
}

const ShareGptShape& ShareGptShapeOf(LengthKind kind) {
  static constexpr ShareGptShape kInput = {5.055347799934802, 1.12, 4, 1024, 219.1};
  static constexpr ShareGptShape kOutput = {4.957551803595952, 0.93, 4, 1024, 197.0};
  return kind == LengthKind::kInput ? kInput : kOutput;
}

int64_t ClipLength(const spec::LengthSpec& spec, double length) {
  if (!(length > static_cast<double>(spec.min))) return spec.min;
  if (length >= static_cast<double>(spec.max)) return spec.max;
  return std::llround(length);
}

int64_t SampleLength(const spec::LengthSpec& spec, LengthKind kind, uint64_t seed, uint64_t index) {
  const Stream stream = kind == LengthKind::kInput ? Stream::kInputLength : Stream::kOutputLength;
  RandomStream random(seed, stream, index);
  switch (spec.distribution) {
    case Distribution::kUniform:
      return ClipLength(spec, Uniform(spec, random));
    case Distribution::kNormal:
      return ClipLength(spec, spec.mean + spec.stddev * random.Normal());
    case Distribution::kLognormal:
      return ClipLength(spec, Lognormal(spec.mean, spec.stddev, random.Normal()));
    case Distribution::kShareGpt:
      return ClipLength(spec, ShareGpt(spec, kind, random));
    case Distribution::kFixed:
    case Distribution::kDataset:
      break;
  }
  return std::llround(spec.mean);
}

}  // namespace redline::workload
