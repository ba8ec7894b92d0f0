// What a plan is asked: model, hardware, workload, goal; however it was asked for.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "planner/hardware/hardware_spec.h"
#include "planner/predict/configure.h"
#include "planner/search/search.h"
#include "spec/workload_spec.h"

namespace redline::planner {

struct PlanRequest {
  std::string model_path;  // as it was typed: what the launch line names
  KnownModel model;
  HardwareSpec hardware;
  spec::WorkloadSpec workload;
  SearchOptions options;
  // A configuration of one's own: `options.engines` has its engine alone.
  bool is_given = false;
  std::vector<std::string> arguments;
  std::map<std::string, std::string> environment;
};

// The domains of what is typed as a number.
struct NumberRange {
  double low = 0;
  double high = 0;
};
inline constexpr NumberRange kSloTtftMs = {0.1, 1e8};
inline constexpr NumberRange kSloTpotMs = {0.01, 1e8};
inline constexpr NumberRange kSloShare = {0, 1};
inline constexpr NumberRange kUsdPerGpuHour = {0, 1e6};
inline constexpr int64_t kMostSeed = int64_t{1} << 53;

// A model that is known by name, or the path of a config.json or of its folder. Reads the file.
Result<KnownModel> ModelOfPlan(const std::string& name_or_path);
// The config.json itself; `name` is the model's.
Result<KnownModel> ModelOfConfig(std::string name, nlohmann::json config);
// kUnimplemented for several nodes: neither the layouts of the search nor the costs know links
// between nodes. `asked`: as it was typed.
Status CheckOneNode(const HardwareSpec& hardware, std::string_view asked);
// One objective for all requests in the place of the workload's own; 0: none. Both 0: its own stay.
void SetObjectives(double ttft_ms, double tpot_ms, spec::WorkloadSpec& workload);
// Whether what was given belongs together; the workload's own rules, too.
Status CheckPlanRequest(const PlanRequest& request);

}  // namespace redline::planner
