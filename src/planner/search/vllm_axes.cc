// vLLM's axes. Sources of the flags: engine/arg_utils.py at 0.13.0.
#include <fmt/format.h>

#include "planner/search/engine_axes.h"

namespace redline::planner {
namespace {

Axis VllmLayouts(const SpaceQuestion& question) {
  Axis axis{.name = "layout", .values = {}};
  for (const int64_t tp : DivisorsOf(question.num_gpus)) {
    const int64_t dp = question.num_gpus / tp;
    AxisValue value{.label = fmt::format("tp {}", tp),
                    .words = {"--tensor-parallel-size", std::to_string(tp)}};
    if (dp > 1) {
      value.label += fmt::format(", dp {}", dp);
      value.words.insert(value.words.end(), {"--data-parallel-size", std::to_string(dp)});
    }
    axis.values.push_back(value);
    if (!HasRoutedExperts(question.shape)) continue;
    value.label += fmt::format(", ep {}", question.num_gpus);
    value.words.push_back("--enable-expert-parallel");
    axis.values.push_back(value);
  }
  axis.num_coarse = axis.values.size();
  return axis;
}

Axis VllmDrafts() {
  Axis axis{.name = "speculation", .values = {DefaultValue()}};
  for (const int64_t drafts : {1, 3, 2}) {
    axis.values.push_back(
        {.label = fmt::format("{} drafts", drafts),
         .words = {"--speculative-config",
                   fmt::format(R"({{"method": "mtp", "num_speculative_tokens": {}}})", drafts)}});
  }
  axis.num_coarse = 3;
  return axis;
}

}  // namespace

std::vector<Axis> VllmAxes(const SpaceQuestion& question) {
  std::vector<Axis> axes = {
      VllmLayouts(question),
      FlagAxis("batched tokens", "--max-num-batched-tokens", {"4096", "16384", "32768"},
               {"1024", "2048", "65536"}),
      FlagAxis("running requests", "--max-num-seqs", {"128", "256"},
               {"16", "32", "64", "512", "2048"}),
      FlagAxis("memory fraction", "--gpu-memory-utilization", {"0.95"}, {"0.85", "0.92"}),
      SwitchAxis("no prefix cache", "--no-enable-prefix-caching")};
  axes.back().num_coarse = 1;
  if (question.has_fp8) axes.push_back(FlagAxis("KV cache", "--kv-cache-dtype", {"fp8"}));
  if (question.shape.prediction.num_layers > 0) axes.push_back(VllmDrafts());
  return axes;
}

}  // namespace redline::planner
