#include "lab/bench/bench.h"

#include <fmt/format.h>

#include <utility>

#include "base/clock.h"
#include "base/version.h"
#include "lab/bench/energy_meter.h"
#include "lab/load/run_load.h"
#include "lab/metrics/environment.h"
#include "lab/stats/intervals.h"
#include "lab/stats/tail_notes.h"
#include "workload/id_prompt_writer.h"
#include "workload/plan_summary.h"
#include "workload/text_prompt_writer.h"

namespace redline::lab {
namespace {

constexpr int kMostWarmUps = 5;
constexpr double kSteadyRatio = 0.1;
// Seeds of warm-ups are far from those of repeats.
constexpr uint64_t kWarmUpSeed = uint64_t{1} << 40;
// So are those of runs that are measured again.
constexpr uint64_t kAgainSeed = uint64_t{1} << 32;
constexpr int kMostAgain = 2;
constexpr size_t kVerifiedPrompts = 4;

std::string_view NameOf(Api api) {
  switch (api) {
    case Api::kChat:
      return "chat";
    case Api::kCompletions:
      return "completions";
    case Api::kGenerate:
      return "generate";
  }
  return "";
}

double OutputRate(const LoadResult& run) {
  double tokens = 0;
  for (const RequestRecord& record : run.records) {
    if (record.ok()) tokens += record.OutputTokens();
  }
  return run.health.wall_s > 0 ? tokens / run.health.wall_s : 0;
}

bool AboutEqual(double one, double other) {
  return std::abs(one - other) <= kSteadyRatio * std::max(one, other);
}

// A part of the workload, as busy as the whole.
spec::WorkloadSpec WarmUpOf(spec::WorkloadSpec workload) {
  constexpr int64_t kAtLeast = 8, kAtMost = 64;
  const int64_t wanted = std::clamp(workload.concurrency, kAtLeast, kAtMost);
  if (workload.num_requests > wanted) workload.num_requests = wanted;
  workload.abort_share = 0;
  return workload;
}

int64_t CountOf(const LoadResult& run, Outcome outcome) {
  return static_cast<int64_t>(run.outcomes[static_cast<size_t>(outcome)]);
}

double MillisAt(const Histogram& histogram, double quantile) {
  return histogram.empty() ? -1 : histogram.Quantile(quantile) / 1e6;
}

// How many times the client could have carried this load, by what it did against the mock server.
double HeadroomOver(const LoadResult& run, const std::optional<SelfCheckResult>& client) {
  if (!client || run.health.wall_s <= 0) return -1;
  double num_events = 0;
  for (const RequestRecord& record : run.records) num_events += record.num_events;
  return client->Headroom(static_cast<double>(run.records.size()) / run.health.wall_s,
                          num_events / run.health.wall_s);
}

// Whether requests have times of their own. A burst has none to be late for.
bool HasSchedule(const workload::RequestPlan& plan) {
  double first = -1, last = -1;
  for (size_t i = 0; i < plan.size(); ++i) {
    const double intended_s = plan.At(i).intended_s;
    if (intended_s < 0) continue;
    first = first < 0 ? intended_s : std::min(first, intended_s);
    last = std::max(last, intended_s);
  }
  return last > first;
}

LoadHealth HealthOf(const LoadResult& run, const std::optional<SelfCheckResult>& client,
                    const workload::RequestPlan& plan) {
  LoadHealth health;
  health.client_cpu_share_max = run.health.MaxCpuShare();
  if (HasSchedule(plan)) {
    health.schedule_lag_p99_ms = MillisAt(run.health.schedule_lag_ns, 0.99);
    health.schedule_lag_max_ms = MillisAt(run.health.schedule_lag_ns, 1);
  }
  health.read_delay_p99_ms = MillisAt(run.health.read_delay_ns, 0.99);
  health.headroom = HeadroomOver(run, client);
  health.ttft_mean_ms = run.ttft_ns.empty() ? -1 : run.ttft_ns.Mean() / 1e6;
  health.gap_mean_ms = run.gaps_ns.empty() ? -1 : run.gaps_ns.Mean() / 1e6;
  health.num_planned = static_cast<int64_t>(run.records.size());
  health.num_not_sent = CountOf(run, Outcome::kNotSent);
  health.num_sent = health.num_planned - health.num_not_sent;
  health.num_usage_mismatch = CountOf(run, Outcome::kUsageMismatch);
  health.num_failed =
      health.num_sent - CountOf(run, Outcome::kOk) - CountOf(run, Outcome::kAborted);
  for (const RequestRecord& record : run.records) {
    if (record.usage_cached < 0) continue;
    health.num_prompt_tokens += record.InputTokens();
    health.num_cached_tokens += record.usage_cached;
  }
  if (health.num_cached_tokens > 0) health.num_shared_tokens = workload::SharedPromptTokens(plan);
  return health;
}

std::vector<OutcomeCount> OutcomesOf(const LoadResult& run) {
  std::vector<OutcomeCount> counts;
  for (int i = 0; i < kNumOutcomes; ++i) {
    const auto outcome = static_cast<Outcome>(i);
    if (CountOf(run, outcome) == 0) continue;
    counts.push_back({std::string(NameOf(outcome)), CountOf(run, outcome),
                      run.first_errors[static_cast<size_t>(i)]});
  }
  return counts;
}

}  // namespace

Bench::Bench(BenchOptions options)
    : options_(std::move(options)),
      server_(options_.url, options_.headers, options_.timeouts.whole_s, options_.stop) {}

Result<std::unique_ptr<Bench>> Bench::Prepare(BenchOptions options) {
  std::unique_ptr<Bench> bench(new Bench(std::move(options)));
  BenchOptions& own = bench->options_;
  RL_RETURN_IF_ERROR(spec::ValidateWorkload(own.workload));
  bench->Report("asking the server");
  Result<std::string> model = bench->server_.ResolveModel(own.model);
  if (model.status().code() == Code::kUnavailable)
    return model.status().WithContext(own.url + " does not answer; start the server or mend --url");
  if (!model.ok()) return model.status();
  own.model = *std::move(model);
  RL_RETURN_IF_ERROR(bench->ChooseApi());
  RL_RETURN_IF_ERROR(bench->MakePrompts());
  if (own.self_check) {
    bench->Report("self-check");
    RL_ASSIGN_OR_RETURN(bench->client_, CheckClient(own.num_threads));
  }
  Measurement& measurement = bench->measurement_;
  measurement.tool_version = kVersion;
  measurement.command_line = own.command_line;
  measurement.started_at_ms = UnixMillis();
  measurement.target = own.url;
  measurement.model = own.model;
  measurement.api = NameOf(bench->api_);
  measurement.workload_name = own.workload.name;
  measurement.workload = spec::ToJson(own.workload);
  measurement.seed = static_cast<int64_t>(own.seed);
  measurement.environment = CollectEnvironment();
  AddServerInfo(bench->server_.ServerInfo(), measurement.environment);
  if (bench->server_.is_virtual()) measurement.environment[kVirtual] = "true";
  measurement.environment["prompts"] = bench->sends_ids_ ? "token ids" : "text";
  return bench;
}

Status Bench::ChooseApi() {
  const bool may_send_ids = options_.prompts != PromptForm::kText;
  if (!options_.api) {
    RL_ASSIGN_OR_RETURN(const bool takes_ids, server_.TakesTokenIds(options_.model));
    if (options_.prompts == PromptForm::kIds && !takes_ids)
      return FailedPrecondition(
          "the server takes no token ids in /v1/completions; leave --prompts ids out");
    sends_ids_ = takes_ids && may_send_ids;
    api_ = takes_ids ? Api::kCompletions : Api::kChat;
    return OkStatus();
  }
  api_ = *options_.api;
  if (api_ == Api::kChat && options_.prompts == PromptForm::kIds)
    return InvalidArgument("chats have no token ids; use --api completions with --prompts ids",
                           "prompts");
  sends_ids_ = api_ != Api::kChat && may_send_ids;
  if (api_ != Api::kCompletions || !sends_ids_ || options_.prompts == PromptForm::kIds)
    return OkStatus();
  RL_ASSIGN_OR_RETURN(sends_ids_, server_.TakesTokenIds(options_.model));
  return OkStatus();
}

Status Bench::MakePrompts() {
  if (sends_ids_) {
    int64_t vocab_size = options_.vocab_size;
    if (vocab_size == 0) {
      RL_ASSIGN_OR_RETURN(vocab_size, server_.VocabSize(options_.model, api_));
    }
    RL_ASSIGN_OR_RETURN(const workload::IdRange range, workload::DefaultIdRange(vocab_size));
    RL_ASSIGN_OR_RETURN(prompts_, workload::IdPromptWriter::Make(range));
    return OkStatus();
  }
  Report("counting tokens");
  RL_ASSIGN_OR_RETURN(workload::TokenCounter counter,
                      server_.MakeTokenCounter(options_.model, api_));
  RL_ASSIGN_OR_RETURN(auto writer, workload::TextPromptWriter::Make(std::move(counter)));
  RL_ASSIGN_OR_RETURN(const auto plan, workload::MakePlan(options_.workload, options_.seed));
  RL_RETURN_IF_ERROR(writer->Verify(*plan, kVerifiedPrompts));
  prompts_ = std::move(writer);
  return OkStatus();
}

void Bench::Report(std::string phase, int64_t repeat, const LoadProgress* load) const {
  if (options_.on_progress) options_.on_progress({std::move(phase), repeat, load});
}

bool Bench::IsStopped() const { return options_.stop != nullptr && *options_.stop; }

LoadOptions Bench::MakeLoadOptions(const workload::RequestPlan& plan, const std::string& phase,
                                   int64_t repeat) const {
  const spec::WorkloadSpec& workload = options_.workload;
  LoadOptions load;
  load.url = options_.url;
  load.api = api_;
  load.stream = options_.stream;
  load.model = options_.model;
  load.extra_json = options_.extra_json;
  load.headers = options_.headers;
  load.ignore_eos = workload.ignore_eos;
  load.temperature = workload.temperature;
  load.check_input_tokens = true;
  load.plan = &plan;
  load.prompts = prompts_.get();
  load.concurrency = workload.concurrency;
  load.timeouts = options_.timeouts;
  load.num_threads = options_.num_threads;
  load.on_progress = [this, phase, repeat](const LoadProgress& progress) {
    Report(phase, repeat, &progress);
  };
  load.stop = options_.stop;
  return load;
}

Status Bench::WarmUp() {
  const spec::WorkloadSpec workload = WarmUpOf(options_.workload);
  double last_rate = 0;
  for (int i = 0; i < kMostWarmUps && !IsStopped(); ++i) {
    const uint64_t seed = options_.seed + kWarmUpSeed + static_cast<uint64_t>(i);
    RL_ASSIGN_OR_RETURN(const auto plan, workload::MakePlan(workload, seed));
    RL_ASSIGN_OR_RETURN(const LoadResult run,
                        RunLoad(MakeLoadOptions(*plan, fmt::format("warm-up {}", i + 1), 0)));
    if (CountOf(run, Outcome::kOk) == 0) break;  // more of it would warm nothing up
    const double rate = OutputRate(run);
    if (i > 0 && AboutEqual(rate, last_rate)) break;
    last_rate = rate;
  }
  return OkStatus();
}

Status Bench::RunOnce(int64_t repeat, uint64_t seed) {
  RL_ASSIGN_OR_RETURN(const auto plan, workload::MakePlan(options_.workload, seed));
  if (seed == options_.seed)
    measurement_.dataset_hash = workload::FormatHash(workload::DatasetHash(*plan));
  LoadOptions load = MakeLoadOptions(
      *plan, fmt::format("run {} of {}", repeat + 1, options_.num_repeats), repeat + 1);
  load.max_seconds = options_.max_seconds;
  load.abort_share = options_.workload.abort_share;
  load.abort_after_tokens = options_.workload.abort_after_tokens;
  load.raw_samples_path = options_.raw_samples_path;
  EnergyMeter energy;
  energy.Start();
  const int64_t started_at_ms = UnixMillis();
  RL_ASSIGN_OR_RETURN(const LoadResult run, RunLoad(load));
  RunView view{.records = run.records,
               .gaps_ns = &run.gaps_ns,
               .slo_classes = options_.workload.slo_classes,
               .price_per_hour = options_.price_per_hour,
               .energy_joules = energy.Joules()};
  measurement_.repeats.push_back(
      MakeRunResult(view, {started_at_ms, OutcomesOf(run), HealthOf(run, client_, *plan)}));
  return OkStatus();
}

Status Bench::Run(int64_t repeat) {
  RL_RETURN_IF_ERROR(RunOnce(repeat, options_.seed + static_cast<uint64_t>(repeat)));
  if (options_.num_repeats == 1) return OkStatus();
  for (int i = 1; i <= kMostAgain && !IsStopped(); ++i) {
    const std::string disturbance = ClientDisturbance(measurement_.repeats.back().health);
    if (disturbance.empty()) break;
    measurement_.notes.push_back(
        fmt::format("run {} was measured again: {}", repeat + 1, disturbance));
    measurement_.repeats.pop_back();
    const uint64_t again = kAgainSeed * static_cast<uint64_t>(i) + static_cast<uint64_t>(repeat);
    RL_RETURN_IF_ERROR(RunOnce(repeat, options_.seed + again));
  }
  return OkStatus();
}

Measurement Bench::Measured() const {
  Measurement measurement = measurement_;
  SummariseRepeats(measurement);
  FillIntervals(measurement);
  for (std::string& note : TailNotes(measurement)) measurement.notes.push_back(std::move(note));
  if (IsStopped()) measurement.notes.push_back("stopped before its end");
  return measurement;
}

Result<Measurement> RunBench(BenchOptions options) {
  const bool warm_up = options.warm_up;
  const int64_t num_repeats = options.num_repeats;
  const std::atomic<bool>* stop = options.stop;
  RL_ASSIGN_OR_RETURN(const auto bench, Bench::Prepare(std::move(options)));
  if (warm_up) RL_RETURN_IF_ERROR(bench->WarmUp());
  for (int64_t repeat = 0; repeat < num_repeats; ++repeat) {
    if (stop != nullptr && *stop) break;
    RL_RETURN_IF_ERROR(bench->Run(repeat));
  }
  return bench->Measured();
}

}  // namespace redline::lab
