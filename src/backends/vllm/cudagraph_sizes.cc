#include "backends/vllm/cudagraph_sizes.h"

#include <fmt/format.h>

#include <algorithm>

namespace redline::backends::vllm {
namespace {

using nlohmann::json;

constexpr int64_t kLargestByDefault = 512;
constexpr std::string_view kSizesSource = "config/vllm.py: VllmConfig._set_cudagraph_sizes";

// Twice the tokens that all sequences decode in a step, within limits.
int64_t LargestSize(const EngineConfig& config) {
  const int64_t tokens = config.scheduler.max_num_batched_tokens;
  if (const auto asked = config.compilation.max_cudagraph_capture_size)
    return std::min(tokens, *asked);
  const int64_t per_sequence =
      1 + (config.speculative ? config.speculative->num_speculative_tokens : 0);
  int64_t decoded = 0;
  if (__builtin_mul_overflow(config.scheduler.max_num_seqs, 2 * per_sequence, &decoded))
    decoded = kLargestByDefault;
  return std::min(tokens, std::min(decoded, kLargestByDefault));
}

// The sizes asked for that a step can reach, in order and once each.
std::vector<int64_t> AskedSizes(std::vector<int64_t> sizes, int64_t max_num_tokens) {
  std::sort(sizes.begin(), sizes.end());
  sizes.erase(std::unique(sizes.begin(), sizes.end()), sizes.end());
  std::erase_if(sizes, [&](int64_t size) { return size > max_num_tokens; });
  return sizes;
}

// Sequence parallelism splits a batch over all GPUs of the group.
void KeepMultiples(const Context& context, const EngineConfig& config,
                   std::vector<int64_t>* sizes) {
  const int64_t group = config.parallel.tensor_parallel_size;
  const auto& passes = config.compilation.pass_config.passes;
  if (group <= 1 || passes.at("enable_sp") != true) return;
  if (std::erase_if(*sizes, [&](int64_t size) { return size % group != 0; }) > 0)
    context.notes->Warn(
        fmt::format("capture sizes that are no multiple of the tensor parallel size "
                    "{} are left out, because of sequence parallelism",
                    group));
}

Status CheckLargest(const Context& context, const CompilationConfig& asked, int64_t largest) {
  if (!asked.max_cudagraph_capture_size || *asked.max_cudagraph_capture_size == largest)
    return OkStatus();
  if (asked.cudagraph_capture_sizes)
    return InvalidArgument(fmt::format("max_cudagraph_capture_size is {}, but the largest of "
                                       "cudagraph_capture_sizes is {}; give one of the two",
                                       *asked.max_cudagraph_capture_size, largest),
                           "max_cudagraph_capture_size");
  context.notes->Warn(fmt::format("max_cudagraph_capture_size is lowered to {}", largest));
  return OkStatus();
}

Status CaptureNothing(EngineConfig* config) {
  config->compilation.max_cudagraph_capture_size = 0;
  config->compilation.cudagraph_capture_sizes = std::vector<int64_t>();
  return OkStatus();
}

}  // namespace

std::vector<int64_t> DefaultCaptureSizes(int64_t largest) {
  std::vector<int64_t> sizes;
  for (const int64_t size : {1, 2, 4})
    if (size <= largest) sizes.push_back(size);
  for (int64_t size = 8; size < std::min<int64_t>(largest + 1, 256); size += 8)
    sizes.push_back(size);
  for (int64_t size = 256; size <= largest; size += 16) sizes.push_back(size);
  return sizes;
}

Status SetCaptureSizes(const Context& context, EngineConfig* config) {
  CompilationConfig& compilation = config->compilation;
  if (config->model.enforce_eager || compilation.cudagraph_mode == "NONE")
    return CaptureNothing(config);
  const int64_t largest = LargestSize(*config);
  if (largest < 1)
    return InvalidArgument(fmt::format("max_cudagraph_capture_size is {}; with CUDA graphs it must "
                                       "be at least 1",
                                       largest),
                           "max_cudagraph_capture_size");
  const auto& asked = compilation.cudagraph_capture_sizes;
  if (asked && asked->empty())
    return InvalidArgument(
        "cudagraph_capture_sizes is empty; --enforce-eager switches CUDA graphs "
        "off",
        "cudagraph_capture_sizes");
  std::vector<int64_t> sizes = asked ? AskedSizes(*asked, config->scheduler.max_num_batched_tokens)
                                     : DefaultCaptureSizes(largest);
  KeepMultiples(context, *config, &sizes);
  const int64_t last = sizes.empty() ? 0 : sizes.back();
  RL_RETURN_IF_ERROR(CheckLargest(context, compilation, last));
  const auto& most = compilation.max_cudagraph_capture_size;
  context.notes->Rewrote("compilation.max_cudagraph_capture_size", most ? json(*most) : json(),
                         last, "the largest size that is captured", kSizesSource);
  context.notes->Rewrote("compilation.cudagraph_capture_sizes", asked ? json(*asked) : json(),
                         sizes, "the sizes that a step can reach", kSizesSource);
  compilation.max_cudagraph_capture_size = last;
  compilation.cudagraph_capture_sizes = std::move(sizes);
  return OkStatus();
}

}  // namespace redline::backends::vllm
