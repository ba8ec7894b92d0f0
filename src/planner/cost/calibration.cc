#include "planner/cost/calibration.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "embedded/hardware_files.h"
#include "spec/json_fields.h"
#include "spec/yaml.h"

namespace redline::planner {

template <typename Visitor, typename T>
requires std::same_as<std::remove_const_t<T>, OpScales>
void VisitFields(Visitor& visit, T& value) {
  visit("gemm", value.gemm);
  visit("experts", value.experts);
  visit("communication", value.communication);
  visit("prefill", value.prefill);
  visit("prefill_attention", value.prefill_attention);
  visit("decode_attention", value.decode_attention);
}

template <typename Visitor, typename T>
requires std::same_as<std::remove_const_t<T>, EngineCalibration>
void VisitFields(Visitor& visit, T& value) {
  visit("engine", value.engine);
  visit("versions", value.versions);
  visit("model", value.model);
  visit("source", value.source);
  visit("num_runs", value.num_runs);
  visit("scales", value.scales);
  visit("decode_step_ms", value.decode_step_ms);
  visit("prefill_step_ms", value.prefill_step_ms);
  visit("prefill_layer_ms", value.prefill_layer_ms);
  visit("eager_layer_ms", value.eager_layer_ms);
  visit("first_token_ms", value.first_token_ms);
  visit("first_token_steps", value.first_token_steps);
  visit("frontend_ms", value.frontend_ms);
  visit("throughput_band", value.throughput_band);
  visit("ttft_band", value.ttft_band);
  visit("tpot_band", value.tpot_band);
}

namespace {

// Checks every number of a calibration, by name.
class DomainVisitor {
 public:
  explicit DomainVisitor(std::string context) : context_(std::move(context)) {}

  void operator()(const char* name, const double& value) {
    const bool is_scale = in_scales_;
    const double low = is_scale ? 0.01 : 0;
    const double high = is_scale ? 100 : 1e6;
    if (!status_.ok() || (value >= low && value <= high)) return;
    status_ = InvalidArgument(
        fmt::format("{}: {} is {}; it must be between {} and {}", context_, name, value, low, high),
        name);
  }
  void operator()(const char*, const OpScales& scales) {
    in_scales_ = true;
    VisitFields(*this, scales);
    in_scales_ = false;
  }
  template <typename T>
  void operator()(const char*, const T&) {}

  const Status& status() const { return status_; }

 private:
  std::string context_;
  bool in_scales_ = false;
  Status status_;
};

// How well an entry's versions fit: the length of the longest that begins `version`; 0: it is for
// any version; -1: it is for others.
int VersionMatch(const EngineCalibration& calibration, std::string_view version) {
  if (calibration.versions.empty()) return 0;
  int best = -1;
  for (const std::string& one : calibration.versions) {
    if (version.starts_with(one)) best = std::max(best, static_cast<int>(one.size()));
  }
  return best;
}

std::string ProvenanceOf(const EngineCalibration& calibration, bool is_own) {
  if (is_own) {
    return fmt::format("calibrated on {} runs of this engine: {}", calibration.num_runs,
                       calibration.source);
  }
  return fmt::format("calibrated on {} runs of another version or model: {}", calibration.num_runs,
                     calibration.source);
}

}  // namespace

Result<std::vector<EngineCalibration>> CalibrationsFromYaml(std::string_view text) {
  RL_ASSIGN_OR_RETURN(const auto json, spec::ParseYaml(text));
  if (!json.is_array()) return InvalidArgument("calibration: a list of engines was expected");
  std::vector<EngineCalibration> calibrations;
  for (size_t index = 0; index < json.size(); ++index) {
    auto one = spec::FieldsFromJson<EngineCalibration>(json[index], spec::UnknownKeys::kRefuse);
    const std::string context = fmt::format("calibration {}", index);
    if (!one.ok()) return one.status().WithContext(context);
    if (one->engine.empty()) return InvalidArgument(context + ": `engine` is missing", "engine");
    DomainVisitor visitor(context);
    VisitFields(visitor, std::as_const(*one));
    RL_RETURN_IF_ERROR(visitor.status());
    calibrations.push_back(std::move(*one));
  }
  return calibrations;
}

std::string ToYaml(const std::vector<EngineCalibration>& calibrations) {
  std::string text;
  for (const EngineCalibration& calibration : calibrations) {
    const auto json = spec::FieldsToJson(calibration);
    // JSON is YAML; one key a line, in the order of the fields.
    const char* indent = "- ";
    for (const char* key :
         {"engine", "versions", "model", "source", "num_runs", "scales", "decode_step_ms",
          "prefill_step_ms", "prefill_layer_ms", "eager_layer_ms", "first_token_ms",
          "first_token_steps", "frontend_ms", "throughput_band", "ttft_band", "tpot_band"}) {
      text += fmt::format("{}{}: {}\n", indent, key, json[key].dump());
      indent = "  ";
    }
  }
  return text;
}

FoundCalibration FindCalibration(const std::vector<EngineCalibration>& calibrations,
                                 std::string_view engine, std::string_view version,
                                 std::string_view model) {
  const EngineCalibration* best = nullptr;
  int best_score = 0;
  for (const EngineCalibration& one : calibrations) {
    if (one.engine != engine || (!one.model.empty() && one.model != model)) continue;
    // A version of its own counts more than a model of its own; another version's entry, if any,
    // is better than none.
    const int match = VersionMatch(one, version);
    const int score = 1 + (match < 0 ? 0 : 4 + 4 * match) + (one.model.empty() ? 0 : 2);
    if (score <= best_score) continue;
    best = &one;
    best_score = score;
  }
  FoundCalibration found;
  if (best == nullptr) {
    found.calibration.engine = engine;
    found.provenance = fmt::format("no measured run of {} is known: kernels alone", engine);
    return found;
  }
  found.calibration = *best;
  found.is_own = VersionMatch(*best, version) > 0;
  found.provenance = ProvenanceOf(*best, found.is_own);
  return found;
}

const std::vector<EngineCalibration>& BuiltInCalibrations() {
  static const std::vector<EngineCalibration> calibrations = [] {
    std::vector<EngineCalibration> all;
    for (const EmbeddedFile& file : embedded::hardware_files()) {
      if (!file.path.starts_with("calibration/")) continue;
      auto read = CalibrationsFromYaml(file.data);  // a test reads them all
      if (read.ok()) all.insert(all.end(), read->begin(), read->end());
    }
    return all;
  }();
  return calibrations;
}

}  // namespace redline::planner
