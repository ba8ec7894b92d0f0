#include "lab/tune/cpu_axes.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/strings.h"
#include "planner/search/engine_axes.h"

namespace redline::lab {
namespace {

using planner::FlagAxis;
using planner::SwitchAxis;

std::vector<planner::Axis> NativeAxes(const CpuQuestion& question) {
  std::vector<planner::Axis> axes;
  if (question.num_cpus > 1) {
    axes.push_back(FlagAxis("layout", "--dp-size", {"2"}));
    axes.back().values[1].label = "2 ranks";
  }
  axes.push_back(FlagAxis("KV cache", "--kv-cache-dtype", {}, {"fp8_e4m3", "bf16"}));
  if (!question.kernels.empty()) {
    axes.push_back(FlagAxis("kernels", "--kernels", {}));
    planner::Axis& axis = axes.back();
    for (const std::string& name : question.kernels)
      axis.values.push_back({.label = name, .words = {"--kernels", name}});
    axis.num_coarse = axis.values.size();
  }
  axes.push_back(FlagAxis("chunked prefill", "--chunked-prefill-size", {"256", "1024", "2048"},
                          {"128", "4096"}));
  axes.push_back(
      FlagAxis("running requests", "--max-running-requests", {"16", "32"}, {"8", "128", "256"}));
  axes.push_back(FlagAxis("policy", "--schedule-policy", {}, {"lpm"}));
  axes.push_back(SwitchAxis("no prefix cache", "--disable-radix-cache"));
  axes.back().num_coarse = 1;
  axes.push_back(FlagAxis("speculation", "--speculative-algorithm", {}, {"NGRAM"}));
  return axes;
}

std::vector<planner::Axis> VllmCpuAxes(const CpuQuestion&) {
  std::vector<planner::Axis> axes = {
      FlagAxis("batched tokens", "--max-num-batched-tokens", {"2048", "8192"}, {"1024", "16384"}),
      FlagAxis("running requests", "--max-num-seqs", {"32"}, {"16", "64", "256"}),
      SwitchAxis("no prefix cache", "--no-enable-prefix-caching"),
      SwitchAxis("eager", "--enforce-eager")};
  for (planner::Axis& axis : axes) {
    if (axis.name == "no prefix cache" || axis.name == "eager") axis.num_coarse = 1;
  }
  return axes;
}

// Slots share the context, of which the platform gives kPoolTokens: more where each slot is to
// hold the longest request.
constexpr int64_t kPoolTokens = 32'768;
std::vector<planner::Axis> LlamaCppAxes(const CpuQuestion& question) {
  planner::Axis slots{.name = "slots", .values = {planner::DefaultValue()}, .num_coarse = 4};
  for (const int64_t number : {8, 16, 32, 2, 64}) {
    const int64_t context = std::max(kPoolTokens, number * (question.longest_request + 64));
    slots.values.push_back(
        {.label = std::to_string(number),
         .words = {"--parallel", std::to_string(number), "--ctx-size", std::to_string(context)}});
  }
  planner::Axis cache{.name = "KV cache",
                      .values = {planner::DefaultValue(),
                                 {.label = "q8_0",
                                  .words = {"--flash-attn", "on", "--cache-type-k", "q8_0",
                                            "--cache-type-v", "q8_0"}}},
                      .num_coarse = 1};
  return {std::move(slots), FlagAxis("step tokens", "--ubatch-size", {"1024", "2048"}, {"256"}),
          FlagAxis("flash attention", "--flash-attn", {"on"}, {"off"}), std::move(cache)};
}

struct CpuEngine {
  std::string_view name;
  std::vector<planner::Axis> (*axes)(const CpuQuestion& question);
};
constexpr std::array kCpuEngines = {CpuEngine{"native", NativeAxes}, CpuEngine{"vllm", VllmCpuAxes},
                                    CpuEngine{"llama_cpp", LlamaCppAxes}};

}  // namespace

Result<planner::SearchSpace> CpuSpaceOf(std::string_view engine, const CpuQuestion& question) {
  const std::string_view name = engine.substr(0, engine.find('@'));
  for (const CpuEngine& each : kCpuEngines) {
    if (each.name != name) continue;
    return planner::SearchSpace{.engine = std::string(engine), .axes = each.axes(question)};
  }
  return Unimplemented(
      fmt::format("{} is not tuned on a CPU; native, vllm and llama_cpp are", Excerpt(engine)),
      "engines");
}

}  // namespace redline::lab
