// Each engine's reader of its own resolved configuration; engine_settings.cc has their table.
#pragma once

#include <nlohmann/json.hpp>
#include <string_view>

#include "planner/engines/engine_settings.h"

namespace redline::planner {

Result<EngineSettings> SglangSettings(const nlohmann::json& resolved, const ModelShape& shape);
EngineSettings SglangDefaults(const ParallelLayout& layout, const ModelShape& shape);
Result<EngineSettings> VllmSettings(const nlohmann::json& resolved, const ModelShape& shape);
EngineSettings VllmDefaults(const ParallelLayout& layout, const ModelShape& shape);
Result<EngineSettings> TensorrtLlmSettings(const nlohmann::json& resolved, const ModelShape& shape);
EngineSettings TensorrtLlmDefaults(const ParallelLayout& layout, const ModelShape& shape);

// Fields of a resolved configuration, which the resolvers have checked; what is missing or of
// another type is the given default. `path` may have a group: "cache.block_size".
int64_t IntAt(const nlohmann::json& resolved, std::string_view path, int64_t otherwise);
double NumberAt(const nlohmann::json& resolved, std::string_view path, double otherwise);
bool BoolAt(const nlohmann::json& resolved, std::string_view path, bool otherwise);
std::string TextAt(const nlohmann::json& resolved, std::string_view path,
                   std::string_view otherwise);
std::vector<int64_t> IntsAt(const nlohmann::json& resolved, std::string_view path);

}  // namespace redline::planner
