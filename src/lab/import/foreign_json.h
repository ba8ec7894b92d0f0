// Reading numbers from JSON that others wrote. Include it in .cc files only.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>

#include "lab/metrics/measurement.h"

namespace redline::lab {

// A finite number under a dotted path ("percentiles.p99"); nullopt: absent, null, or something
// else.
std::optional<double> NumberAt(const nlohmann::json& object, std::string_view path);
// A count under a path: 0 when absent or below, at most 10^15.
int64_t CountAt(const nlohmann::json& object, std::string_view path);
int64_t AsCount(double number);
std::string TextAt(const nlohmann::json& object, std::string_view key);

// Takes what is there.
void TakeValue(const nlohmann::json& object, std::string_view path, std::string_view metric,
               Summary& summary);

// A request count and a duration as every tool has them; kInvalidArgument when a number that must
// not be negative is.
Status CheckNotNegative(const Summary& summary);

// Puts `run` in the measurement as a repeat, marked invalid when requests failed or none was
// answered.
void AddRepeat(RunResult run, Measurement& measurement);

}  // namespace redline::lab
