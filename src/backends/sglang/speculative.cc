// Speculative decoding. server_args.py: _handle_speculative_decoding.
#include <fmt/format.h>

#include <algorithm>

#include "backends/sglang/steps.h"

namespace redline::backends::sglang {
namespace {

constexpr int64_t kMaxRunningRequests = 48;

// Their checkpoints carry their own draft layers.
constexpr std::string_view kOwnDraft[] = {
    "DeepseekV32ForCausalLM",         "DeepseekV3ForCausalLM",   "Glm4MoeForCausalLM",
    "BailingMoeForCausalLM",          "BailingMoeV2ForCausalLM", "MistralLarge3ForCausalLM",
    "PixtralForConditionalGeneration"};

// auto_choose_speculative_params: those that draft 3 steps, 1 branch, 4 tokens; others 5, 4, 8.
constexpr std::string_view kShortDrafts[] = {
    "DeepseekV32ForCausalLM",  "DeepseekV3ForCausalLM",    "DeepseekV2ForCausalLM",
    "GptOssForCausalLM",       "Glm4MoeForCausalLM",       "BailingMoeForCausalLM",
    "BailingMoeV2ForCausalLM", "MistralLarge3ForCausalLM", "PixtralForConditionalGeneration"};

template <size_t kSize>
bool Contains(const std::string_view (&names)[kSize], std::string_view name) {
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

void CapRunningRequests(ServerArgs& args) {
  if (!args.IsNull("max_running_requests")) return;
  args.Set("max_running_requests", kMaxRunningRequests,
           "speculative decoding is limited to 48 requests unless --max-running-requests says "
           "otherwise");
  args.Warn(
      "Max running requests is reset to 48 for speculative decoding. You can override this by "
      "explicitly setting --max-running-requests.");
}

void SetOverlap(ServerArgs& args) {
  if (!args.EnvFlag("SGLANG_ENABLE_SPEC_V2")) {
    args.Set("disable_overlap_schedule", true, "speculation does not overlap scheduling");
    args.Warn(
        "Overlap scheduler is disabled because of using eagle3 or standalone speculative "
        "decoding.");
  } else if (args.Is("speculative_algorithm", "EAGLE")) {
    args.Set("disable_overlap_schedule", false, "SGLANG_ENABLE_SPEC_V2 overlaps scheduling");
    args.Warn(
        "Beta spec is enabled for eagle speculative decoding and overlap schedule is turned on.");
  }
}

void SetDraftModel(const std::string& architecture, ServerArgs& args) {
  if (!Contains(kOwnDraft, architecture)) return;
  if (args.IsNull("speculative_draft_model_path")) {
    const std::string rule = "the checkpoint has its own draft layers";
    args.Set("speculative_draft_model_path", args.Get("model_path"), rule);
    args.Set("speculative_draft_model_revision", args.Get("revision"), rule);
  } else if (architecture != "MistralLarge3ForCausalLM" &&
             architecture != "PixtralForConditionalGeneration") {
    args.Warn("DeepSeek MTP does not require setting speculative_draft_model_path.");
  }
}

Status SetDraftShape(const std::string& architecture, ServerArgs& args) {
  if (!args.IsNull("speculative_num_steps")) return OkStatus();
  if (!args.AllNull({"speculative_eagle_topk", "speculative_num_draft_tokens"}))
    return InvalidArgument(
        "--speculative-eagle-topk and --speculative-num-draft-tokens need "
        "--speculative-num-steps; give all three or none",
        "speculative_num_steps");
  const bool is_short =
      args.Is("speculative_algorithm", "STANDALONE") || Contains(kShortDrafts, architecture);
  const std::string rule = "the draft shape for this architecture";
  args.Set("speculative_num_steps", is_short ? 3 : 5, rule);
  args.Set("speculative_eagle_topk", is_short ? 1 : 4, rule);
  args.Set("speculative_num_draft_tokens", is_short ? 4 : 8, rule);
  return OkStatus();
}

Status CheckTree(const ServerArgs& args, bool fa3_is_good) {
  const bool is_good = args.Is("attention_backend", "flashinfer") ||
                       (fa3_is_good && args.Is("attention_backend", "fa3"));
  if (args.Int("speculative_eagle_topk") <= 1 || args.Int("page_size") <= 1 || is_good)
    return OkStatus();
  return InvalidArgument(
      fmt::format("--speculative-eagle-topk {} (a tree of drafts) with pages of {} gives wrong "
                  "results with {} attention; use top-k 1 or pages of 1",
                  args.Int("speculative_eagle_topk"), args.Int("page_size"),
                  args.Text("attention_backend")),
      "speculative_eagle_topk");
}

Status CheckDraftShape(ServerArgs& args) {
  // The engine compares None and ends with TypeError.
  if (args.IsNull("speculative_eagle_topk"))
    return InvalidArgument("--speculative-num-steps needs --speculative-eagle-topk, too",
                           "speculative_eagle_topk");
  const int64_t topk = args.Int("speculative_eagle_topk");
  const bool is_trtllm = args.AnyIs(
      {"attention_backend", "decode_attention_backend", "prefill_attention_backend"}, "trtllm_mha");
  if (is_trtllm && topk > 1)
    return InvalidArgument(
        fmt::format("trtllm_mha attention drafts with --speculative-eagle-topk 1 only, not {}",
                    topk),
        "speculative_eagle_topk");
  const int64_t chain = args.Int("speculative_num_steps") + 1;
  const bool fits = !args.IsNull("speculative_num_draft_tokens") &&
                    args.Int("speculative_num_draft_tokens") == chain;
  if (topk == 1 && !fits) {
    args.Warn(
        "speculative_num_draft_tokens is adjusted to speculative_num_steps + 1 when "
        "speculative_eagle_topk == 1");
    args.Set("speculative_num_draft_tokens", chain, "a chain has one token a step, and one more");
  }
  return CheckTree(args, /*fa3_is_good=*/true);
}

// EAGLE, EAGLE3, STANDALONE: a draft model.
Status HandleDraftModel(ServerArgs& args) {
  if (args.Is("speculative_algorithm", "STANDALONE") && args.Flag("enable_dp_attention"))
    return InvalidArgument("--speculative-algorithm STANDALONE does not work with DP attention",
                           "speculative_algorithm");
  CapRunningRequests(args);
  SetOverlap(args);
  if (args.Flag("enable_mixed_chunk")) {
    args.Set("enable_mixed_chunk", false, "speculation does not mix prefill into decoding");
    args.Warn("Mixed chunked prefill is disabled because of using eagle speculative decoding.");
  }
  RL_ASSIGN_OR_RETURN(const HfConfig config, args.ReadHfConfig());
  SetDraftModel(config.architecture(), args);
  RL_RETURN_IF_ERROR(SetDraftShape(config.architecture(), args));
  return CheckDraftShape(args);
}

Status HandleNgram(ServerArgs& args) {
  if (!args.Text("device").starts_with("cuda"))
    return InvalidArgument("--speculative-algorithm NGRAM needs a CUDA device",
                           "speculative_algorithm");
  CapRunningRequests(args);
  const std::string rule = "n-gram speculation";
  args.Set("disable_overlap_schedule", true, rule);
  args.Set("enable_mixed_chunk", false, rule);
  args.Set("speculative_eagle_topk", args.Get("speculative_ngram_max_bfs_breadth"), rule);
  if (args.IsNull("speculative_num_draft_tokens"))
    args.Set("speculative_num_draft_tokens", args.Get("speculative_ngram_max_match_window_size"),
             rule);
  args.Warn(
      "The overlap scheduler and mixed chunked prefill are disabled because of using ngram "
      "speculative decoding.");
  RL_RETURN_IF_ERROR(CheckTree(args, /*fa3_is_good=*/false));
  if (!args.Flag("enable_dp_attention")) return OkStatus();
  return InvalidArgument("--speculative-algorithm NGRAM does not work with DP attention",
                         "speculative_algorithm");
}

}  // namespace

Status HandleSpeculativeDecoding(ServerArgs& args) {
  if (!args.IsNull("speculative_draft_model_path") &&
      args.IsNull("speculative_draft_model_revision"))
    args.Set("speculative_draft_model_revision", "main", "the default");
  if (args.Is("speculative_algorithm", "NEXTN"))
    args.Set("speculative_algorithm", "EAGLE", "NEXTN is another name of EAGLE");
  if (args.IsOneOf("speculative_algorithm", {"EAGLE", "EAGLE3", "STANDALONE"}))
    return HandleDraftModel(args);
  if (args.Is("speculative_algorithm", "NGRAM")) return HandleNgram(args);
  return OkStatus();
}

}  // namespace redline::backends::sglang
