// What the load generator is asked to do. Plain values; what is pointed to outlives the run.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

#include "base/status.h"
#include "lab/load/load_progress.h"
#include "net/http.h"
#include "workload/prompt_writer.h"
#include "workload/request_plan.h"

namespace redline::lab {

enum class Api : uint8_t {
  kChat,         // /v1/chat/completions: prompts are text
  kCompletions,  // /v1/completions: prompts are text or ids
  kGenerate,     // SGLang's /generate: prompts are text or ids
};

struct LoadTimeouts {
  double connect_s = 10;
  double first_token_s = 600;  // from the request's first byte; of an answer that is not streamed
                               // only whole_s counts
  double between_tokens_s = 120;
  double whole_s = 3600;
};

struct LoadOptions {
  // "http://host:port", "unix:/path/to.sock", with or without "/v1" at the end.
  std::string url;
  Api api = Api::kChat;
  bool stream = true;
  std::string model;
  // More fields of the body, as a JSON object. `temperature` and `ignore_eos` here win over those
  // below; what the generator itself decides (model, stream, prompt, lengths) cannot be given.
  std::string extra_json;
  net::Headers headers;  // Authorization and the like
  bool ignore_eos = true;
  double temperature = 0;
  // The server's prompt_tokens must be the plan's input_tokens: not so where a chat template adds
  // tokens of its own.
  bool check_input_tokens = false;
  bool request_ids = false;  // send X-Request-Id: the request's index

  const workload::RequestPlan* plan = nullptr;
  const workload::PromptWriter* prompts = nullptr;
  // Closed loop (a plan without intended times): places, each with one request, or one session, at
  // a time. Open loop: the most requests in flight, 0: no limit; what is held back by it is sent
  // late, and counted from when it should have been sent.
  int64_t concurrency = 1;
  double abort_share = 0;  // of the requests, for streams: closed after abort_after_tokens events
  int64_t abort_after_tokens = 0;

  LoadTimeouts timeouts;
  double max_seconds = 0;                                // no request is sent later; 0: no limit
  int num_threads = 0;                                   // 0: one for each core
  std::filesystem::path raw_samples_path;                // raw_samples.h; empty: none
  std::function<void(const LoadProgress&)> on_progress;  // on the thread that called RunLoad
  double progress_seconds = 0.2;
  const std::atomic<bool>* stop = nullptr;  // once true, the run ends: what is in flight is aborted
};

}  // namespace redline::lab
