#include "planner/cpu/cpu_calibration.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "spec/json_fields.h"
#include "spec/yaml.h"

namespace redline::planner {

template <typename Visitor, typename T>
requires std::same_as<std::remove_const_t<T>, CpuPoint>
void VisitFields(Visitor& visit, T& value) {
  visit("name", value.name);
  visit("input_tokens", value.input_tokens);
  visit("output_tokens", value.output_tokens);
  visit("num_requests", value.num_requests);
  visit("concurrency", value.concurrency);
  visit("ttft_ms", value.ttft_ms);
  visit("tpot_ms", value.tpot_ms);
  visit("duration_s", value.duration_s);
}

template <typename Visitor, typename T>
requires std::same_as<std::remove_const_t<T>, CpuCosts>
void VisitFields(Visitor& visit, T& value) {
  for (size_t index = 0; index < kNumCpuCosts; ++index) {
    visit(NameOf(static_cast<CpuCost>(index)).data(), value.us[index]);
  }
}

template <typename Visitor, typename T>
requires std::same_as<std::remove_const_t<T>, CpuCalibration>
void VisitFields(Visitor& visit, T& value) {
  visit("engine", value.engine);
  visit("version", value.version);
  visit("model", value.model);
  visit("cpu", value.cpu);
  visit("num_cpus", value.num_cpus);
  visit("measured_at", value.measured_at);
  visit("load_average", value.load_average);
  visit("arguments", value.arguments);
  visit("resolved", value.resolved);
  visit("microseconds", value.costs);
  visit("median_error", value.median_error);
  visit("p90_error", value.p90_error);
  visit("points", value.points);
}

namespace {

Status OutOfBounds(const std::string& field, const std::string& value, const std::string& bounds) {
  return InvalidArgument(fmt::format("calibration: {} is {}; it must be {}", field, value, bounds),
                         field);
}

Status CheckInt(const std::string& field, int64_t value, int64_t least, int64_t most) {
  if (value >= least && value <= most) return OkStatus();
  return OutOfBounds(field, fmt::format("{}", value), fmt::format("from {} to {}", least, most));
}

Status CheckDouble(const std::string& field, double value, double most) {
  if (value >= 0 && value <= most) return OkStatus();  // false for NaN, too
  return OutOfBounds(field, fmt::format("{}", value), fmt::format("from 0 to {}", most));
}

Status CheckPoint(const std::string& at, const CpuPoint& point) {
  constexpr double kMostMs = 1e8;
  RL_RETURN_IF_ERROR(CheckInt(at + ".input_tokens", point.input_tokens, 1, 1 << 20));
  RL_RETURN_IF_ERROR(CheckInt(at + ".output_tokens", point.output_tokens, 1, 1 << 20));
  RL_RETURN_IF_ERROR(CheckInt(at + ".num_requests", point.num_requests, 1, 10'000));
  RL_RETURN_IF_ERROR(CheckInt(at + ".concurrency", point.concurrency, 0, 10'000));
  RL_RETURN_IF_ERROR(CheckDouble(at + ".ttft_ms", point.ttft_ms, kMostMs));
  RL_RETURN_IF_ERROR(CheckDouble(at + ".tpot_ms", point.tpot_ms, kMostMs));
  return CheckDouble(at + ".duration_s", point.duration_s, kMostMs);
}

Status CheckCalibration(const CpuCalibration& calibration) {
  for (const auto& [name, text] :
       {std::pair("engine", &calibration.engine), std::pair("version", &calibration.version),
        std::pair("model", &calibration.model)}) {
    if (text->empty())
      return InvalidArgument(fmt::format("calibration: `{}` is missing", name), name);
  }
  RL_RETURN_IF_ERROR(CheckInt("num_cpus", calibration.num_cpus, 1, 1 << 20));
  for (size_t index = 0; index < kNumCpuCosts; ++index) {
    RL_RETURN_IF_ERROR(
        CheckDouble(fmt::format("microseconds.{}", NameOf(static_cast<CpuCost>(index))),
                    calibration.costs.us[index], 1e9));
  }
  RL_RETURN_IF_ERROR(CheckDouble("load_average", calibration.load_average, 1e6));
  RL_RETURN_IF_ERROR(CheckDouble("median_error", calibration.median_error, 1e6));
  RL_RETURN_IF_ERROR(CheckDouble("p90_error", calibration.p90_error, 1e6));
  RL_RETURN_IF_ERROR(
      CheckInt("points", static_cast<int64_t>(calibration.points.size()), 0, kMaxCpuPoints));
  for (size_t index = 0; index < calibration.points.size(); ++index) {
    RL_RETURN_IF_ERROR(CheckPoint(fmt::format("points[{}]", index), calibration.points[index]));
  }
  return OkStatus();
}

CpuPoint Load(std::string name, int64_t input, int64_t output, int64_t requests,
              int64_t concurrency = 0) {
  return {.name = std::move(name),
          .input_tokens = input,
          .output_tokens = output,
          .num_requests = requests,
          .concurrency = concurrency};
}

}  // namespace

Result<CpuCalibration> CpuCalibrationFromYaml(std::string_view text) {
  RL_ASSIGN_OR_RETURN(const auto json, spec::ParseYaml(text));
  RL_ASSIGN_OR_RETURN(CpuCalibration calibration,
                      spec::FieldsFromJson<CpuCalibration>(json, spec::UnknownKeys::kRefuse));
  RL_RETURN_IF_ERROR(CheckCalibration(calibration));
  return calibration;
}

// JSON is YAML; one key, cost and point a line.
std::string ToYaml(const CpuCalibration& calibration) {
  const auto json = spec::FieldsToJson(calibration);
  std::string text;
  for (const char* key : {"engine", "version", "model", "cpu", "num_cpus", "measured_at",
                          "load_average", "arguments", "resolved", "median_error", "p90_error"}) {
    text += fmt::format("{}: {}\n", key, json[key].dump());
  }
  text += "microseconds:\n";
  for (size_t index = 0; index < kNumCpuCosts; ++index) {
    text += fmt::format("  {}: {:.6g}\n", NameOf(static_cast<CpuCost>(index)),
                        calibration.costs.us[index]);
  }
  text += calibration.points.empty() ? "points: []\n" : "points:\n";
  for (const auto& point : json["points"]) text += fmt::format("- {}\n", point.dump());
  return text;
}

std::string CpuCalibrationFile(std::string_view engine, std::string_view version,
                               std::string_view model) {
  std::string name = fmt::format("{}@{}--{}.yaml", engine, version, model);
  std::replace(name.begin(), name.end(), '/', '_');
  return name;
}

spec::WorkloadSpec WorkloadOfPoint(const CpuPoint& point) {
  spec::WorkloadSpec workload;
  workload.name = "calibration";
  workload.input_tokens.mean = static_cast<double>(point.input_tokens);
  workload.output_tokens.mean = static_cast<double>(point.output_tokens);
  workload.num_requests = point.num_requests;
  workload.concurrency = point.concurrency;
  if (point.concurrency == 0) workload.arrivals.process = spec::ArrivalSpec::Process::kBurst;
  return workload;
}

std::vector<CpuPoint> CalibrationDesign(int64_t context_length) {
  std::vector<CpuPoint> design = {
      Load("one short", 32, 48, 1),       Load("one long", 2000, 24, 1),
      Load("decode 2", 32, 32, 2),        Load("decode 4", 32, 32, 4),
      Load("decode 8", 32, 32, 8),        Load("decode 16", 32, 32, 16),
      Load("decode 40", 24, 24, 40),      Load("decode 8 long", 400, 24, 8),
      Load("prompt 8", 8, 1, 1),          Load("prompt 64", 64, 1, 1),
      Load("prompt 256", 256, 1, 1),      Load("prompt 1000", 1000, 1, 1),
      Load("prompt 5000", 5000, 1, 1),    Load("prompts 24 x 32", 32, 1, 24),
      Load("prompts 6 x 400", 400, 1, 6), Load("mixed", 300, 24, 16, 4),
      Load("mixed 10", 120, 24, 24, 10),
  };
  std::erase_if(design, [&](const CpuPoint& point) {
    return point.input_tokens + point.output_tokens > context_length;
  });
  return design;
}

}  // namespace redline::planner
