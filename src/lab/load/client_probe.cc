#include "lab/load/client_probe.h"

#include <fmt/format.h>
#include <sys/mman.h>

#include <cerrno>
#include <cmath>

#include "base/files.h"
#include "lab/load/run_load.h"
#include "lab/load/uniform_plan.h"
#include "lab/mock/mock_server.h"

namespace redline::lab {
namespace {

constexpr int32_t kInputTokens = 8;

struct Probe {
  UniformPlan plan;
  MockOptions mock;
  int64_t concurrency = 0;
  int num_threads = 0;
  bool stream = true;
  std::filesystem::path raw_samples_path = {};
};

struct ProbeOutcome {
  LoadResult load;
  std::vector<TruthEvent> truth;
};

Result<ProbeOutcome> RunProbe(const Probe& probe) {
  RL_ASSIGN_OR_RETURN(const auto server, MockServer::Start(probe.mock));
  const UniformPrompts prompts(kInputTokens);
  LoadOptions options;
  options.url = fmt::format("http://127.0.0.1:{}", server->port());
  options.api = Api::kCompletions;
  options.model = "mock";
  options.stream = probe.stream;
  options.check_input_tokens = true;
  options.request_ids = probe.mock.keep_truth;
  options.plan = &probe.plan;
  options.prompts = &prompts;
  options.concurrency = probe.concurrency;
  options.num_threads = probe.num_threads;
  options.raw_samples_path = probe.raw_samples_path;
  RL_ASSIGN_OR_RETURN(LoadResult load, RunLoad(options));
  server->Stop();
  return ProbeOutcome{std::move(load), server->TakeTruth()};
}

Status AllOk(const LoadResult& load) {
  for (size_t kind = 1; kind < load.outcomes.size(); ++kind)
    if (load.outcomes[kind] > 0)
      return Internal(fmt::format("{} requests to the built-in mock server ended as {}: {}",
                                  load.outcomes[kind], NameOf(static_cast<Outcome>(kind)),
                                  load.first_errors[kind]));
  return OkStatus();
}

Result<ProbeSpeed> SpeedOf(const Probe& probe, double count) {
  RL_ASSIGN_OR_RETURN(const ProbeOutcome outcome, RunProbe(probe));
  RL_RETURN_IF_ERROR(AllOk(outcome.load));
  const ClientHealth& health = outcome.load.health;
  return ProbeSpeed{.per_second = count / health.wall_s,
                    .per_core_second = count / health.cpu_s,
                    .cpu_us = health.cpu_s * 1e6 / count};
}

}  // namespace

Result<ProbeSpeed> ProbeRequests(size_t num_requests, int64_t concurrency, ProbeThreads threads) {
  const Probe probe = {.plan = UniformPlan(num_requests, kInputTokens, 1),
                       .mock = {.num_threads = threads.server},
                       .concurrency = concurrency,
                       .num_threads = threads.client,
                       .stream = false};
  return SpeedOf(probe, static_cast<double>(num_requests));
}

Result<ProbeSpeed> ProbeEvents(size_t num_requests, int32_t output_tokens, int64_t concurrency,
                               ProbeThreads threads) {
  const Probe probe = {.plan = UniformPlan(num_requests, kInputTokens, output_tokens),
                       .mock = {.num_threads = threads.server},
                       .concurrency = concurrency,
                       .num_threads = threads.client};
  return SpeedOf(probe, static_cast<double>(num_requests) * output_tokens);
}

Result<TimingErrors> ProbeTiming(const TimingProbe& timing, ProbeThreads threads) {
  // The samples stay in memory.
  const UniqueFd samples(memfd_create("redline-samples", MFD_CLOEXEC));
  if (!samples.valid()) return ErrnoStatus("memfd_create", errno);
  const Probe probe = {.plan = UniformPlan(timing.num_requests, kInputTokens, timing.output_tokens),
                       .mock = {.num_threads = threads.server,
                                .ttft_ms = timing.ttft_ms,
                                .itl_ms = timing.itl_ms,
                                .keep_truth = true},
                       .concurrency = timing.concurrency,
                       .num_threads = threads.client,
                       .raw_samples_path = fmt::format("/proc/self/fd/{}", samples.get())};
  RL_ASSIGN_OR_RETURN(const ProbeOutcome outcome, RunProbe(probe));
  RL_RETURN_IF_ERROR(AllOk(outcome.load));
  return CompareTiming(outcome.truth, probe.raw_samples_path);
}

Result<SendProbe> ProbeSending(double rate, double seconds, ProbeThreads threads) {
  const auto num_requests = static_cast<size_t>(std::llround(rate * seconds));
  const Probe probe = {.plan = UniformPlan(num_requests, kInputTokens, 1, rate),
                       .mock = {.num_threads = threads.server},
                       .num_threads = threads.client,
                       .stream = false};
  RL_ASSIGN_OR_RETURN(const ProbeOutcome outcome, RunProbe(probe));
  SendProbe result;
  for (const RequestRecord& record : outcome.load.records) {
    if (record.sent_ns >= 0) result.error_ns.Record(record.sent_ns - record.intended_ns);
    result.num_sent += record.sent_ns >= 0;
    result.num_failed += !record.ok();
  }
  return result;
}

}  // namespace redline::lab
