#include "planner/search/fit_rules.h"

#include <fmt/format.h>

#include "base/strings.h"

namespace redline::planner {
namespace {

int64_t HeadsOf(const Attention& attention) {
  if (const auto* grouped = std::get_if<GroupedQueryAttention>(&attention)) {
    return grouped->num_heads;
  }
  if (const auto* latent = std::get_if<LatentAttention>(&attention)) return latent->num_heads;
  return std::get<LinearAttention>(attention).num_value_heads;
}

Status NotDivisible(std::string_view what, int64_t number, std::string_view by, int64_t ranks) {
  return InvalidArgument(fmt::format("the model has {} {}, which {} {} does not divide; choose a "
                                     "divisor",
                                     number, what, by, ranks),
                         "parallelism");
}

// The CUDA context, communication buffers and graphs.
constexpr double kFixedBytes = 1.5 * (1 << 30);

}  // namespace

Status CheckParallelism(const EngineSettings& settings, const ModelShape& shape) {
  const ParallelLayout& layout = settings.layout;
  for (const LayerGroup& group : shape.groups) {
    const int64_t heads = HeadsOf(group.attention);
    if (heads % layout.attention_tp != 0) {
      return NotDivisible("attention heads", heads, "tensor parallelism of the attention",
                          layout.attention_tp);
    }
    const auto* experts = std::get_if<MoeFfn>(&group.ffn);
    if (experts == nullptr) continue;
    // vLLM deals experts out unevenly where it has to.
    if (settings.engine != "vllm" && experts->num_experts % layout.expert_parallel != 0) {
      return NotDivisible("experts", experts->num_experts, "expert parallelism",
                          layout.expert_parallel);
    }
    if (experts->expert_intermediate_size % layout.ffn_tp != 0) {
      return NotDivisible("columns in an expert", experts->expert_intermediate_size,
                          "tensor parallelism of the experts", layout.ffn_tp);
    }
  }
  return OkStatus();
}

Status CheckHeadroom(const EnginePlan& plan, const ModelShape& shape) {
  const EngineSettings& settings = plan.settings;
  if (settings.counts_activations || settings.of_free) return OkStatus();
  int64_t reserved = 0;
  for (const MemoryLedger::Term& term : plan.ledger.terms) {
    if (term.name == "reserved") reserved = term.num_bytes;
  }
  const int64_t step_tokens =
      settings.step_token_budget > 0 ? settings.step_token_budget : settings.max_prefill_tokens;
  const auto own = static_cast<double>(step_tokens);
  const double all = own * static_cast<double>(settings.layout.attention_dp);
  // Hidden states several times over; those of all data-parallel ranks where they meet in the FFN.
  const auto hidden = static_cast<double>(shape.hidden_size);
  const double needed = 2 * 14 * hidden * own + 2 * 4 * hidden * all + kFixedBytes;
  if (static_cast<double>(reserved) >= needed) return OkStatus();
  return FailedPrecondition(
      fmt::format("the memory fraction {:.2f} leaves {} of a GPU; steps of {} tokens need about {}",
                  settings.memory_fraction, FormatBytes(static_cast<uint64_t>(reserved)),
                  step_tokens, FormatBytes(static_cast<uint64_t>(needed))));
}

}  // namespace redline::planner
