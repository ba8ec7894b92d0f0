#include "planner/cost/kernel_set.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "embedded/hardware_files.h"
#include "spec/json_fields.h"

namespace redline::planner {

template <typename Visitor, typename T>
requires std::same_as<std::remove_const_t<T>, AttentionEfficiency>
void VisitFields(Visitor& visit, T& value) {
  visit("prefill_flops", value.prefill_flops);
  visit("decode_bandwidth", value.decode_bandwidth);
  visit("decode_floor_us", value.decode_floor_us);
  visit("latent_decode_bandwidth", value.latent_decode_bandwidth);
  visit("latent_decode_flops", value.latent_decode_flops);
  visit("latent_decode_floor_us", value.latent_decode_floor_us);
  visit("latent_prefill_flops", value.latent_prefill_flops);
  visit("sparse_prefill_flops", value.sparse_prefill_flops);
  visit("sparse_decode_flops", value.sparse_decode_flops);
  visit("sparse_decode_bandwidth", value.sparse_decode_bandwidth);
  visit("sparse_decode_floor_us", value.sparse_decode_floor_us);
  visit("indexer_prefill_flops", value.indexer_prefill_flops);
  visit("indexer_bandwidth", value.indexer_bandwidth);
  visit("indexer_select_ns", value.indexer_select_ns);
  visit("linear_floor_us", value.linear_floor_us);
  visit("linear_bandwidth", value.linear_bandwidth);
}

template <typename Visitor, typename T>
requires std::same_as<std::remove_const_t<T>, CurveAxis>
void VisitFields(Visitor& visit, T& value) {
  visit("name", value.name);
  visit("knots", value.knots);
}

// A value is kept in thousandths, which is a tenth of a percent of time.
struct WrittenCurve {
  std::string op;
  std::string engine;
  std::string version;
  std::string dtype;
  std::vector<CurveAxis> axes;
  std::vector<int64_t> log_ratio_thousandths;
  int64_t num_measured = 0;
  double median_error = 0;
  double p90_error = 0;
};

template <typename Visitor, typename T>
requires std::same_as<std::remove_const_t<T>, WrittenCurve>
void VisitFields(Visitor& visit, T& value) {
  visit("op", value.op);
  visit("engine", value.engine);
  visit("version", value.version);
  visit("dtype", value.dtype);
  visit("axes", value.axes);
  visit("log_ratio_thousandths", value.log_ratio_thousandths);
  visit("num_measured", value.num_measured);
  visit("median_error", value.median_error);
  visit("p90_error", value.p90_error);
}

struct WrittenKernelSet {
  std::string gpu;
  std::string source;
  AttentionEfficiency attention;
  std::vector<WrittenCurve> curves;
};

template <typename Visitor, typename T>
requires std::same_as<std::remove_const_t<T>, WrittenKernelSet>
void VisitFields(Visitor& visit, T& value) {
  visit("gpu", value.gpu);
  visit("source", value.source);
  visit("attention", value.attention);
  visit("curves", value.curves);
}

namespace {

Curve CurveOf(WrittenCurve&& written) {
  Curve curve{.op = std::move(written.op),
              .engine = std::move(written.engine),
              .version = std::move(written.version),
              .dtype = std::move(written.dtype),
              .axes = std::move(written.axes),
              .num_measured = written.num_measured,
              .median_error = written.median_error,
              .p90_error = written.p90_error};
  curve.log_ratios.reserve(written.log_ratio_thousandths.size());
  for (const int64_t value : written.log_ratio_thousandths) {
    curve.log_ratios.push_back(static_cast<double>(value) / 1000);
  }
  return curve;
}

WrittenCurve WrittenOf(const Curve& curve) {
  const auto rounded = [](double value) { return std::round(value * 1e4) / 1e4; };
  WrittenCurve written{.op = curve.op,
                       .engine = curve.engine,
                       .version = curve.version,
                       .dtype = curve.dtype,
                       .axes = curve.axes,
                       .num_measured = curve.num_measured,
                       .median_error = rounded(curve.median_error),
                       .p90_error = rounded(curve.p90_error)};
  for (const double value : curve.log_ratios) {
    written.log_ratio_thousandths.push_back(std::llround(value * 1000));
  }
  return written;
}

// "0.5.6.post2" as 0, 5, 6, 2: enough to say which versions are near.
double VersionNumber(std::string_view version) {
  double number = 0;
  double scale = 1;
  int part = -1;  // none has begun
  for (const char letter : version) {
    if (letter >= '0' && letter <= '9' && part < 1000) {
      part = std::max(part, 0) * 10 + (letter - '0');
    } else if (part >= 0) {
      number += part * scale;
      scale /= 1000;
      part = -1;
    }
  }
  return number + std::max(part, 0) * scale;
}

std::vector<KernelSet> ReadEmbedded() {
  std::vector<KernelSet> sets;
  for (const EmbeddedFile& file : embedded::hardware_files()) {
    if (!file.path.starts_with("kernels/")) continue;
    auto kernels = KernelSetFromJson(file.data);
    if (kernels.ok()) sets.push_back(std::move(*kernels));  // a test reads them all
  }
  return sets;
}

}  // namespace

const Curve* KernelSet::Find(std::string_view op, std::string_view engine, std::string_view version,
                             std::string_view dtype) const {
  const double wanted = VersionNumber(version);
  const Curve* best = nullptr;
  double best_distance = 0;
  for (const Curve& curve : curves) {
    if (curve.op != op || curve.dtype != dtype) continue;
    const double distance =
        std::abs(VersionNumber(curve.version) - wanted) + (curve.engine == engine ? 0 : 1e6);
    if (best != nullptr && distance >= best_distance) continue;
    best = &curve;
    best_distance = distance;
  }
  return best;
}

Result<KernelSet> KernelSetFromJson(std::string_view text) {
  if (text.size() > kMaxKernelSetBytes) {
    return Status(Code::kTooLarge, fmt::format("kernel curves: {} bytes; at most {}", text.size(),
                                               kMaxKernelSetBytes));
  }
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (json.is_discarded()) return InvalidArgument("kernel curves: not JSON");
  RL_ASSIGN_OR_RETURN(auto written,
                      spec::FieldsFromJson<WrittenKernelSet>(json, spec::UnknownKeys::kRefuse));
  KernelSet kernels{.gpu = std::move(written.gpu),
                    .source = std::move(written.source),
                    .attention = written.attention};
  for (WrittenCurve& curve : written.curves) {
    kernels.curves.push_back(CurveOf(std::move(curve)));
    RL_RETURN_IF_ERROR(ValidateCurve(kernels.curves.back()));
    TakeLogarithms(kernels.curves.back().axes);
  }
  return kernels;
}

std::string ToJson(const KernelSet& kernels) {
  WrittenKernelSet written{
      .gpu = kernels.gpu, .source = kernels.source, .attention = kernels.attention};
  for (const Curve& curve : kernels.curves) written.curves.push_back(WrittenOf(curve));
  auto json = spec::FieldsToJson(written);
  // One line a curve: readable, and small.
  std::string text = "{\"gpu\": " + json["gpu"].dump() + ",\n\"source\": " + json["source"].dump() +
                     ",\n\"attention\": " + json["attention"].dump() + ",\n\"curves\": [";
  const char* separator = "\n";
  for (const auto& curve : json["curves"]) {
    text += separator + curve.dump();
    separator = ",\n";
  }
  return text + "\n]}\n";
}

KernelsOfGpu FindKernelSet(std::string_view gpu) {
  static const std::vector<KernelSet> sets = ReadEmbedded();
  const KernelSet* fallback = nullptr;
  for (const KernelSet& kernels : sets) {
    if (kernels.gpu == gpu) return {.kernels = &kernels, .is_own = true};
    if (kernels.gpu == "H200") fallback = &kernels;
  }
  return {.kernels = fallback, .is_own = false};
}

}  // namespace redline::planner
