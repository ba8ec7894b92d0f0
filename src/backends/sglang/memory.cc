// The memory rule: chunk and CUDA graph sizes from the GPU's memory, and from those the share of it
// that weights and KV cache get. server_args.py: _handle_gpu_memory_settings.
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "backends/sglang/steps.h"

namespace redline::backends::sglang {
namespace {

using nlohmann::json;

struct MemoryClass {
  double below_mib;  // GPUs with less memory than this
  int64_t chunked_prefill_size;
  int64_t cuda_graph_max_bs;       // tp_size below 4
  int64_t cuda_graph_max_bs_tp_4;  // tp_size of 4 and more
};

constexpr MemoryClass kMemoryClasses[] = {{20 * 1024, 2048, 8, 8},
                                          {35 * 1024, 2048, 24, 80},
                                          {60 * 1024, 4096, 32, 160},
                                          {90 * 1024, 8192, 256, 512},
                                          {160 * 1024, 8192, 256, 512}};
constexpr MemoryClass kLargestClass = {0, 16384, 512, 512};
constexpr MemoryClass kUnknownMemory = {0, 4096, 160, 160};

// Longer lists of CUDA graphs cannot be captured, and are not built here.
constexpr int64_t kMostGraphs = 1 << 16;

double GpuMemoryMib(const ServerArgs& args) {
  return static_cast<double>(args.hardware().gpu_memory_mib);
}

const MemoryClass& ClassOf(const ServerArgs& args) {
  if (!args.IsCuda()) return kUnknownMemory;
  for (const MemoryClass& each : kMemoryClasses)
    if (GpuMemoryMib(args) < each.below_mib) return each;
  return kLargestClass;
}

struct Range {
  int64_t first;
  int64_t last;  // inclusive
  int64_t step;
};

json Sizes(std::initializer_list<Range> ranges, int64_t largest) {
  json sizes = json::array();
  for (const Range& range : ranges)
    for (int64_t size = range.first; size <= std::min(range.last, largest); size += range.step)
      sizes.push_back(size);
  return sizes;
}

// _generate_cuda_graph_batch_sizes
json GraphBatchSizes(const ServerArgs& args) {
  const int64_t largest = args.Int("cuda_graph_max_bs");
  if (args.Flag("disable_cuda_graph_padding")) return Sizes({{1, largest, 1}}, largest);
  if (args.IsNull("speculative_algorithm"))
    return Sizes({{1, 2, 1}, {4, 12, 4}, {16, 256, 8}, {272, 511, 16}, {512, largest, 32}},
                 largest);
  return Sizes({{1, 8, 1}, {10, 32, 2}, {40, 64, 4}, {72, 256, 8}, {272, largest, 16}}, largest);
}

// _generate_piecewise_cuda_graph_tokens
json PiecewiseTokens(int64_t largest) {
  return Sizes({{4, 32, 4}, {48, 256, 16}, {288, 512, 32}, {640, 4096, 128}, {4352, largest, 256}},
               largest);
}

Status SetGraphSizes(ServerArgs& args) {
  for (const std::string_view field : {"cuda_graph_max_bs", "piecewise_cuda_graph_max_tokens"}) {
    if (args.Int(field) > kMostGraphs)
      return InvalidArgument(fmt::format("{} {} cannot be captured; give {} or less", field,
                                         args.Int(field), kMostGraphs),
                             std::string(field));
  }
  if (args.IsNull("cuda_graph_bs")) {
    args.Set("cuda_graph_bs", GraphBatchSizes(args), "batch sizes up to cuda_graph_max_bs");
  } else {
    const json& sizes = args.Get("cuda_graph_bs");
    args.Set("cuda_graph_max_bs", *std::max_element(sizes.begin(), sizes.end()),
             "the largest of --cuda-graph-bs replaces --cuda-graph-max-bs");
  }
  if (args.IsNull("piecewise_cuda_graph_tokens"))
    args.Set("piecewise_cuda_graph_tokens",
             PiecewiseTokens(args.Int("piecewise_cuda_graph_max_tokens")),
             "token counts up to piecewise_cuda_graph_max_tokens");
  return OkStatus();
}

double DpAttentionMib(const ServerArgs& args) {
  if (!args.Flag("enable_dp_attention")) return 0;
  const double graphs = args.Number("cuda_graph_max_bs") * args.Number("dp_size");
  return graphs * 3 + (args.Number("cuda_graph_max_bs") > 300 ? graphs * 1.5 : 0);
}

double DraftModelMib(const ServerArgs& args) {
  if (args.IsNull("speculative_algorithm") || args.Is("speculative_algorithm", "NGRAM")) return 0;
  return args.Is("speculative_algorithm", "STANDALONE") ? 6 * 1024 : 2 * 1024;
}

// What is kept back for activations, CUDA graphs and draft models.
double ReservedMib(const ServerArgs& args) {
  const bool is_chunked = args.Number("chunked_prefill_size") > 0;
  const double prefill_tokens =
      args.Number(is_chunked ? "chunked_prefill_size" : "max_prefill_tokens");
  double reserved = 512 + std::max(prefill_tokens, 2048.0) * 1.5;
  reserved += args.Number("cuda_graph_max_bs") * 2;
  reserved += args.Number("tp_size") * args.Number("pp_size") / 8 * 1024;
  reserved += DpAttentionMib(args);
  if (GpuMemoryMib(args) > 60 * 1024) reserved = std::max(reserved, 10.0 * 1024);
  reserved += DraftModelMib(args);
  if (args.Flag("enable_piecewise_cuda_graph"))
    reserved += static_cast<double>(args.Int("piecewise_cuda_graph_max_tokens") / 4);
  return reserved;
}

// Python's round(value, 3).
double RoundedToThousandths(double value) {
  return std::strtod(fmt::format("{:.3f}", value).c_str(), nullptr);
}

// adjust_mem_fraction_for_vlm: a vision tower takes its part, judged against ViT-L/14.
void LeaveRoomForVision(ServerArgs& args) {
  const json& vision = args.model().config.Get("vision_config");
  if (!vision.is_object()) return;
  const auto number = [&](const char* key, double fallback) {
    const auto found = vision.find(key);
    return found != vision.end() && found->is_number() ? found->get<double>() : fallback;
  };
  const double hidden_size = number("hidden_size", 1024);
  const double complexity =
      number("num_hidden_layers", 24) * hidden_size * hidden_size / (24.0 * 1024 * 1024);
  const double factor = 0.95 * std::clamp(1.0 - 0.1 * (complexity - 1.0), 0.8, 1.05);
  args.Set("mem_fraction_static", args.Number("mem_fraction_static") * factor,
           "a vision tower needs memory, too");
}

Status SetMemoryFraction(ServerArgs& args) {
  if (!args.IsNull("mem_fraction_static")) return OkStatus();
  const double reserved = ReservedMib(args);
  const double fraction =
      args.IsCuda() ? RoundedToThousandths((GpuMemoryMib(args) - reserved) / GpuMemoryMib(args))
                    : 0.88;
  args.Set("mem_fraction_static", fraction,
           fmt::format("{} MiB of the GPU's {} are kept back for activations, CUDA graphs and "
                       "draft models",
                       reserved, args.hardware().gpu_memory_mib));
  RL_RETURN_IF_ERROR(args.EnsureModel());
  if (args.model().is_multimodal) LeaveRoomForVision(args);
  return OkStatus();
}

}  // namespace

Status HandleGpuMemorySettings(ServerArgs& args) {
  const MemoryClass& memory = ClassOf(args);
  const std::string rule = "the size for a GPU of this memory";
  if (args.IsNull("chunked_prefill_size"))
    args.Set("chunked_prefill_size", memory.chunked_prefill_size, rule);
  if (args.IsNull("cuda_graph_max_bs"))
    args.Set("cuda_graph_max_bs",
             args.Int("tp_size") < 4 ? memory.cuda_graph_max_bs : memory.cuda_graph_max_bs_tp_4,
             rule);
  RL_RETURN_IF_ERROR(SetGraphSizes(args));
  return SetMemoryFraction(args);
}

}  // namespace redline::backends::sglang
