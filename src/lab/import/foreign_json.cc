#include "lab/import/foreign_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace redline::lab {

using nlohmann::json;

std::optional<double> NumberAt(const json& object, std::string_view path) {
  const json* at = &object;
  while (!path.empty()) {
    const size_t dot = path.find('.');
    if (!at->is_object()) return std::nullopt;
    const auto found = at->find(std::string(path.substr(0, dot)));
    if (found == at->end()) return std::nullopt;
    at = &*found;
    path = dot == std::string_view::npos ? std::string_view() : path.substr(dot + 1);
  }
  if (!at->is_number()) return std::nullopt;
  const auto number = at->get<double>();
  return std::isfinite(number) ? std::optional(number) : std::nullopt;
}

int64_t AsCount(double number) { return static_cast<int64_t>(std::clamp(number, 0.0, 1e15)); }

int64_t CountAt(const json& object, std::string_view path) {
  return AsCount(NumberAt(object, path).value_or(0));
}

std::string TextAt(const json& object, std::string_view key) {
  if (!object.is_object()) return "";
  const auto found = object.find(std::string(key));
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

void TakeValue(const json& object, std::string_view path, std::string_view metric,
               Summary& summary) {
  if (const auto value = NumberAt(object, path)) summary.values[std::string(metric)] = *value;
}

Status CheckNotNegative(const Summary& summary) {
  const auto refuse = [](const std::string& name, double value) {
    return InvalidArgument(
        fmt::format("{} is {}: no such metric is negative; the file is damaged", name, value),
        name);
  };
  for (const auto& [name, value] : summary.values) {
    if (value < 0) return refuse(name, value);
  }
  for (const auto& [name, distribution] : summary.distributions) {
    for (const double value : {distribution.mean, distribution.p50, distribution.p99}) {
      if (value < 0) return refuse(name, value);
    }
  }
  return OkStatus();
}

void AddRepeat(RunResult run, Measurement& measurement) {
  const auto requests = run.summary.values.find("requests");
  if (requests != run.summary.values.end()) {
    run.health.num_sent = AsCount(requests->second) + run.health.num_failed;
    run.health.num_planned = run.health.num_sent;
    run.invalid_reasons = InvalidReasons(run.health);
    run.outcomes.push_back({"ok", AsCount(requests->second), ""});
  }
  if (run.health.num_failed > 0) run.outcomes.push_back({"failed", run.health.num_failed, ""});
  measurement.repeats.push_back(std::move(run));
}

}  // namespace redline::lab
