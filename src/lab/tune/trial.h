// What one run of one configuration came to. Plain values with their JSON form.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace redline::lab {

// Why a configuration gave no figures. Each is a result: the run goes on.
enum class TrialFault {
  kNone,
  kRefused,     // the engine would refuse its arguments: known before a start
  kDoesNotFit,  // in memory: known before a start
  kCrashedAtLoad,
  kHungAtLoad,  // alive, and not ready in time
  kPortTaken,   // something else listens where it wanted to, again and again
  kCrashedInRun,
  kWrongAnswers,  // it answers something else than the baseline does
  kInvalid,       // requests failed, or the client was disturbed: its figures mean nothing
};
std::string_view NameOf(TrialFault fault);  // "crashed_at_load"
Result<TrialFault> TrialFaultFromName(std::string_view name);

struct TrialRun {
  TrialFault fault = TrialFault::kNone;
  std::string reason;                     // of a fault, for people
  std::map<std::string, double> figures;  // "total_tps", "ttft_ms.p99": as docs/metrics.md
  double seconds = 0;        // all it took, the start included, on the machine it ran on
  double start_seconds = 0;  // of that, the engine's start; 0: it was up
  std::string result_file;   // of the whole measurement, within the report's folder; "": none
};
nlohmann::json ToJson(const TrialRun& run);
Result<TrialRun> TrialRunFromJson(const nlohmann::json& json);

// A greedy answer: what was said, and how sure of it the model was.
struct GuardToken {
  std::string text;
  double logprob = 0;                       // of this token
  std::map<std::string, double> likeliest;  // tokens with their log-probs, this one among them
};
struct GuardAnswer {
  std::string text;
  std::vector<GuardToken> tokens;  // empty: the server tells no log-probs
};
struct GuardRun {
  TrialFault fault = TrialFault::kNone;
  std::string reason;
  std::vector<GuardAnswer> answers;  // one for each of GuardPrompts()
  double seconds = 0;
  double start_seconds = 0;
};
nlohmann::json ToJson(const GuardRun& run);
Result<GuardRun> GuardRunFromJson(const nlohmann::json& json);

// A figure of a workload on a configuration, before it runs.
struct Forecast {
  double value = 0;  // of the goal's figure
  double low = 0;    // of the 80% band
  double high = 0;
  std::vector<double> shares;  // of the time by operation; their sum is 1; empty: not known
};

// What is known of a configuration without starting it.
struct Checked {
  TrialFault fault = TrialFault::kNone;  // kRefused, kDoesNotFit
  std::string reason;
  // Two of the same key would run the same: what the engine resolves to.
  std::string resolved;
  std::vector<std::string> notes;  // what the engine would change or warn of
};

}  // namespace redline::lab
