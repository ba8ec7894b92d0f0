// Data parallelism, for attention above all, and pipelines.
#include <fmt/format.h>

#include "backends/sglang/steps.h"

namespace redline::backends::sglang {
namespace {

// Python's //.
int64_t FloorDivide(int64_t dividend, int64_t divisor) {
  const int64_t quotient = dividend / divisor;
  const bool rounds_up = dividend % divisor != 0 && (dividend < 0) != (divisor < 0);
  return rounds_up ? quotient - 1 : quotient;
}

}  // namespace

Status HandleDataParallelism(ServerArgs& args) {
  const int64_t dp_size = args.Int("dp_size");
  if (dp_size == 1) {
    const std::string rule = "one data-parallel rank is none: give --dp-size, too";
    args.Set("enable_dp_attention", false, rule);
    args.Set("enable_dp_lm_head", false, rule);
  }
  if (args.Flag("enable_dp_attention")) {
    if (dp_size == 0 || args.Int("tp_size") % dp_size != 0)
      return InvalidArgument(fmt::format("with DP attention --tp-size {} must be a multiple of "
                                         "--dp-size {}",
                                         args.Int("tp_size"), dp_size),
                             "dp_size");
    const std::string rule = "with DP attention each rank takes its part of a chunk";
    args.Set("schedule_conservativeness", args.Number("schedule_conservativeness") * 0.3,
             "with DP attention the scheduler admits more");
    args.Set("chunked_prefill_size", FloorDivide(args.Int("chunked_prefill_size"), dp_size), rule);
    args.Warn(
        fmt::format("DP attention is enabled. The chunked prefill size is adjusted to {} to "
                    "avoid MoE kernel issues. ",
                    args.Int("chunked_prefill_size")));
  }
  if (args.Flag("enable_dp_lm_head") && !args.Flag("enable_dp_attention"))
    return InvalidArgument("--enable-dp-lm-head needs --enable-dp-attention", "enable_dp_lm_head");
  return OkStatus();
}

Status HandlePipelineParallelism(ServerArgs& args) {
  if (args.Int("pp_size") <= 1) return OkStatus();
  args.Set("disable_overlap_schedule", true, "a pipeline does not overlap scheduling");
  args.Warn("Pipeline parallelism is incompatible with overlap schedule.");
  return OkStatus();
}

}  // namespace redline::backends::sglang
