// Whether a configuration still says what it should: greedy answers to fixed prompts, held against
// the baseline's. Fast and wrong is wrong.
//
// Kernels and formats round differently, so texts need not be equal. Up to where two answers part,
// the log-probs of what both said may differ by kMostMeanDifference on average; where they part,
// the baseline itself must have been in doubt: the other's token is within kMostDoubt nats of its
// own best. Where a server tells no log-probs, kLeastEqual of the answers must be equal.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lab/tune/trial.h"

namespace redline::lab {

inline constexpr double kMostMeanDifference = 0.35;  // nats
inline constexpr double kMostDoubt = 1.5;            // nats
inline constexpr double kLeastEqual = 0.75;          // of the answers
// Answers that may break a rule: one prompt on a knife's edge is no proof.
inline constexpr size_t kMostBroken = 1;
inline constexpr int kGuardTokens = 24;  // of an answer

// Questions whose answers are short and not open.
std::span<const std::string_view> GuardPrompts();

struct GuardVerdict {
  bool agrees = true;
  // "7 of 8 answers agree with the baseline's; ...", or what differs first, with both texts.
  std::string reason;
};
// Pure. Of unequal numbers of answers the rest is wrong.
GuardVerdict CompareAnswers(std::span<const GuardAnswer> baseline,
                            std::span<const GuardAnswer> candidate);

}  // namespace redline::lab
