// vLLM 0.13.0: entrypoints/openai/api_server.py, v1/metrics/loggers.py, and what a recorded start
// of it printed.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "planner/virtual/engine_dialect.h"
#include "planner/virtual/prometheus_text.h"

namespace redline::planner {
namespace {

using nlohmann::json;

std::vector<StaticAnswer> VllmAnswers(const VirtualSetup& setup) {
  const std::string version = json{{"version", setup.version}, {"virtual", true}}.dump();
  return {{"/health", ""}, {"/ping", ""}, {"/version", version}};
}

std::string VllmMetricsPath(const VirtualSetup&) { return "/metrics"; }

std::string VllmLabels(const VirtualSetup& setup, size_t rank) {
  return fmt::format("engine=\"{}\",{}", rank, Label("model_name", setup.front_end.served_name));
}

std::string CacheConfig(const VirtualSetup& setup) {
  const SchedulerPolicy& policy = setup.plan.policy;
  const EngineSettings& settings = setup.configuration.settings;
  return fmt::format(
      "block_size=\"{}\",cache_dtype=\"{}\",enable_prefix_caching=\"{}\",engine=\"0\","
      "gpu_memory_utilization=\"{}\",num_gpu_blocks=\"{}\"",
      policy.page_size, settings.cache_dtype == CacheDtype::kBf16 ? "auto" : "fp8",
      settings.prefix_cache ? "True" : "False", settings.memory_fraction,
      policy.kv_tokens / policy.page_size);
}

std::string VllmMetrics(const VirtualSetup& setup, const VirtualStats& stats) {
  PrometheusText text;
  const auto gauge = [&](const char* name, const char* help, auto value) {
    text.Metric(name, help, "gauge");
    for (size_t rank = 0; rank < stats.ranks.size(); ++rank)
      text.Sample(VllmLabels(setup, rank), static_cast<double>(value(stats.ranks[rank])));
  };
  using Rank = VirtualRankStats;
  gauge("vllm:num_requests_running", "Number of requests in model execution batches.",
        [](const Rank& rank) { return rank.num_running; });
  gauge("vllm:num_requests_waiting", "Number of requests waiting to be processed.",
        [](const Rank& rank) { return rank.num_waiting; });
  gauge("vllm:kv_cache_usage_perc", "KV-cache usage. 1 means 100 percent usage.",
        [](const Rank& rank) { return rank.kv_usage(); });
  text.Metric("vllm:num_preemptions_total", "Cumulative number of preemption from the engine.",
              "counter");
  for (size_t rank = 0; rank < stats.ranks.size(); ++rank)
    text.Sample(VllmLabels(setup, rank), static_cast<double>(stats.ranks[rank].num_preemptions));
  const std::string labels = VllmLabels(setup, 0);
  const auto count = [&](const char* name, const char* help, int64_t value) {
    text.Counter(name, help, labels, static_cast<double>(value));
  };
  count("vllm:prefix_cache_queries_total", "Prefix cache queries, in tokens.", stats.prompt_tokens);
  count("vllm:prefix_cache_hits_total", "Prefix cache hits, in tokens.", stats.cached_tokens);
  count("vllm:prompt_tokens_total", "Number of prefill tokens processed.", stats.prompt_tokens);
  count("vllm:generation_tokens_total", "Number of generation tokens processed.",
        stats.generation_tokens);
  text.Metric("vllm:request_success_total", "Count of successfully processed requests.", "counter");
  text.Sample("finished_reason=\"length\"," + labels, static_cast<double>(stats.num_finished));
  text.Sample("finished_reason=\"abort\"," + labels, static_cast<double>(stats.num_aborted));
  const auto times = [&](const char* name, const char* help, const TimeHistogram& histogram) {
    text.Metric(name, help, "histogram");
    text.Histogram(labels, histogram);
  };
  times("vllm:time_to_first_token_seconds", "Histogram of time to first token in seconds.",
        stats.ttft);
  times("vllm:request_time_per_output_token_seconds",
        "Histogram of time_per_output_token_seconds per request.", stats.time_per_token);
  times("vllm:e2e_request_latency_seconds", "Histogram of e2e request latency in seconds.",
        stats.e2e);
  text.Gauge("vllm:cache_config_info", "Information of the LLMEngine CacheConfig",
             CacheConfig(setup), 1);
  return text.text();
}

std::string Grouped(int64_t number) {
  std::string digits = std::to_string(number);
  for (auto at = static_cast<int64_t>(digits.size()) - 3; at > 0; at -= 3)
    digits.insert(static_cast<size_t>(at), ",");
  return digits;
}

std::string ServerLine(std::string_view where, const std::string& text) {
  return fmt::format("(APIServer pid={}) INFO {} [{}] {}", getpid(), LocalTime("%m-%d %H:%M:%S"),
                     where, text);
}

std::string CoreLine(std::string_view where, const std::string& text) {
  return fmt::format("(EngineCore_DP0 pid={}) INFO {} [{}] {}", getpid(),
                     LocalTime("%m-%d %H:%M:%S"), where, text);
}

std::vector<std::string> VllmLoading(const VirtualSetup& setup) {
  const std::string name = PythonRepr(setup.front_end.served_name);
  const EngineSettings& settings = setup.configuration.settings;
  const ParallelLayout& layout = settings.layout;
  const int64_t kv_tokens = setup.plan.policy.kv_tokens;
  std::vector<std::string> lines = {
      ServerLine("utils.py:253", fmt::format("non-default args: {{'model': {}}}", name)),
      ServerLine("scheduler.py:230",
                 fmt::format("Chunked prefill is enabled with max_num_batched_tokens={}.",
                             settings.step_token_budget)),
      CoreLine("core.py:93",
               fmt::format("Initializing a V1 LLM engine (v{}) with config: model={}, "
                           "max_seq_len={}, tensor_parallel_size={}, data_parallel_size={}, "
                           "enable_prefix_caching={}, virtual=True",
                           setup.version, name, setup.context_length, layout.attention_tp,
                           layout.attention_dp * layout.replicas,
                           settings.prefix_cache ? "True" : "False")),
      CoreLine("gpu_model_runner.py:3562", fmt::format("Starting to load model {}...", name)),
      CoreLine("default_loader.py:308", "Loading weights took 0.00 seconds"),
      CoreLine("kv_cache_utils.py:1291",
               fmt::format("GPU KV cache size: {} tokens", Grouped(kv_tokens))),
      CoreLine("kv_cache_utils.py:1296",
               fmt::format("Maximum concurrency for {} tokens per request: {:.2f}x",
                           Grouped(setup.context_length),
                           static_cast<double>(kv_tokens) /
                               static_cast<double>(std::max<int64_t>(setup.context_length, 1))))};
  if (settings.has_graphs)
    lines.push_back(CoreLine("gpu_model_runner.py:4587", "Graph capturing finished in 0 secs"));
  lines.push_back(CoreLine(
      "core.py:259", "init engine (profile, create kv cache, warmup model) took 0.00 seconds"));
  return lines;
}

std::vector<std::string> VllmReady(const VirtualSetup&, std::string_view address) {
  const std::string prefix = fmt::format("(APIServer pid={}) ", getpid());
  return {
      ServerLine("api_server.py:1351", fmt::format("Starting vLLM API server 0 on {}", address)),
      prefix + "INFO:     Waiting for application startup.",
      prefix + "INFO:     Application startup complete."};
}

// vLLM tells of its steps every ten seconds; the engine's own counters are in /metrics.
std::vector<std::string> VllmStep(const VirtualSetup&, const StepReport&, const VirtualStats&,
                                  int64_t) {
  return {};
}

}  // namespace

const EngineDialect& VllmDialect() {
  static constexpr EngineDialect kDialect = {.engine = "vllm",
                                             .default_port = 8000,
                                             .checks_model = true,
                                             .static_answers = VllmAnswers,
                                             .metrics_path = VllmMetricsPath,
                                             .metrics = VllmMetrics,
                                             .loading_log = VllmLoading,
                                             .ready_log = VllmReady,
                                             .step_log = VllmStep};
  return kDialect;
}

}  // namespace redline::planner
