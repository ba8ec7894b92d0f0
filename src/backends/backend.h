// What Redline knows of an engine it drives. An engine is a folder here: its data (parameter
// schema, readiness, log markers, failure lines) and four small functions over them.
//
// Backends are immutable and live as long as the process; every method is thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "backends/parameter_schema.h"
#include "base/status.h"
#include "spec/deployment.h"
#include "spec/engine_config.h"
#include "spec/model_spec.h"

namespace redline::backends {

// When an engine counts as able to answer: this path answers with this status.
struct Readiness {
  std::string path = "/health";
  int status = 200;
  // A start that takes longer counts as failed.
  double start_timeout_seconds = 1800;
};

// A line of the engine's log that tells how far its start has come.
struct LogMarker {
  std::string text;   // found anywhere in a line
  std::string phase;  // of spec::Progress
  // How far the start is: `constant`, or for the "NN%" right after `text` that share of the way
  // from `constant` to `until`.
  enum class Fraction { kPercentAfterText, kConstant } fraction = Fraction::kConstant;
  double constant = 0;
  double until = 1;
};

// A line of the engine's log that proves why it failed.
struct FailurePattern {
  std::string text;    // found anywhere in a line
  std::string kind;    // "OUT_OF_MEMORY"
  std::string advice;  // what to do
};

// One summand of the memory an engine needs on a device.
struct MemoryTerm {
  std::string name;  // "weights", "kv_cache", "activations", ...
  int64_t num_bytes = 0;
};

// How the agent reaches an engine; never from another node.
enum class Transport {
  kUnixSocket,    // in the data directory: only its owner can
  kLoopbackPort,  // for engines that listen on nothing else
};

// What the engine loads.
enum class ModelFormat {
  kAny,          // a folder with either
  kGguf,         // a GGUF file
  kHuggingFace,  // a folder with config.json, tokenizer.json, safetensors
};

// One figure of the engine's /metrics under the name that all engines have here.
struct MetricName {
  std::string name;    // "num_running_requests"
  std::string theirs;  // "vllm:num_requests_running"
  // Divides it, for means: "..._sum" over "..._count".
  std::string divisor = {};
  // What becomes of its series, one for each of an engine's ranks: a share of something has a mean.
  enum class Total { kSum, kMean } total = Total::kSum;
};

struct EngineFacts {
  std::string name;                   // "native"
  std::vector<std::string> versions;  // known ones; the first is the default
  // Those whose command line is known and that are not started.
  std::vector<std::string> versions_to_read = {};
  Readiness readiness;
  std::vector<LogMarker> log_markers;    // in the order the engine writes them
  std::vector<FailurePattern> failures;  // most specific first
  Transport transport = Transport::kUnixSocket;
  ModelFormat model_format = ModelFormat::kAny;
  bool is_built_in = true;  // part of redline; else it is installed (backends/install/)
  std::string metrics_path = "/metrics";
  std::vector<MetricName> metrics;
  std::vector<std::string> read_back_paths;  // whose answers tell what it runs with
};

// What a running engine says of itself.
struct EngineWords {
  std::map<std::string, std::string> answers;  // by path: the body of a 200
  std::string start_log;                       // its log up to readiness, or the beginning of it
};

// Of the node that will run the engine: its devices of one kind.
struct HardwareFacts {
  std::string device = "cpu";
  std::string device_model;
  int64_t num_devices = 0;   // CPU: hardware threads
  int64_t memory_bytes = 0;  // an engine may use now: CPU, of the host; GPUs, of each of them
  std::vector<std::string> isa;
  // GPUs only.
  int64_t compute_capability = 0;      // NVIDIA: 90 for 9.0
  int64_t total_bytes = 0;             // of each, whoever uses it
  std::vector<int64_t> bytes_of_each;  // an engine may use now; the most first
};
// The devices that count most, and the CPU that every node has.
HardwareFacts FactsOf(const spec::Worker& worker);
HardwareFacts CpuFactsOf(const spec::Worker& worker);

struct Resolution {
  spec::Parameters resolved;       // every parameter the engine will run with
  std::vector<std::string> notes;  // sentences: what was derived, what changes nothing
};

// What CommandLine needs besides the parameters.
struct LaunchPlan {
  std::vector<std::string> program;  // what starts the engine, up to its own arguments
  std::string model_path;
  std::string served_model_name;
  std::string endpoint;  // "unix:/path.sock" or "http://127.0.0.1:PORT"
};

struct Command {
  std::vector<std::string> argv;
  std::map<std::string, std::string> env;
};

class Backend {
 public:
  virtual ~Backend() = default;
  virtual const EngineFacts& facts() const = 0;
  // The parameters of an engine that takes them. kInvalidArgument for a version it does not know
  // ("": the default version); kUnimplemented for one that has a command line of its own.
  virtual Result<const ParameterSchema*> SchemaOf(std::string_view version) const = 0;
  // What the engine will really run. kInvalidArgument, naming parameter and nearest name, for one
  // that is unknown or outside its domain.
  virtual Result<Resolution> Resolve(const spec::EngineConfig& config, const spec::ModelSpec& model,
                                     const HardwareFacts& hardware) const = 0;
  // The words of its own command line as its parser reads them, model and address included: what
  // was given, by dest. kInvalidArgument for what the parser refuses; kUnimplemented for an engine
  // that takes parameters.
  virtual Result<spec::Parameters> ReadArguments(std::string_view version,
                                                 const std::vector<std::string>& arguments) const;
  virtual Result<Command> CommandLine(const spec::EngineConfig& config,
                                      const LaunchPlan& plan) const = 0;
  // What was asked for, by the names of `resolved`; nothing when Resolve would refuse it.
  virtual spec::Parameters Requested(const spec::EngineConfig& config) const = 0;
  // Memory of one replica. `resolved` as Resolve returned it.
  virtual std::vector<MemoryTerm> MemoryTerms(const spec::ModelSpec& model,
                                              const spec::Parameters& resolved) const = 0;
  // What it really runs with, by the engine's own names. What cannot be read is left out.
  virtual spec::Parameters ReadBack(const EngineWords& words) const = 0;
};

// Every engine, and one by name (kInvalidArgument with the nearest name).
std::span<const Backend* const> AllBackends();
Result<const Backend*> FindBackend(std::string_view name);

// The progress the line tells of, if any.
std::optional<spec::Progress> MatchProgress(std::span<const LogMarker> markers,
                                            std::string_view line);

struct FailureCause {
  std::string kind;
  std::string advice;
  std::string line;  // the proof, as the engine wrote it
};
// Why an engine died, from the last lines of its log: the first pattern that occurs anywhere.
std::optional<FailureCause> ClassifyFailure(std::span<const FailurePattern> patterns,
                                            std::string_view log_tail);

}  // namespace redline::backends
