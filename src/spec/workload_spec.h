// WorkloadSpec: the requests that are sent to an engine, for the lab and the simulator alike. Read
// from YAML or JSON; the scenario's six have names (workload/presets.h).
//
//     name: chat-with-tools
//     input_tokens: 2000                       # or {distribution: lognormal, mean: 500, stddev:
//     300} output_tokens: {distribution: uniform, min: 50, max: 150} num_requests: 500 # default
//     100; with a dataset: all of it concurrency: 64                          # closed loop,
//     default 8 arrivals: {process: poisson, rate: 12.5}           # open loop instead; or
//     `arrivals: burst` prefix: {groups: 4, tokens: 512} sessions: {turns: 3, think_seconds: 2}
//     slo: {ttft_ms: 2000, tpot_ms: 80}                  # or a list of classes: slo_classes
//     dataset: {format: mooncake, path: trace.jsonl}     # then lengths default to the file's
//
// Needed are `name`, and `input_tokens` and `output_tokens` or a dataset.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace redline::spec {

// Limits of a workload. One request's lengths times the turns of a session still fit 31 bits.
inline constexpr int64_t kMaxRequests = 10'000'000;
inline constexpr int64_t kMaxLengthTokens = 1 << 21;
inline constexpr int64_t kMaxTurns = 256;

// How many tokens. Sampled values are rounded and clipped to [min, max].
struct LengthSpec {
  enum class Distribution {
    kFixed,      // mean
    kUniform,    // min..max
    kNormal,     // mean, stddev
    kLognormal,  // mean and stddev of the lengths themselves
    kShareGpt,   // shaped like ShareGPT's conversations (workload/lengths.h); mean, if any: scaled
    kDataset,    // as the dataset says
  };
  Distribution distribution = Distribution::kFixed;
  double mean = 0;
  double stddev = 0;
  int64_t min = 1;
  int64_t max = 1 << 20;
};

// When requests are sent.
struct ArrivalSpec {
  enum class Process {
    kClosed,    // `concurrency` in flight, the next when one ends
    kBurst,     // all at once ("request rate inf")
    kConstant,  // rate
    kPoisson,   // rate
    kGamma,     // rate; burstiness 1 is Poisson, below 1 comes in bursts (as vLLM's --burstiness)
    kRamp,      // Poisson, from rate to rate_end over the run
    kSteps,     // Poisson, each of `rates` for step_seconds; the last one goes on
    kTrace,     // the dataset's time stamps, sped up `speed` times
  };
  Process process = Process::kClosed;
  double rate = 0;  // requests per second
  double rate_end = 0;
  double burstiness = 1;
  std::vector<double> rates;
  double step_seconds = 0;
  double speed = 1;
};

// Requests that begin alike: request i begins with prefix i % groups.
struct PrefixSpec {
  int64_t groups = 0;  // 0: none
  int64_t tokens = 0;  // within input_tokens
};

// Conversations: each turn's prompt is all that came before and `input_tokens` more.
struct SessionSpec {
  int64_t turns = 1;
  double think_seconds = 0;  // mean of an exponential pause between turns
};

// Objectives for a share of the requests; 0: no objective.
struct SloClass {
  std::string name = "default";
  double share = 1;  // of the requests; the classes' shares add up to 1
  double ttft_ms = 0;
  double tpot_ms = 0;
  double e2e_ms = 0;
};

struct DatasetSpec {
  enum class Format { kNone, kAzure, kMooncake, kJsonl };
  Format format = Format::kNone;
  std::string path;
  double length_scale = 1;  // of the file's lengths, and of the blocks that its requests share
};

struct WorkloadSpec {
  std::string name;
  std::string description;
  LengthSpec input_tokens;
  LengthSpec output_tokens;
  int64_t num_requests = 0;  // 0: as many as the dataset has
  int64_t concurrency = 0;   // closed loop: in flight at once; open loop: the most, 0: no limit
  ArrivalSpec arrivals;
  PrefixSpec prefix;
  SessionSpec sessions;
  std::vector<SloClass> slo_classes;
  DatasetSpec dataset;
  double abort_share = 0;  // of the requests: their client leaves after abort_after_tokens
  int64_t abort_after_tokens = 0;
  bool ignore_eos = true;  // answers have their full length where the server knows how
  double temperature = 0;
};

// Names as in the files: "lognormal", "poisson", "mooncake".
std::string_view NameOf(LengthSpec::Distribution distribution);
std::string_view NameOf(ArrivalSpec::Process process);
std::string_view NameOf(DatasetSpec::Format format);
Result<LengthSpec::Distribution> DistributionFromName(std::string_view name);
Result<ArrivalSpec::Process> ProcessFromName(std::string_view name);
Result<DatasetSpec::Format> DatasetFormatFromName(std::string_view name);

// Every field's domain is checked, and a field that would change nothing is refused; the message
// names the field, the value and the remedy.
Result<WorkloadSpec> WorkloadFromYaml(std::string_view text);
Result<WorkloadSpec> WorkloadFromJson(std::string_view text);
std::string ToJson(const WorkloadSpec& spec);
// What both readers check last, for a spec that was changed since (by flags, say).
Status ValidateWorkload(const WorkloadSpec& spec);

}  // namespace redline::spec
