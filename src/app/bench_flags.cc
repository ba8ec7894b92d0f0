#include "app/bench_flags.h"

#include <fmt/format.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "app/api_client.h"
#include "app/environment.h"
#include "base/strings.h"
#include "net/http_client.h"
#include "workload/load_workload.h"
#include "workload/loops.h"
#include "workload/scale.h"

namespace redline::app {
namespace {

constexpr double kMostSeconds = 7 * 86400;

Result<std::optional<lab::Api>> ApiOf(const std::string& name) {
  if (name == "completions") return std::optional(lab::Api::kCompletions);
  if (name == "chat") return std::optional(lab::Api::kChat);
  if (name == "generate") return std::optional(lab::Api::kGenerate);
  return std::optional<lab::Api>();
}

lab::PromptForm PromptFormOf(const std::string& name) {
  if (name == "ids") return lab::PromptForm::kIds;
  if (name == "text") return lab::PromptForm::kText;
  return lab::PromptForm::kAuto;
}

Status CheckUrl(const std::string& flag, const std::string& url) {
  if (url.starts_with("unix:/") || net::ParseUrl(url).ok()) return OkStatus();
  return InvalidArgument(fmt::format("--{} \"{}\" is not a URL; for example: --{} "
                                     "http://127.0.0.1:8000",
                                     flag, EscapeControl(url), flag),
                         flag);
}

// --url with --api-key (or REDLINE_API_KEY), or the platform here with its key.
Status SetTarget(const Arguments& arguments, lab::BenchOptions& options) {
  std::string key = arguments.Get("api-key");
  if (const char* value = std::getenv("REDLINE_API_KEY"); key.empty() && value) key = value;
  options.url = arguments.Get("url");
  if (!options.url.empty()) RL_RETURN_IF_ERROR(CheckUrl("url", options.url));
  if (arguments.Has("against")) RL_RETURN_IF_ERROR(CheckUrl("against", arguments.Get("against")));
  if (options.url.empty()) {
    Result<ApiClient> platform = ApiClient::Connect(arguments, "name one with --url");
    if (!platform.ok()) return platform.status().WithContext("nothing to measure");
    options.url = platform->url();
    key = platform->api_key();
  }
  if (!key.empty()) options.headers.emplace_back("Authorization", "Bearer " + key);
  return OkStatus();
}

Status CheckObject(const std::string& text) {
  const auto value = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (value.is_object()) return OkStatus();
  return InvalidArgument(
      fmt::format("--extra {} is not a JSON object; for example: --extra '{{\"top_p\": 0.9}}'",
                  text),
      "extra");
}

Status ScaleWorkload(const Arguments& arguments, spec::WorkloadSpec& workload) {
  if (arguments.Has("scale")) {
    RL_ASSIGN_OR_RETURN(const double scale, arguments.GetDouble("scale", 1e-6, 1000));
    RL_ASSIGN_OR_RETURN(workload, workload::Scale(workload, scale));
  }
  if (arguments.Has("scale-lengths")) {
    RL_ASSIGN_OR_RETURN(const double scale, arguments.GetDouble("scale-lengths", 1e-6, 1000));
    RL_ASSIGN_OR_RETURN(workload, workload::ScaleLengths(workload, scale));
  }
  return OkStatus();
}

Status SetArrivals(const Arguments& arguments, spec::WorkloadSpec& workload) {
  if (arguments.Has("concurrency") && arguments.Has("rate")) {
    return InvalidArgument(
        "--concurrency is a closed loop and --rate an open one: give one of them", "rate");
  }
  if (arguments.Has("concurrency")) {
    RL_ASSIGN_OR_RETURN(const int64_t concurrency, arguments.GetInt("concurrency", 1, 1'000'000));
    workload::CloseLoop(concurrency, workload);
  }
  if (arguments.Has("rate")) {
    RL_ASSIGN_OR_RETURN(const double rate, arguments.GetDouble("rate", 1e-6, 1e6));
    workload::OpenLoop(rate, workload);
  }
  return OkStatus();
}

}  // namespace

Result<spec::WorkloadSpec> WorkloadOf(const Arguments& arguments) {
  RL_ASSIGN_OR_RETURN(spec::WorkloadSpec workload,
                      workload::LoadWorkload(arguments.Get("workload")));
  RL_RETURN_IF_ERROR(ScaleWorkload(arguments, workload));
  RL_RETURN_IF_ERROR(SetArrivals(arguments, workload));
  if (arguments.Has("requests")) {
    RL_ASSIGN_OR_RETURN(workload.num_requests, arguments.GetInt("requests", 1, spec::kMaxRequests));
  }
  RL_RETURN_IF_ERROR(spec::ValidateWorkload(workload));
  return workload;
}

std::vector<Flag> BenchFlags() {
  return {
      {"url", "URL", "server to measure [the platform that runs here]", ""},
      {"model", "NAME", "model to ask for [the only one served]", ""},
      {"workload", "NAME|FILE",
       "sharegpt, short, medium, long, verylong, generation, or a YAML or JSON file", "sharegpt"},
      {"scale", "S", "S times the requests, concurrency and rates (0.05 for a small machine)", ""},
      {"scale-lengths", "S", "S times the lengths of prompts and answers", ""},
      {"concurrency", "N", "closed loop: N requests in flight", ""},
      {"rate", "R", "open loop: R requests per second, Poisson", ""},
      {"requests", "N", "number of requests", ""},
      {"seed", "S", "decides every request", "1"},
      {"repeats", "N", "runs, each with other prompts", "1"},
      {"api",
       "NAME",
       "what is called; auto: completions where they take ids, else chat",
       "auto",
       {"auto", "completions", "chat", "generate"}},
      {"prompts",
       "FORM",
       "token ids, or text made to the exact number of tokens",
       "auto",
       {"auto", "ids", "text"}},
      {"no-stream", "", "whole answers instead of streams", ""},
      {"extra", "JSON", "more fields of each request, as a JSON object", ""},
      {"vocab-size", "N", "ids are below it [asked of the server]", ""},
      {"api-key", "KEY", "key of the server [REDLINE_API_KEY; without --url the platform's]", ""},
      {"data-dir", "DIR", "data directory of the platform that runs here", ""},
      {"timeout", "SECONDS", "longest answer", "3600"},
      {"max-seconds", "SECONDS", "send nothing later than this after a run's begin", ""},
      {"price-per-hour", "PRICE", "of what serves, for the cost of a million tokens", ""},
      {"threads", "N", "threads of the client [one for each core]", ""},
      {"no-warm-up", "", "measure from the first request on", ""},
      {"no-self-check", "", "do not measure the client itself before the run", ""}};
}

Result<lab::BenchOptions> BenchOptionsOf(const Arguments& arguments) {
  lab::BenchOptions options;
  RL_ASSIGN_OR_RETURN(options.workload, WorkloadOf(arguments));
  RL_ASSIGN_OR_RETURN(options.api, ApiOf(arguments.Get("api")));
  options.prompts = PromptFormOf(arguments.Get("prompts"));
  options.model = arguments.Get("model");
  options.stream = !arguments.Has("no-stream");
  options.extra_json = arguments.Get("extra");
  if (!options.extra_json.empty()) RL_RETURN_IF_ERROR(CheckObject(options.extra_json));
  RL_ASSIGN_OR_RETURN(const int64_t seed, arguments.GetInt("seed", 0, int64_t{1} << 53));
  options.seed = static_cast<uint64_t>(seed);
  RL_ASSIGN_OR_RETURN(options.num_repeats, arguments.GetInt("repeats", 1, 1000));
  RL_ASSIGN_OR_RETURN(options.timeouts.whole_s,
                      arguments.GetDouble("timeout", 0.001, kMostSeconds));
  options.timeouts.first_token_s = options.timeouts.whole_s;
  if (arguments.Has("vocab-size")) {
    RL_ASSIGN_OR_RETURN(options.vocab_size, arguments.GetInt("vocab-size", 16, int64_t{1} << 31));
  }
  if (arguments.Has("max-seconds")) {
    RL_ASSIGN_OR_RETURN(options.max_seconds,
                        arguments.GetDouble("max-seconds", 0.001, kMostSeconds));
  }
  if (arguments.Has("price-per-hour")) {
    RL_ASSIGN_OR_RETURN(options.price_per_hour, arguments.GetDouble("price-per-hour", 0, 1e9));
  }
  if (arguments.Has("threads")) {
    RL_ASSIGN_OR_RETURN(const int64_t threads, arguments.GetInt("threads", 1, 256));
    options.num_threads = static_cast<int>(threads);
  }
  options.warm_up = !arguments.Has("no-warm-up");
  options.self_check = !arguments.Has("no-self-check");
  RL_RETURN_IF_ERROR(SetTarget(arguments, options));
  return options;
}

std::string CommandLineOf(const std::string& command, const Arguments& arguments,
                          const std::vector<Flag>& flags) {
  std::string line = "redline " + command;
  for (const Flag& flag : flags) {
    if (!arguments.Has(flag.name) || flag.name == "api-key") continue;
    line += " --" + flag.name;
    if (flag.value_name.empty()) continue;
    for (const std::string& value : arguments.GetAll(flag.name)) line += " " + ShellWord(value);
  }
  return line;
}

}  // namespace redline::app
