#include "engine/bench/bench_json.h"

#include <nlohmann/json.hpp>

namespace redline::engine {
namespace {

using nlohmann::json;

json TimingJson(const Timing& timing) {
  return {{"median", timing.median},
          {"best", timing.best},
          {"worst", timing.worst},
          {"num_samples", timing.num_samples}};
}

json LimitJson(const MachineLimit& limit) {
  json object = {{"name", limit.name},
                 {"num_threads", limit.num_threads},
                 {"per_second", limit.PerSecond()},
                 {"median_per_second", limit.MedianPerSecond()},
                 {"spread", limit.timing.Spread()},
                 {"num_samples", limit.timing.num_samples},
                 {"unit", limit.name == "peak" ? "operations" : "bytes"}};
  if (limit.name != "peak") return object;
  object["isa"] = limit.isa;
  object["arithmetic"] = limit.arithmetic;
  return object;
}

json SpeedJson(const KernelSpeed& speed) {
  return {{"kernel", speed.kernel},
          {"operand", speed.operand},
          {"format", speed.format},
          {"rows", speed.rows},
          {"context", speed.context},
          {"count", speed.count},
          {"bytes", speed.bytes},
          {"operations", speed.operations},
          {"seconds", TimingJson(speed.timing)},
          {"bytes_per_second", speed.bytes / speed.timing.median},
          {"operations_per_second", speed.operations / speed.timing.median},
          {"bound", speed.bound},
          {"share_of_limit", speed.share_of_limit}};
}

}  // namespace

json ToJson(const MachineLimits& limits) {
  json all = json::array();
  for (const MachineLimit& limit : limits.all) all.push_back(LimitJson(limit));
  return {{"num_threads", limits.num_threads},
          {"l2_bytes", limits.caches.l2_bytes},
          {"last_level_cache_bytes", limits.caches.last_level_bytes},
          {"buffer_bytes", limits.buffer_bytes},
          {"limits", std::move(all)}};
}

json ToJson(const KernelBenchResult& result) {
  json kernels = json::array();
  for (const KernelSpeed& speed : result.kernels) kernels.push_back(SpeedJson(speed));
  return {{"model", result.model},
          {"isa", result.isa},
          {"seconds", result.seconds},
          {"machine", ToJson(result.limits)},
          {"kernels", std::move(kernels)}};
}

}  // namespace redline::engine
