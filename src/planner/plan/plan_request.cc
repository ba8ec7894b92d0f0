#include "planner/plan/plan_request.h"

#include <fmt/format.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "base/files.h"
#include "base/strings.h"
#include "planner/model/model_shape_reader.h"

namespace redline::planner {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kMaxConfigBytes = 4 << 20;

bool IsFile(const std::string& path) {
  std::error_code error;
  return fs::is_regular_file(path, error);
}

// A config.json, or the folder of one.
Result<KnownModel> ModelOfFile(const std::string& path) {
  RL_ASSIGN_OR_RETURN(const std::string text, ReadFile(path, kMaxConfigBytes));
  const fs::path folder = fs::path(path).parent_path();
  auto model = ModelOfConfig(folder.filename().empty() ? "model" : folder.filename().string(),
                             nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false));
  if (!model.ok()) return model.status().WithContext(Excerpt(path));
  return model;
}

// Each once: a search takes as long as its engines together.
Status CheckEngines(const std::vector<std::string>& engines) {
  std::set<std::string> seen;
  for (const std::string& engine : engines) {
    if (seen.insert(ToLower(engine)).second) continue;
    return InvalidArgument(
        fmt::format("engine \"{}\" is named twice: name it once", Excerpt(engine)), "engines");
  }
  return OkStatus();
}

}  // namespace

Result<KnownModel> ModelOfConfig(std::string name, nlohmann::json config) {
  if (!config.is_object()) {
    return InvalidArgument("no JSON object; a model's config.json is needed");
  }
  KnownModel model;
  model.name = std::move(name);
  model.config = std::move(config);
  RL_ASSIGN_OR_RETURN(model.shape, ModelShapeFromConfig(model.config));
  return model;
}

Result<KnownModel> ModelOfPlan(const std::string& name_or_path) {
  if (name_or_path.ends_with(".json") && IsFile(name_or_path)) return ModelOfFile(name_or_path);
  const std::string inside = (fs::path(name_or_path) / "config.json").string();
  if (IsFile(inside)) return ModelOfFile(inside);
  auto model = FindModel(name_or_path);
  if (model.ok()) return model;
  return Status(model.status().code(),
                model.status().message() + "; the path of a config.json will do, too", "model");
}

Status CheckOneNode(const HardwareSpec& hardware, std::string_view asked) {
  if (hardware.num_nodes <= 1) return OkStatus();
  return Unimplemented(
      fmt::format("hardware {}: a plan covers one node; ask for {}x{}, and run a copy on each",
                  Excerpt(asked), hardware.name, hardware.devices_per_node),
      "hardware");
}

void SetObjectives(double ttft_ms, double tpot_ms, spec::WorkloadSpec& workload) {
  if (ttft_ms <= 0 && tpot_ms <= 0) return;
  spec::SloClass slo;
  slo.ttft_ms = ttft_ms;
  slo.tpot_ms = tpot_ms;
  workload.slo_classes = {slo};
}

Status CheckPlanRequest(const PlanRequest& request) {
  RL_RETURN_IF_ERROR(spec::ValidateWorkload(request.workload));
  RL_RETURN_IF_ERROR(CheckEngines(request.options.engines));
  if (!request.is_given) {
    if (request.environment.empty()) return OkStatus();
    return InvalidArgument(
        "an environment belongs to a configuration of one's own: give its engine and arguments, "
        "too",
        "environment");
  }
  if (request.options.engines.size() == 1) return OkStatus();
  return InvalidArgument(
      "arguments of one's own need the one engine that they are for: --engine sglang, or "
      "\"engines\": [\"sglang\"]",
      "engines");
}

}  // namespace redline::planner
