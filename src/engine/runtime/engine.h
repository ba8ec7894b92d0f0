// The runtime's public face: submit a request, receive its tokens, cancel it.
//
// One engine thread per data-parallel rank owns that rank's scheduler, KV pages and sequences; all
// methods here are thread-safe and only hand messages over. See README.md, which is normative.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/metrics.h"
#include "base/status.h"
#include "engine/model/model.h"
#include "text/constraint.h"

namespace redline::engine {

// Names and defaults as SGLang's server arguments where it has them. With several data-parallel
// ranks, max_running_requests, max_total_tokens and chunked_prefill_size are each rank's.
struct EngineOptions {
  int64_t max_running_requests = 64;
  int64_t max_total_tokens = 0;        // KV pool, tokens; 0: from memory and context_length
  int64_t chunked_prefill_size = 512;  // token budget of one step, prefill and decode together
  int64_t context_length = 0;          // 0: the model's own
  int64_t page_size = 16;              // positions per KV page
  int64_t max_queued_requests = 1024;
  int64_t num_threads = 0;  // of all ranks together; 0: the CPUs this process may use
  int64_t dp_size = 1;  // data-parallel ranks: schedulers with KV pools and threads of their own
  std::string schedule_policy = "fcfs";        // or "lpm": longest cached prefix first
  std::string kv_cache_dtype = "auto";         // or f32, bf16, fp8_e4m3
  std::string kernels = "auto";                // or a KernelSet's name; auto: as SelectKernels does
  std::string speculative_algorithm = "none";  // or "NGRAM": ngram_drafts.h
  int64_t speculative_num_draft_tokens = 4;
  bool disable_radix_cache = false;  // no prefix cache
};

// Added to a token's logit: -100..100.
struct LogitBias {
  TokenId token = 0;
  float bias = 0;
};

struct SamplingParams {
  double temperature = 1.0;  // 0: greedy
  double top_p = 1.0;
  int64_t top_k = -1;  // -1 or 0: off
  double min_p = 0.0;
  std::optional<uint64_t> seed;  // absent: drawn for this request
  // Penalties as in OpenAI's API: subtracted from the logits of tokens in the answer so far, once,
  // and once per occurrence.
  double presence_penalty = 0.0;   // -2..2
  double frequency_penalty = 0.0;  // -2..2
  // As in Hugging Face: logits of tokens in prompt or answer are divided (positive) or multiplied
  // (negative) by it.
  double repetition_penalty = 1.0;  // 0.01..2
  std::vector<LogitBias> logit_bias;
  int64_t max_tokens = 16;  // 0: only the prompt's log-probs are wanted
  int64_t min_tokens = 0;   // before so many, no stop token can be chosen
  bool ignore_eos = false;
  std::vector<TokenId> stop_token_ids;  // besides the model's EOS ids
  int num_logprobs = -1;                // -1: none; k: chosen token's and the k best, per token
};

struct TokenLogprob {
  TokenId token = 0;
  float logprob = 0;
};

enum class FinishReason { kNone, kStop, kLength, kAbort, kError };

// News of one request: a token, or its end; several in a step where drafts were right. Delivered in
// order, on the engine thread: the receiver must return quickly and must not call back into the
// Engine except Cancel and Finish.
struct TokenEvent {
  std::optional<TokenId> token;        // absent when only the end is told
  std::vector<TokenLogprob> logprobs;  // chosen first, then the best, when asked for
  // On the first event, when asked for: entry i tells of prompt token i + 1 (itself first, then the
  // best in its place). The first token has none.
  std::vector<std::vector<TokenLogprob>> prompt_logprobs;
  FinishReason finish = FinishReason::kNone;
  std::optional<TokenId> stop_token;  // the EOS or stop id that ended it (not in `token`)
  Status error;                       // for kError
  std::string error_code;             // for kError: "numerical_error", or ""
  int64_t prompt_tokens = 0;          // set on the last event
  int64_t completion_tokens = 0;
  int64_t cached_tokens = 0;  // of the prompt, taken from the prefix cache; set on every event
};

using RequestId = uint64_t;
using TokenSink = std::function<void(const TokenEvent&)>;

struct EngineRequest {
  std::vector<TokenId> prompt;
  SamplingParams sampling;
  // As num_logprobs, for the prompt's tokens. Such a request computes its whole prompt.
  int num_prompt_logprobs = -1;
  // Only requests with equal salts share cached pages (a tenant's name, a client's secret).
  std::string cache_salt;
  // What the answer must be, or null. Its mask is computed beside the forward pass.
  std::unique_ptr<text::Constraint> constraint;
};

// What the engine decided at start, for /v1/models, logs and the memory ledger.
struct ResolvedEngine {
  EngineOptions options;  // every 0 replaced by the value used
  std::string isa;        // the KernelSet's name
  int64_t weight_bytes = 0;
  int64_t kv_bytes = 0;
  int64_t activation_bytes = 0;
};

class Engine {
 public:
  // Builds the model, sizes the KV pool against available memory (kResourceExhausted: exact need
  // and have), starts the engine thread. `checkpoint` and `metrics` outlive the engine.
  static Result<std::unique_ptr<Engine>> Start(const Checkpoint& checkpoint,
                                               const EngineOptions& options,
                                               MetricsRegistry& metrics);
  virtual ~Engine() = default;

  // Errors at once: kInvalidArgument (empty prompt, token id out of range, prompt + 1 over
  // context_length: says both numbers), kResourceExhausted (queue full), kUnavailable (draining).
  // Afterwards `sink` gets every event; the last one has finish != kNone. max_tokens is cut to what
  // the context leaves.
  virtual Result<RequestId> Submit(EngineRequest request, TokenSink sink) = 0;
  // Ends a request within one step and frees its pages; its sink gets kAbort. Unknown ids: ignored.
  virtual void Cancel(RequestId id) = 0;
  // As Cancel, for a request whose answer is complete (a stop string was found): its sink gets
  // kStop.
  virtual void Finish(RequestId id) = 0;
  // Stops accepting; returns when all requests ended or the deadline passed (then aborts the rest).
  // Whether all ended by themselves.
  virtual bool Drain(double deadline_seconds) = 0;
  virtual const ResolvedEngine& resolved() const = 0;
  virtual const ModelConfig& model_config() const = 0;
  // Steps completed: liveness is judged by this moving while requests are running.
  virtual uint64_t StepsDone() const = 0;
  virtual int64_t NumRunning() const = 0;
  virtual int64_t NumQueued() const = 0;
  virtual int64_t FreePages() const = 0;
};

}  // namespace redline::engine
