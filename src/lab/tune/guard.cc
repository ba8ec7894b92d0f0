#include "lab/tune/guard.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

#include "base/strings.h"

namespace redline::lab {
namespace {

constexpr std::array<std::string_view, 8> kPrompts = {
    "What is the capital of France? Answer with one word.",
    "Write the numbers from one to ten, separated by commas.",
    "Name the four seasons of the year.",
    "What is 12 plus 30? Answer with the number alone.",
    "Translate 'good morning' into Spanish.",
    "List the days of the week, starting with Monday.",
    "What colour do you get when you mix blue and yellow?",
    "Finish the sentence: The sun rises in the",
};

// Why an answer is not the baseline's; nullopt: it is, as far as rounding goes.
std::optional<std::string> Difference(const GuardAnswer& baseline, const GuardAnswer& candidate) {
  double sum = 0;
  size_t common = 0;
  const size_t length = std::min(baseline.tokens.size(), candidate.tokens.size());
  while (common < length && baseline.tokens[common].text == candidate.tokens[common].text) {
    sum += std::abs(baseline.tokens[common].logprob - candidate.tokens[common].logprob);
    ++common;
  }
  if (common > 0 && sum / static_cast<double>(common) > kMostMeanDifference) {
    return fmt::format("log-probs differ by {:.2f} nats on average (at most {} may)",
                       sum / static_cast<double>(common), kMostMeanDifference);
  }
  if (common == length) return std::nullopt;
  const GuardToken& ours = baseline.tokens[common];
  const GuardToken& theirs = candidate.tokens[common];
  const auto found = ours.likeliest.find(theirs.text);
  if (found != ours.likeliest.end() && ours.logprob - found->second <= kMostDoubt)
    return std::nullopt;
  return fmt::format("says \"{}\" where the baseline, sure of it, says \"{}\" (token {})",
                     Excerpt(theirs.text, 24), Excerpt(ours.text, 24), common + 1);
}

std::optional<std::string> TextDifference(const GuardAnswer& baseline,
                                          const GuardAnswer& candidate) {
  if (baseline.text == candidate.text) return std::nullopt;
  return fmt::format("answers \"{}\" where the baseline answers \"{}\"",
                     Excerpt(candidate.text, 40), Excerpt(baseline.text, 40));
}

bool TellLogProbs(std::span<const GuardAnswer> answers) {
  return std::all_of(answers.begin(), answers.end(),
                     [](const GuardAnswer& answer) { return !answer.tokens.empty(); });
}

}  // namespace

std::span<const std::string_view> GuardPrompts() { return kPrompts; }

GuardVerdict CompareAnswers(std::span<const GuardAnswer> baseline,
                            std::span<const GuardAnswer> candidate) {
  if (baseline.size() != candidate.size() || baseline.empty()) {
    return {false, fmt::format("gave {} answers where the baseline gave {}", candidate.size(),
                               baseline.size())};
  }
  const bool has_log_probs = TellLogProbs(baseline) && TellLogProbs(candidate);
  size_t broken = 0;
  std::string first;
  for (size_t index = 0; index < baseline.size(); ++index) {
    const auto difference = has_log_probs ? Difference(baseline[index], candidate[index])
                                          : TextDifference(baseline[index], candidate[index]);
    if (!difference) continue;
    if (broken++ == 0) first = fmt::format("prompt {}: {}", index + 1, *difference);
  }
  const auto text_limit =
      static_cast<size_t>((1 - kLeastEqual) * static_cast<double>(baseline.size()));
  const bool agrees = broken <= (has_log_probs ? kMostBroken : text_limit);
  std::string reason = fmt::format("{} of {} answers agree with the baseline's",
                                   baseline.size() - broken, baseline.size());
  if (broken > 0) reason += "; " + first;
  return {agrees, std::move(reason)};
}

}  // namespace redline::lab
