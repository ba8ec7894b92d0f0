// SGLang 0.5.6.post2: srt/entrypoints/http_server.py, srt/metrics/collector.py,
// srt/managers/scheduler_metrics_mixin.py, and what a recorded start of it printed.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "planner/virtual/engine_dialect.h"
#include "planner/virtual/prometheus_text.h"

namespace redline::planner {
namespace {

using nlohmann::json;

constexpr double kGigabyte = 1 << 30;
constexpr int64_t kDecodeLogInterval = 40;  // decode_log_interval's default

int64_t DecodeLogInterval(const VirtualSetup& setup) {
  const json& resolved = setup.configuration.resolution.resolved;
  const auto found = resolved.find("decode_log_interval");
  const bool is_given = found != resolved.end() && found->is_number_integer();
  return std::max<int64_t>(is_given ? found->get<int64_t>() : kDecodeLogInterval, 1);
}

// The front end's own part of ServerArgs is as it was given.
json ServerArgs(const VirtualSetup& setup) {
  json resolved = setup.configuration.resolution.resolved;
  resolved["host"] = setup.front_end.host;
  resolved["port"] = setup.front_end.port;
  resolved["served_model_name"] = setup.front_end.served_name;
  resolved.erase("api_key");
  return resolved;
}

double GigabytesOf(const VirtualSetup& setup, std::string_view term) {
  for (const MemoryLedger::Term& each : setup.plan.ledger.terms)
    if (each.name == term) return static_cast<double>(each.num_bytes) / kGigabyte;
  return 0;
}

std::string ServerInfo(const VirtualSetup& setup) {
  json info = ServerArgs(setup);
  const SchedulerPolicy& policy = setup.plan.policy;
  json state = {{"memory_usage",
                 {{"weight", GigabytesOf(setup, "weights")},
                  {"kvcache", GigabytesOf(setup, "kv_cache")},
                  {"token_capacity", policy.kv_tokens},
                  {"graph", 0}}},
                {"effective_max_running_requests_per_dp", policy.max_running_requests}};
  info["internal_states"] = json::array();
  for (int64_t rank = 0; rank < policy.num_ranks; ++rank) info["internal_states"].push_back(state);
  info["version"] = setup.version;
  info["virtual"] = true;
  return info.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string ModelInfo(const VirtualSetup& setup) {
  return json{{"model_path", setup.front_end.served_name},
              {"tokenizer_path", setup.front_end.served_name},
              {"is_generation", true},
              {"virtual", true}}
      .dump(-1, ' ', false, json::error_handler_t::replace);
}

std::vector<StaticAnswer> SglangAnswers(const VirtualSetup& setup) {
  const std::string info = ServerInfo(setup);
  const std::string model = ModelInfo(setup);
  return {{"/health", ""},           {"/health_generate", ""},   {"/ping", ""},
          {"/server_info", info},    {"/get_server_info", info}, {"/model_info", model},
          {"/get_model_info", model}};
}

std::string SglangMetricsPath(const VirtualSetup& setup) {
  return setup.front_end.has_metrics ? "/metrics" : "";
}

std::string SglangLabels(const VirtualSetup& setup, size_t rank) {
  const std::string dp_rank =
      setup.plan.policy.num_ranks > 1 ? fmt::format("dp_rank=\"{}\",", rank) : "";
  return fmt::format("{}engine_type=\"unified\",{},pp_rank=\"0\",tp_rank=\"0\"", dp_rank,
                     Label("model_name", setup.front_end.served_name));
}

std::string SglangMetrics(const VirtualSetup& setup, const VirtualStats& stats) {
  using Value = double (*)(const VirtualRankStats&);
  struct Gauge {
    const char* name;
    const char* help;
    Value value;
  };
  const Gauge gauges[] = {
      {"sglang:num_running_reqs", "The number of running requests.",
       [](const VirtualRankStats& rank) { return static_cast<double>(rank.num_running); }},
      {"sglang:num_used_tokens", "The number of used tokens.",
       [](const VirtualRankStats& rank) { return static_cast<double>(rank.used_tokens); }},
      {"sglang:token_usage", "The token usage.",
       [](const VirtualRankStats& rank) { return rank.kv_usage(); }},
      {"sglang:num_queue_reqs", "The number of requests in the waiting queue.",
       [](const VirtualRankStats& rank) { return static_cast<double>(rank.num_waiting); }},
      {"sglang:max_total_num_tokens", "Maximum total number of tokens in the KV cache pool.",
       [](const VirtualRankStats& rank) { return static_cast<double>(rank.capacity_tokens); }},
      {"sglang:num_retracted_reqs", "The number of retracted requests.",
       [](const VirtualRankStats& rank) { return static_cast<double>(rank.num_preemptions); }}};
  PrometheusText text;
  for (const Gauge& gauge : gauges) {
    text.Metric(gauge.name, gauge.help, "gauge");
    for (size_t rank = 0; rank < stats.ranks.size(); ++rank)
      text.Sample(SglangLabels(setup, rank), gauge.value(stats.ranks[rank]));
  }
  text.Gauge("sglang:gen_throughput", "The generation throughput (token/s).",
             SglangLabels(setup, 0), stats.tokens_per_second);
  const std::string model = Label("model_name", setup.front_end.served_name);
  const auto count = [&](const char* name, const char* help, int64_t value) {
    text.Counter(name, help, model, static_cast<double>(value));
  };
  count("sglang:prompt_tokens_total", "Number of prefill tokens processed.", stats.prompt_tokens);
  count("sglang:generation_tokens_total", "Number of generation tokens processed.",
        stats.generation_tokens);
  count("sglang:cached_tokens_total", "Number of cached prompt tokens.", stats.cached_tokens);
  count("sglang:num_requests_total", "Number of requests processed.", stats.num_finished);
  count("sglang:num_aborted_requests_total", "Number of requests aborted.", stats.num_aborted);
  const auto times = [&](const char* name, const char* help, const TimeHistogram& histogram) {
    text.Metric(name, help, "histogram");
    text.Histogram(model, histogram);
  };
  times("sglang:time_to_first_token_seconds", "Histogram of time to first token in seconds.",
        stats.ttft);
  times("sglang:e2e_request_latency_seconds", "Histogram of End-to-end request latency in seconds",
        stats.e2e);
  return text.text();
}

std::string Stamp() { return "[" + LocalTime("%Y-%m-%d %H:%M:%S") + "] "; }

std::vector<std::string> SglangLoading(const VirtualSetup& setup) {
  std::string arguments;
  const json server_args = ServerArgs(setup);
  for (const auto& [name, value] : server_args.items())
    arguments += fmt::format("{}{}={}", arguments.empty() ? "" : ", ", name, PythonRepr(value));
  const SchedulerPolicy& policy = setup.plan.policy;
  const double weights = GigabytesOf(setup, "weights");
  const double cache = GigabytesOf(setup, "kv_cache");
  const double total = static_cast<double>(setup.plan.ledger.total_bytes) / kGigabyte;
  std::vector<std::string> lines = {
      fmt::format("server_args=ServerArgs({})", arguments),
      "Init torch distributed begin.",
      "Init torch distributed ends. mem usage=0.00 GB",
      fmt::format("Load weight begin. avail mem={:.2f} GB", total),
      fmt::format("Load weight end. type={}, avail mem={:.2f} GB, mem usage={:.2f} GB.",
                  setup.model.shape.architecture, total - weights, weights),
      fmt::format("KV Cache is allocated. #tokens: {}, KV size: {:.2f} GB", policy.kv_tokens,
                  cache),
      fmt::format("Memory pool end. avail mem={:.2f} GB", total - weights - cache)};
  if (setup.configuration.settings.has_graphs) {
    lines.push_back("Capture cuda graph begin. This can take up to several minutes.");
    lines.push_back("Capture cuda graph end. Time elapsed: 0.00 s.");
  }
  lines.push_back(
      fmt::format("max_total_num_tokens={}, chunked_prefill_size={}, max_prefill_tokens={}, "
                  "max_running_requests={}, context_len={}, available_gpu_mem={:.2f} GB",
                  policy.kv_tokens, policy.step_token_budget, policy.max_prefill_tokens,
                  policy.max_running_requests, setup.context_length, total - weights - cache));
  for (std::string& line : lines) line.insert(0, Stamp());
  return lines;
}

std::vector<std::string> SglangReady(const VirtualSetup&, std::string_view address) {
  std::vector<std::string> lines = {
      fmt::format("INFO:     Started server process [{}]", getpid()),
      "INFO:     Waiting for application startup.", "INFO:     Application startup complete.",
      fmt::format("INFO:     Uvicorn running on {} (Press CTRL+C to quit)", address),
      "The server is fired up and ready to roll!"};
  for (std::string& line : lines) line.insert(0, Stamp());
  return lines;
}

std::vector<std::string> SglangStep(const VirtualSetup& setup, const StepReport& step,
                                    const VirtualStats& stats, int64_t num_steps) {
  std::vector<std::string> lines;
  for (size_t index = 0; index < step.ranks.size(); ++index) {
    const size_t rank = static_cast<size_t>(step.first_rank) + index;
    const VirtualRankStats& now = stats.ranks[rank];
    const StepCounts counts = CountsOf(step.ranks[index]);
    const std::string where = stats.ranks.size() > 1 ? fmt::format(" DP{} TP0", rank) : "";
    const std::string stamp = fmt::format("[{}{}] ", LocalTime("%Y-%m-%d %H:%M:%S"), where);
    if (counts.num_prompts > 0) {
      lines.push_back(fmt::format(
          "{}Prefill batch, #new-seq: {}, #new-token: {}, #cached-token: {}, token usage: {:.2f}, "
          "#running-req: {}, #queue-req: {}, ",
          stamp, counts.num_prompts, counts.prompt_tokens, counts.cached_tokens, now.kv_usage(),
          now.num_running - counts.num_prompts, now.num_waiting));
    } else if (step.ranks[index].decode_requests > 0 && num_steps % DecodeLogInterval(setup) == 0) {
      lines.push_back(fmt::format(
          "{}Decode batch, #running-req: {}, #token: {}, token usage: {:.2f}, cuda graph: {}, gen "
          "throughput (token/s): {:.2f}, #queue-req: {}, ",
          stamp, step.ranks[index].decode_requests, now.used_tokens, now.kv_usage(),
          setup.configuration.settings.has_graphs ? "True" : "False", stats.tokens_per_second,
          now.num_waiting));
    }
  }
  return lines;
}

}  // namespace

const EngineDialect& SglangDialect() {
  static constexpr EngineDialect kDialect = {.engine = "sglang",
                                             .default_port = 30000,
                                             .checks_model = false,
                                             .static_answers = SglangAnswers,
                                             .metrics_path = SglangMetricsPath,
                                             .metrics = SglangMetrics,
                                             .loading_log = SglangLoading,
                                             .ready_log = SglangReady,
                                             .step_log = SglangStep};
  return kDialect;
}

}  // namespace redline::planner
