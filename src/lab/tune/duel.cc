#include "lab/tune/duel.h"

#include <fmt/format.h>

#include "lab/stats/ratio.h"

namespace redline::lab {

std::string RatioText(const DuelResult& duel) {
  if (duel.low == 0 && duel.high == 0) {
    return duel.ratio > 0
               ? fmt::format("x{:.2f} (no interval: {} round{})", duel.ratio,
                             duel.challenger.size(), duel.challenger.size() == 1 ? "" : "s")
               : "not measured";
  }
  return fmt::format("x{:.2f} ({:.2f} to {:.2f} at {:g}%, {} rounds)", duel.ratio, duel.low,
                     duel.high, duel.confidence * 100, duel.challenger.size());
}

void Judge(const DuelRules& rules, DuelResult& duel) {
  duel.verdict = DuelVerdict::kNoDifferenceShown;
  duel.confidence = rules.confidence;
  const auto interval = PairedRatio(duel.incumbent, duel.challenger, rules.confidence);
  if (!interval) {
    if (!duel.incumbent.empty() && duel.incumbent.back() > 0)
      duel.ratio = duel.challenger.back() / duel.incumbent.back();
    duel.reason = "too few rounds: " + RatioText(duel);
    return;
  }
  duel.ratio = interval->ratio;
  duel.low = interval->low;
  duel.high = interval->high;
  if (interval->low > 1) duel.verdict = DuelVerdict::kBetter;
  if (interval->high < 1) duel.verdict = DuelVerdict::kWorse;
  switch (duel.verdict) {
    case DuelVerdict::kBetter:
      duel.reason = "faster: " + RatioText(duel);
      break;
    case DuelVerdict::kWorse:
      duel.reason = "slower: " + RatioText(duel);
      break;
    default:
      duel.reason = fmt::format("no difference shown: {}; these rounds would find {:.0f}%",
                                RatioText(duel), interval->detectable * 100);
  }
}

bool WantsAnotherRound(const DuelRules& rules, const DuelResult& duel) {
  const auto rounds = static_cast<int64_t>(duel.challenger.size());
  if (rounds >= rules.most_rounds) return false;
  if (rounds < rules.least_rounds || !rules.stops_early) return true;
  if (duel.verdict != DuelVerdict::kNoDifferenceShown) return false;
  // It may still be better by what counts.
  return duel.high >= 1 + rules.effect || duel.high == 0;
}

}  // namespace redline::lab
