// Whether a run says something about the server: rules in one table. A run that breaks one is
// INVALID, with the reason in the result; its numbers are still shown. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace redline::lab {

// What the load generator knows of itself and of how the run went. A negative share or time was not
// measured, and no rule applies to it.
struct LoadHealth {
  double client_cpu_share_max = -1;  // busiest client thread: CPU time / wall time
  double schedule_lag_p99_ms = -1;   // open loop: sent - intended
  double schedule_lag_max_ms = -1;
  double read_delay_p99_ms = -1;  // from the arrival of bytes in the kernel to their being read
  double headroom = -1;      // what the client did against the mock / what it did here, at least
  double ttft_mean_ms = -1;  // what the lag is compared with
  double gap_mean_ms = -1;   // between events of an answer: what the delay is compared with
  int64_t num_planned = 0;
  int64_t num_sent = 0;
  int64_t num_failed = 0;          // outcome neither ok nor aborted
  int64_t num_usage_mismatch = 0;  // part of num_failed
  int64_t num_not_sent = 0;
  int64_t num_prompt_tokens = 0;  // of answers whose usage tells of the prefix cache
  int64_t num_cached_tokens = 0;  // of them: found in the server's prefix cache
  // The most that requests of this run can have found of each other's prompts.
  int64_t num_shared_tokens = -1;
};

struct ValidityRule {
  const char* name;
  bool is_of_client;  // measured again, the run may keep it
  // The reason in words when the rule is broken.
  std::optional<std::string> (*broken)(const LoadHealth& health);
};

const std::vector<ValidityRule>& ValidityRules();
// The first broken rule that is about the client and its machine, not about the server; "": none.
std::string ClientDisturbance(const LoadHealth& health);
// One line per broken rule, beginning with its name; empty: the run is valid.
std::vector<std::string> InvalidReasons(const LoadHealth& health);

}  // namespace redline::lab
