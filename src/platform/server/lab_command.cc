#include "platform/server/lab_command.h"

#include <algorithm>
#include <utility>

#include "backends/backend.h"
#include "backends/resolution.h"
#include "base/process.h"
#include "base/strings.h"
#include "lab/tune/cpu_axes.h"
#include "lab/tune/tune_options.h"
#include "planner/search/search_space.h"
#include "platform/server/field_checks.h"
#include "platform/server/plan_body.h"
#include "workload/loops.h"
#include "workload/presets.h"
#include "workload/scale.h"

namespace redline::platform {
namespace {

constexpr int64_t kMostSeed = int64_t{1} << 40;
constexpr double kMostSeconds = 30 * 86400;
constexpr size_t kMostEngines = 16;

// About a field where the refusal names none, or a flag of the command.
Status BadField(const Status& status, const char* field) {
  return InvalidArgument(fmt::format("\"{}\": {}", field, status.message()), field);
}

template <typename T>
Status CheckIfGiven(const char* field, const std::optional<T>& value, T low, T high) {
  return value ? CheckRange<T>(field, *value, low, high) : OkStatus();
}

Status CheckNumbersOfJob(const LabJobBody& body) {
  RL_RETURN_IF_ERROR(CheckIfGiven("scale", body.scale, 1e-6, 1000.0));
  RL_RETURN_IF_ERROR(CheckIfGiven("scale_lengths", body.scale_lengths, 1e-6, 1000.0));
  RL_RETURN_IF_ERROR(CheckIfGiven<int64_t>("concurrency", body.concurrency, 1, 1'000'000));
  RL_RETURN_IF_ERROR(CheckIfGiven("rate", body.rate, 1e-6, 1e6));
  RL_RETURN_IF_ERROR(CheckIfGiven<int64_t>("requests", body.requests, 1, spec::kMaxRequests));
  const int64_t least_repeats = body.kind == "tune" ? 3 : 1;
  RL_RETURN_IF_ERROR(CheckIfGiven<int64_t>("repeats", body.repeats, least_repeats, 100));
  RL_RETURN_IF_ERROR(CheckIfGiven<int64_t>("seed", body.seed, 0, kMostSeed));
  RL_RETURN_IF_ERROR(CheckIfGiven("max_time_seconds", body.max_time_seconds, 1.0, kMostSeconds));
  RL_RETURN_IF_ERROR(CheckIfGiven<int64_t>("max_trials", body.max_trials, 1, 10'000));
  RL_RETURN_IF_ERROR(CheckIfGiven<int64_t>("truth_seed", body.truth_seed, 1, kMostSeed));
  if (!body.concurrency || !body.rate) return OkStatus();
  return InvalidArgument(
      "\"concurrency\" is a closed loop and \"rate\" an open one: give one of them", "rate");
}

// By name: a file of the server's node is none of a client's business.
Status CheckWorkloadOfJob(const LabJobBody& body) {
  auto found = workload::FindPreset(body.workload);
  if (!found.ok()) return BadField(found.status(), "workload");
  spec::WorkloadSpec workload = std::move(found).value();
  if (body.scale) {
    auto scaled = workload::Scale(workload, *body.scale);
    if (!scaled.ok()) return BadField(scaled.status(), "scale");
    workload = std::move(scaled).value();
  }
  if (body.scale_lengths) {
    auto scaled = workload::ScaleLengths(workload, *body.scale_lengths);
    if (!scaled.ok()) return BadField(scaled.status(), "scale_lengths");
    workload = std::move(scaled).value();
  }
  if (body.concurrency) workload::CloseLoop(*body.concurrency, workload);
  if (body.rate) workload::OpenLoop(*body.rate, workload);
  if (body.requests) workload.num_requests = *body.requests;
  const Status valid = spec::ValidateWorkload(workload);
  return valid.ok() ? valid : BadField(valid, "workload");
}

Status CheckVirtualEngine(const std::string& engine) {
  const auto version = backends::FindEngineVersion(engine);
  if (!version.ok()) return BadField(version.status(), "engines");
  const std::string name = engine.substr(0, engine.find('@'));
  const auto searched = planner::SearchedEngines();
  if (std::find(searched.begin(), searched.end(), name) != searched.end()) return OkStatus();
  return InvalidArgument(fmt::format("\"engines\": {} is not among those that are planned: {}",
                                     Excerpt(name), fmt::join(searched, ", ")),
                         "engines");
}

Status CheckLocalEngine(const std::string& engine) {
  constexpr int64_t kAnyLength = 4096;
  const auto backend = backends::FindBackend(engine.substr(0, engine.find('@')));
  if (!backend.ok()) return BadField(backend.status(), "engines");
  const backends::EngineFacts& facts = (*backend)->facts();
  const bool has_version = facts.is_built_in || engine.find('@') != std::string::npos;
  const std::string whole = has_version ? engine : engine + "@" + facts.versions.front();
  const auto space = lab::CpuSpaceOf(
      whole, {.num_cpus = AvailableCpus(), .longest_request = kAnyLength, .kernels = {}});
  return space.ok() ? OkStatus() : BadField(space.status(), "engines");
}

Status CheckTune(const LabJobBody& body, const Catalog& catalog) {
  RL_RETURN_IF_ERROR(CheckName("model", body.model, "a model that GET /api/v1/models lists"));
  if (!body.strategy.empty()) {
    const auto strategy = lab::StrategyFromName(body.strategy);
    if (!strategy.ok()) return BadField(strategy.status(), "strategy");
  }
  if (!body.goal.empty()) {
    const auto goal = lab::TuneGoalFromName(body.goal);
    if (!goal.ok()) return BadField(goal.status(), "goal");
  }
  if (body.engines.size() > kMostEngines)
    return InvalidArgument(
        fmt::format("\"engines\" has {} names; give at most {}", body.engines.size(), kMostEngines),
        "engines");
  for (const std::string& engine : body.engines)
    RL_RETURN_IF_ERROR(body.is_virtual ? CheckVirtualEngine(engine) : CheckLocalEngine(engine));
  if (!body.is_virtual) {
    const auto entry = catalog.Find(body.model);
    return entry.ok() ? OkStatus() : BadField(entry.status(), "model");
  }
  RL_RETURN_IF_ERROR(
      CheckName("hardware", body.hardware, "device and count, for example \"h200x8\""));
  RL_RETURN_IF_ERROR(HardwareOfPlan(body.hardware).status());
  const auto model = planner::FindModel(body.model);
  return model.ok() ? OkStatus() : BadField(model.status(), "model");
}

// The first field that says something to the other kind alone.
Status CheckMeaning(const LabJobBody& body) {
  const bool is_tune = body.kind == "tune";
  const bool is_rehearsal = is_tune && body.is_virtual;
  const std::pair<const char*, bool> meaningless[] = {
      {"deployment", is_tune && !body.deployment.empty()},
      {"model", !is_tune && !body.model.empty()},
      {"engines", !is_tune && !body.engines.empty()},
      {"strategy", !is_tune && !body.strategy.empty()},
      {"goal", !is_tune && !body.goal.empty()},
      {"max_time_seconds", !is_tune && body.max_time_seconds.has_value()},
      {"max_trials", !is_tune && body.max_trials.has_value()},
      {"virtual", !is_tune && body.is_virtual},
      {"hardware", !is_rehearsal && !body.hardware.empty()},
      {"truth_seed", !is_rehearsal && body.truth_seed.has_value()}};
  for (const auto& [field, is_given] : meaningless) {
    if (!is_given) continue;
    return InvalidArgument(
        fmt::format("\"{}\" means nothing for a {}{}; leave it out", field, body.kind,
                    is_tune && field != std::string("deployment") ? " that is not virtual" : ""),
        field);
  }
  return OkStatus();
}

// ---- the command line

class Words {
 public:
  explicit Words(std::vector<std::string> first) : words_(std::move(first)) {}
  void Add(const char* flag, const std::string& value) {
    if (!value.empty()) words_.insert(words_.end(), {flag, value});
  }
  template <typename T>
  void Add(const char* flag, const std::optional<T>& value) {
    if (value) Add(flag, fmt::format("{}", *value));
  }
  void Add(const char* flag) { words_.emplace_back(flag); }
  std::vector<std::string> Take() { return std::move(words_); }

 private:
  std::vector<std::string> words_;
};

void AddTuneFlags(const LabJobBody& body, const LabPlaces& places, Words& words) {
  words.Add("--engines", Join(body.engines, ","));
  words.Add("--strategy", body.strategy);
  words.Add("--goal", body.goal);
  if (body.max_time_seconds) words.Add("--max-time", fmt::format("{}s", *body.max_time_seconds));
  words.Add("--max-trials", body.max_trials);
  words.Add("--truth-seed", body.truth_seed);
  if (!body.is_virtual) return words.Add("--cache-dir", places.cache_dir.string());
  words.Add("--virtual");
  words.Add("--hardware", body.hardware);
}

}  // namespace

Status CheckLabJob(const LabJobBody& body, const Catalog& catalog) {
  if (body.kind != "bench" && body.kind != "tune")
    return InvalidArgument(fmt::format("\"kind\" is \"{}\"; give \"bench\" or \"tune\"",
                                       EscapeControl(Excerpt(body.kind))),
                           "kind");
  RL_RETURN_IF_ERROR(CheckMeaning(body));
  RL_RETURN_IF_ERROR(CheckName("workload", body.workload, "for example \"sharegpt\""));
  RL_RETURN_IF_ERROR(CheckNumbersOfJob(body));
  RL_RETURN_IF_ERROR(CheckWorkloadOfJob(body));
  if (body.kind == "tune") return CheckTune(body, catalog);
  return CheckName("deployment", body.deployment, "one that GET /api/v1/deployments lists");
}

std::vector<std::string> LabCommand(const LabJobBody& body, const LabPlaces& places,
                                    const std::filesystem::path& folder, Sitting sitting) {
  const bool is_tune = body.kind == "tune";
  Words words({places.program.string(), body.kind});
  if (is_tune) {
    words.Add(body.model.c_str());
    words.Add("--report", folder.string());
    AddTuneFlags(body, places, words);
    if (sitting == Sitting::kResumed) words.Add("--resume");
  } else {
    words.Add("--data-dir", places.data_dir.string());
    words.Add("--model", body.deployment);
    words.Add("--report-dir", folder.string());
  }
  words.Add("--workload", body.workload);
  words.Add("--scale", body.scale);
  words.Add("--scale-lengths", body.scale_lengths);
  words.Add("--concurrency", body.concurrency);
  words.Add("--rate", body.rate);
  words.Add("--requests", body.requests);
  words.Add("--repeats", body.repeats);
  words.Add("--seed", body.seed);
  return words.Take();
}

}  // namespace redline::platform
