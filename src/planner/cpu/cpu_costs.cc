#include "planner/cpu/cpu_costs.h"

#include <algorithm>
#include <limits>

namespace redline::planner {
namespace {

constexpr std::array<std::string_view, kNumCpuCosts> kCostNames = {
    "step",       "row_to_4",    "row_to_16",      "row_to_64",      "row_to_256",
    "row_beyond", "sampled_row", "decode_context", "padded_context", "prefill_pair",
    "prompt",     "request",     "answer"};

// Where one row cost ends and the next begins.
constexpr std::array<double, kNumRowCosts + 1> kRowEnds = {
    0, 4, 16, 64, 256, std::numeric_limits<double>::infinity()};

double RowMicroseconds(const CpuCosts& costs, double rows) {
  double us = 0;
  for (size_t regime = 0; regime < kNumRowCosts; ++regime) {
    const double within =
        std::clamp(rows - kRowEnds[regime], 0.0, kRowEnds[regime + 1] - kRowEnds[regime]);
    us += within * costs.us[static_cast<size_t>(CpuCost::kRowTo4) + regime];
  }
  return us;
}

}  // namespace

std::string_view NameOf(CpuCost cost) { return kCostNames[static_cast<size_t>(cost)]; }

OperationTimes CpuStepCost::TimesOfRank(const RankStep& rank) const {
  OperationTimes times;
  if (rank.is_idle()) return times;
  const auto decodes = static_cast<double>(rank.decode_requests);
  const auto context = static_cast<double>(rank.decode_context_tokens) + decodes;
  double rows = decodes;
  double pairs = 0;
  double held = context;  // tokens in the cache, of all that take part in the step
  for (const PrefillChunk& chunk : rank.prefill) {
    const auto tokens = static_cast<double>(chunk.new_tokens);
    const auto prefix = static_cast<double>(chunk.prefix_tokens);
    rows += tokens;
    pairs += tokens * (prefix + (tokens + 1) / 2);
    held += prefix + tokens;
  }
  const double padded = decodes * held - context;
  times[Operation::kDenseFfn] = 1e-6 * RowMicroseconds(costs_, rows);
  times[Operation::kAttention] =
      1e-6 * (costs_[CpuCost::kDecodeContext] * context + costs_[CpuCost::kPaddedContext] * padded +
              costs_[CpuCost::kPrefillPair] * pairs);
  times[Operation::kHead] =
      1e-6 * costs_[CpuCost::kSampledRow] * static_cast<double>(rank.sampled_rows);
  times[Operation::kHost] =
      1e-6 * (costs_[CpuCost::kStep] +
              costs_[CpuCost::kPrompt] * static_cast<double>(rank.prefill.size()));
  return times;
}

OperationTimes CpuStepCost::TimesOf(std::span<const RankStep> ranks) const {
  OperationTimes slowest;
  for (const RankStep& rank : ranks) {
    const OperationTimes times = TimesOfRank(rank);
    if (times.Total() > slowest.Total()) slowest = times;
  }
  return slowest;
}

double CpuStepCost::SecondsOf(std::span<const RankStep> ranks) const {
  return TimesOf(ranks).Total();
}

}  // namespace redline::planner
