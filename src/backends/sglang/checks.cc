// server_args.py: check_server_args.
#include <fmt/format.h>

#include "backends/sglang/steps.h"

namespace redline::backends::sglang {
namespace {

Status CheckParallelism(const ServerArgs& args) {
  const auto num_ranks = static_cast<__int128>(args.Int("tp_size")) * args.Int("pp_size");
  const int64_t num_nodes = args.Int("nnodes");
  if (num_nodes == 0 || num_ranks % num_nodes != 0)
    return InvalidArgument(fmt::format("--tp-size x --pp-size, {}, must be a multiple of --nnodes "
                                       "{}",
                                       num_ranks, num_nodes),
                           "nnodes");
  const bool pipeline_is_plain = args.Flag("disable_overlap_schedule") &&
                                 args.IsNull("speculative_algorithm") &&
                                 !args.Flag("enable_mixed_chunk");
  if (args.Int("pp_size") > 1 && !pipeline_is_plain)
    return InvalidArgument(
        "--pp-size above 1 does not work with --speculative-algorithm or --enable-mixed-chunk",
        "pp_size");
  if (args.Int("dp_size") > 1 && num_nodes != 1 && !args.Flag("enable_dp_attention"))
    return InvalidArgument("--dp-size on several nodes needs --enable-dp-attention", "dp_size");
  return OkStatus();
}

Status CheckPlacement(const ServerArgs& args) {
  if (args.Int("base_gpu_id") < 0)
    return InvalidArgument("--base-gpu-id must be 0 or more", "base_gpu_id");
  if (args.Int("gpu_id_step") < 1)
    return InvalidArgument("--gpu-id-step must be 1 or more", "gpu_id_step");
  if (!args.IsNull("moe_dense_tp_size") && args.Int("moe_dense_tp_size") != 1)
    return InvalidArgument(
        fmt::format("--moe-dense-tp-size can only be 1, not {}", args.Int("moe_dense_tp_size")),
        "moe_dense_tp_size");
  if (args.Text("served_model_name").find(':') != std::string::npos)
    return InvalidArgument(
        "--served-model-name must not have a colon: NAME:ADAPTER names a LoRA "
        "adapter",
        "served_model_name");
  return OkStatus();
}

Status CheckChunks(const ServerArgs& args) {
  if (!args.IsNull("speculative_algorithm") && args.Flag("enable_mixed_chunk"))
    return InvalidArgument("--enable-mixed-chunk does not work with --speculative-algorithm",
                           "enable_mixed_chunk");
  const int64_t chunk = args.Int("chunked_prefill_size");
  const int64_t page = args.Int("page_size");
  if (chunk <= 0 || args.Is("disaggregation_mode", "decode")) return OkStatus();
  if (page != 0 && chunk % page == 0) return OkStatus();
  return InvalidArgument(
      fmt::format("a chunk of {} tokens per rank is no multiple of the page size {}; give another "
                  "--chunked-prefill-size (with DP attention it is divided by --dp-size)",
                  chunk, page),
      "chunked_prefill_size");
}

Status CheckMultiplexing(const ServerArgs& args) {
  if (!args.Flag("enable_pdmux")) return OkStatus();
  const std::pair<bool, std::string_view> needs[] = {
      {args.Int("pp_size") == 1, "--pp-size 1"},
      {args.Int("chunked_prefill_size") == -1, "--chunked-prefill-size -1"},
      {args.Is("disaggregation_mode", "null"), "--disaggregation-mode null"},
      {args.Flag("disable_overlap_schedule"), "--disable-overlap-schedule"}};
  for (const auto& [is_met, need] : needs) {
    if (!is_met)
      return InvalidArgument(fmt::format("--enable-pdmux needs {}", need), "enable_pdmux");
  }
  return OkStatus();
}

Status CheckMultiItemScoring(const ServerArgs& args) {
  if (args.IsNull("multi_item_scoring_delimiter")) return OkStatus();
  if (!args.Flag("disable_radix_cache"))
    return InvalidArgument("--multi-item-scoring-delimiter needs --disable-radix-cache",
                           "multi_item_scoring_delimiter");
  if (args.Int("chunked_prefill_size") != -1)
    return InvalidArgument("--multi-item-scoring-delimiter needs --chunked-prefill-size -1",
                           "multi_item_scoring_delimiter");
  return OkStatus();
}

Status CheckScheduling(const ServerArgs& args) {
  if (args.Int("tokenizer_worker_num") <= 0)
    return InvalidArgument("--tokenizer-worker-num must be 1 or more", "tokenizer_worker_num");
  RL_RETURN_IF_ERROR(CheckBuckets(args, "prompt_tokens_buckets"));
  RL_RETURN_IF_ERROR(CheckBuckets(args, "generation_tokens_buckets"));
  if (args.Flag("enable_priority_scheduling") && !args.IsOneOf("schedule_policy", {"fcfs", "lof"}))
    return InvalidArgument(fmt::format("--enable-priority-scheduling needs --schedule-policy fcfs "
                                       "or lof, not {}",
                                       args.Text("schedule_policy")),
                           "schedule_policy");
  RL_RETURN_IF_ERROR(CheckMultiItemScoring(args));
  if (args.Number("schedule_conservativeness") < 0)
    return InvalidArgument("--schedule-conservativeness must be 0 or more",
                           "schedule_conservativeness");
  if (args.Is("model_impl", "mindspore"))
    return InvalidArgument("--model-impl mindspore needs an Ascend device", "model_impl");
  return OkStatus();
}

}  // namespace

Status CheckServerArgs(ServerArgs& args) {
  RL_RETURN_IF_ERROR(CheckParallelism(args));
  RL_RETURN_IF_ERROR(CheckPlacement(args));
  RL_RETURN_IF_ERROR(CheckLoraServerArgs(args));
  RL_RETURN_IF_ERROR(CheckChunks(args));
  RL_RETURN_IF_ERROR(CheckMultiplexing(args));
  return CheckScheduling(args);
}

}  // namespace redline::backends::sglang
