#include "lab/metrics/validity.h"

#include <fmt/format.h>

#include <algorithm>

namespace redline::lab {
namespace {

using Reason = std::optional<std::string>;

constexpr double kMostCpuShare = 0.7;
constexpr double kLeastHeadroom = 1.5;
constexpr double kMostErrorShare = 0.01;
constexpr double kMostLagOfTtft = 0.01;
constexpr double kMostDelayOfGap = 0.5;
constexpr double kMostSeenShare = 0.05;
constexpr int64_t kMostTemplateTokens = 64;
constexpr double kLagFloorMs = 1.0;  // a lag below it never matters

double ShareOf(int64_t part, int64_t whole) {
  return whole <= 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

// The most a client's own lateness may be: 1% of the mean TTFT, or 1 ms where that is more.
double AllowedLagMs(const LoadHealth& health) {
  return std::max(kLagFloorMs, kMostLagOfTtft * health.ttft_mean_ms);
}

Reason ClientBusy(const LoadHealth& health) {
  if (health.client_cpu_share_max <= kMostCpuShare) return std::nullopt;
  return fmt::format(
      "a client thread used {:.0f}% of its core (limit {:.0f}%): give the client more threads or a "
      "machine of its own",
      health.client_cpu_share_max * 100, kMostCpuShare * 100);
}

Reason NoHeadroom(const LoadHealth& health) {
  if (health.headroom < 0 || health.headroom >= kLeastHeadroom) return std::nullopt;
  return fmt::format(
      "the client managed only {:.2f} times this load against the built-in mock (limit {:.1f}): "
      "use a faster or quieter machine",
      health.headroom, kLeastHeadroom);
}

Reason ScheduleSlipped(const LoadHealth& health) {
  if (health.schedule_lag_p99_ms <= AllowedLagMs(health)) return std::nullopt;
  return fmt::format(
      "requests were sent late: p99 {:.2f} ms after their time (limit {:.2f} ms): lower --rate or "
      "give the client more threads",
      health.schedule_lag_p99_ms, AllowedLagMs(health));
}

// Bytes have the kernel's time of arrival, so a delay alone changes no latency; but events that
// come while the client is away have one time stamp, and gaps between them are lost.
Reason ReadLate(const LoadHealth& health) {
  const double allowed_ms = std::max(AllowedLagMs(health), kMostDelayOfGap * health.gap_mean_ms);
  if (health.read_delay_p99_ms <= allowed_ms) return std::nullopt;
  return fmt::format(
      "answers waited to be read: p99 {:.2f} ms (limit {:.2f} ms): the client's machine is busy",
      health.read_delay_p99_ms, allowed_ms);
}

Reason UsageMismatch(const LoadHealth& health) {
  if (health.num_usage_mismatch == 0) return std::nullopt;
  return fmt::format(
      "the usage of {} of {} answers contradicts what was asked or what came: token figures cannot "
      "be trusted",
      health.num_usage_mismatch, health.num_sent);
}

Reason TooManyErrors(const LoadHealth& health) {
  const double share = ShareOf(health.num_failed, health.num_sent);
  if (share <= kMostErrorShare) return std::nullopt;
  return fmt::format("{} of {} requests failed ({:.1f}%, limit {:.0f}%): see outcomes",
                     health.num_failed, health.num_sent, share * 100, kMostErrorShare * 100);
}

Reason NotAllSent(const LoadHealth& health) {
  if (health.num_not_sent == 0) return std::nullopt;
  return fmt::format("{} of {} planned requests were never sent: the run ended first",
                     health.num_not_sent, health.num_planned);
}

Reason NothingAnswered(const LoadHealth& health) {
  if (health.num_sent > health.num_failed) return std::nullopt;
  return "no request was answered";
}

// A prompt seen by the server in an earlier run costs it almost nothing. What a chat template puts
// before every prompt is also found again.
Reason SeenBefore(const LoadHealth& health) {
  if (health.num_shared_tokens < 0) return std::nullopt;
  const int64_t found = health.num_cached_tokens - health.num_shared_tokens;
  const double allowed =
      kMostSeenShare * static_cast<double>(health.num_prompt_tokens) +
      static_cast<double>(kMostTemplateTokens * (health.num_sent - health.num_failed));
  if (static_cast<double>(found) <= allowed) return std::nullopt;
  return fmt::format(
      "the server had {} of {} prompt tokens in its prefix cache, and requests of this run share "
      "{}: "
      "it has seen these prompts before, so this is no measure of prompts that are new: take "
      "another "
      "--seed, or restart the server",
      health.num_cached_tokens, health.num_prompt_tokens, health.num_shared_tokens);
}

}  // namespace

const std::vector<ValidityRule>& ValidityRules() {
  static const std::vector<ValidityRule> rules = {
      {"client_busy", true, ClientBusy},           {"no_headroom", false, NoHeadroom},
      {"schedule_slipped", true, ScheduleSlipped}, {"read_late", true, ReadLate},
      {"usage_mismatch", false, UsageMismatch},    {"too_many_errors", false, TooManyErrors},
      {"not_all_sent", false, NotAllSent},         {"nothing_answered", false, NothingAnswered},
      {"seen_before", false, SeenBefore}};
  return rules;
}

std::string ClientDisturbance(const LoadHealth& health) {
  for (const ValidityRule& rule : ValidityRules()) {
    const Reason reason = rule.is_of_client ? rule.broken(health) : std::nullopt;
    if (reason) return fmt::format("{}: {}", rule.name, *reason);
  }
  return "";
}

std::vector<std::string> InvalidReasons(const LoadHealth& health) {
  std::vector<std::string> reasons;
  for (const ValidityRule& rule : ValidityRules()) {
    if (const Reason reason = rule.broken(health))
      reasons.push_back(fmt::format("{}: {}", rule.name, *reason));
  }
  return reasons;
}

}  // namespace redline::lab
