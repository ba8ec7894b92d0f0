// One reader for each tool's result file; importer.cc is their registry. Include it in .cc files
// only.
#pragma once

#include <nlohmann/json.hpp>
#include <vector>

#include "base/status.h"
#include "lab/metrics/measurement.h"

namespace redline::lab {

bool LooksLikeVllm(const nlohmann::json& document);
Result<std::vector<Measurement>> FromVllm(const nlohmann::json& document);

// `lines`: the file's objects.
bool LooksLikeSglang(const nlohmann::json& line);
Result<std::vector<Measurement>> FromSglang(const std::vector<nlohmann::json>& lines);

bool LooksLikeGuidellm(const nlohmann::json& document);
Result<std::vector<Measurement>> FromGuidellm(const nlohmann::json& document);

bool LooksLikeAiperf(const nlohmann::json& document);
Result<std::vector<Measurement>> FromAiperf(const nlohmann::json& document);

}  // namespace redline::lab
