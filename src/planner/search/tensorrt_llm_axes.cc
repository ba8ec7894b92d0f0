// TensorRT-LLM's axes: the options of trtllm-serve at 1.2.0rc5 that its command line has; what only
// a file of options sets is not searched.
#include <fmt/format.h>

#include <algorithm>

#include "planner/search/engine_axes.h"

namespace redline::planner {
namespace {

Axis TensorrtLlmLayouts(const SpaceQuestion& question) {
  Axis axis{.name = "layout", .values = {}};
  for (const int64_t tp : DivisorsOf(question.num_gpus)) {
    std::vector<int64_t> expert_sizes = DivisorsOf(tp);
    std::reverse(expert_sizes.begin(), expert_sizes.end());
    for (const int64_t ep : expert_sizes) {
      if (ep > 1 && !HasRoutedExperts(question.shape)) continue;
      AxisValue value{.label = fmt::format("tp {}", tp),
                      .words = {"--tp_size", std::to_string(tp)}};
      if (ep > 1) {
        value.label += fmt::format(", ep {}", ep);
        value.words.insert(value.words.end(), {"--ep_size", std::to_string(ep)});
      }
      axis.values.push_back(std::move(value));
    }
  }
  axis.num_coarse = axis.values.size();
  return axis;
}

}  // namespace

std::vector<Axis> TensorrtLlmAxes(const SpaceQuestion& question) {
  return {
      TensorrtLlmLayouts(question),
      FlagAxis("step tokens", "--max_num_tokens", {"4096", "16384", "32768"}, {"2048", "65536"}),
      FlagAxis("running requests", "--max_batch_size", {"64", "128", "256", "512"},
               {"16", "32", "1024"}),
      FlagAxis("memory fraction", "--kv_cache_free_gpu_memory_fraction", {"0.95"}, {"0.8", "0.85"}),
      SwitchAxis("chunked prefill", "--enable_chunked_prefill")};
}

}  // namespace redline::planner
