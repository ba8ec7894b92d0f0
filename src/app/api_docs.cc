#include "app/api_docs.h"

#include <fmt/format.h>

#include "base/strings.h"
#include "openai/field_table.h"

namespace redline::app {
namespace {

constexpr char kIntroduction[] = R"(# The API

The gateway serves OpenAI's API on its one port (8080 unless told): every request but `/health` needs
`Authorization: Bearer KEY`. An engine started by `redline serve` serves the same paths and more, with
a key only if `--api-key` was given.

| method and path | what | where |
|---|---|---|
| `POST /v1/chat/completions` | answers to a chat; with `stream`, server-sent events that end with `data: [DONE]` | both |
| `POST /v1/completions` | continuations of prompts: texts or token ids | both |
| `GET /v1/models`, `/v1/models/{name}` | what is served | both |
| `GET /health` | 200 when ready (an engine that loads answers 503 with its progress) | both |
| `GET /metrics` | Prometheus text | both |
| `POST /tokenize`, `/detokenize` | token ids of a text or a chat, and back, in vLLM's form | both |
| `GET /server_info` | options as requested and as resolved, parsers, limits, memory | engine |
| `GET /openapi.json` | the engine's API as an OpenAPI 3.1 document | engine |

## Examples

Of an engine that was started by

```
redline serve --model-path model.gguf --served-model-name m --port 8001
```

At the gateway: its port, the deployment's name, and `-H "Authorization: Bearer KEY"`. A chat, and the same
in pieces:

```sh
curl -s http://127.0.0.1:8001/v1/chat/completions -H 'Content-Type: application/json' -d '{
  "model": "m", "temperature": 0, "max_tokens": 32,
  "messages": [{"role": "user", "content": "What is the capital of France?"}]}'
```

```sh
curl -sN http://127.0.0.1:8001/v1/chat/completions -H 'Content-Type: application/json' -d '{
  "model": "m", "max_tokens": 32, "stream": true, "stream_options": {"include_usage": true},
  "messages": [{"role": "user", "content": "Tell me a story."}]}'
```

A call of a tool that must come:

```sh
curl -s http://127.0.0.1:8001/v1/chat/completions -H 'Content-Type: application/json' -d '{
  "model": "m", "temperature": 0, "max_tokens": 128, "tool_choice": "required",
  "messages": [{"role": "user", "content": "How warm is it in Oslo?"}],
  "tools": [{"type": "function", "function": {"name": "get_weather", "parameters": {
    "type": "object", "properties": {"city": {"type": "string", "maxLength": 20}},
    "required": ["city"], "additionalProperties": false}}}]}'
```

An answer that validates against a schema:

```sh
curl -s http://127.0.0.1:8001/v1/chat/completions -H 'Content-Type: application/json' -d '{
  "model": "m", "temperature": 0, "max_tokens": 128,
  "messages": [{"role": "user", "content": "Name a city and how many live there."}],
  "response_format": {"type": "json_schema", "json_schema": {"name": "city", "schema": {
    "type": "object", "required": ["name", "people"], "additionalProperties": false,
    "properties": {"name": {"type": "string", "maxLength": 20},
                   "people": {"type": "integer", "minimum": 0, "maximum": 99999999}}}}}}'
```

Each token with its log-prob and the two likeliest in its place:

```sh
curl -s http://127.0.0.1:8001/v1/chat/completions -H 'Content-Type: application/json' -d '{
  "model": "m", "temperature": 0, "max_tokens": 4, "logprobs": true, "top_logprobs": 2,
  "messages": [{"role": "user", "content": "Hello"}]}'
```

Token ids of a text, and a continuation of token ids:

```sh
curl -s http://127.0.0.1:8001/tokenize -H 'Content-Type: application/json' -d '{
  "model": "m", "prompt": "The sky is"}'
```

```sh
curl -s http://127.0.0.1:8001/v1/completions -H 'Content-Type: application/json' -d '{
  "model": "m", "temperature": 0, "max_tokens": 8, "prompt": [5, 6, 7], "return_token_ids": true}'
```

## Paths and bodies

Another path is a 404, another method a 405 with `Allow`. Bodies are JSON: an engine answers 415 to a
`Content-Type` that says otherwise (none at all is fine).

## Errors

Errors are `{"error": {"message", "type", "param", "code"}}`; `param` names the field, `code` tells apart
what has one status:

| status | code | when |
|---|---|---|
| 400 | `invalid_argument` | a field is outside its domain, or does not go with another |
| 400 | `context_length_exceeded` | the prompt does not fit; also `n_prompt_tokens` (for a text too long to be tokenised, the least it can be) and `n_ctx` |
| 400 | `schema_too_complex` | a schema or grammar takes too much to compile |
| 401 | `invalid_api_key` | no key, or a wrong one |
| 403 | `permission_denied` | the key has not the scope for this |
| 404 | `model_not_found`, `not_found` | no such model, no such path |
| 405, 415 | `method_not_allowed`, `unsupported_media_type` | |
| 413, 431 | `too_large` | a body of more than 64 MiB, headers of more than 32 KiB |
| 429 | `resource_exhausted` | the queue is full; `Retry-After` |
| 500 | `numerical_error`, `internal` | the model's numbers are none; a bug |
| 503 | `engine_unavailable` | loading, shutting down, or no running engine; `Retry-After` |

A stream that is cut ends with an event that holds such an error, and without `[DONE]`.

## Fields

Made from the table that validates (`src/openai/field_table.cc`). A value outside its domain is a 400
that names the field in `param`, before any work is done. `null` means not given. Fields that are not
here are ignored and counted in the engine's `/metrics`. Unless a request says otherwise, the
temperature is 1.

| field | accepts | where |
|---|---|---|
)";

constexpr char kNotes[] = R"(
## Answers

Beyond OpenAI's forms:

* Choices are numbered prompt by prompt: choice i answers prompt i / n. With a `seed`, the k-th answer to
  a prompt draws from seed + k. Chunks of a stream come as tokens do, told apart by `index`; those of one
  choice add up to the choice of an answer that is not streamed.
* `usage` counts each prompt once and the tokens of all answers (the one that ends an answer included);
  `prompt_tokens_details.cached_tokens` came from the prefix cache.
* `stop_reason` (vLLM) is the stop string or the token of `stop_token_ids` that ended a choice. A token of
  which a stop string cut off a part is not in `logprobs`.
* Log-probs are the model's own, before temperature, penalties and bias; -9999.0 stands for minus
  infinity. `logprobs` of a chat hold every token, of reasoning and calls too. An answer that could have
  more than 4 million of them is refused.
* `token_ids`, `prompt_token_ids`, `prompt_logprobs`: as in vLLM, where asked for. The rank of a prompt's
  token is null unless it is among the best that are told.
* A model without a tokenizer takes and gives token ids: text endpoints answer 400, `text` is "", each
  choice has `token_ids`, and log-probs name tokens `token_id:42`.

### What an answer must be

One field at most: `response_format`, `structured_outputs`, `guided_*`, `regex`, `ebnf`, `json_schema`. What
is compiled, and what is not, is llguidance's: most of JSON Schema (of `oneOf` it is not checked that only
one holds), regular expressions in Rust's syntax for the whole answer, Lark grammars whose start rule is
`start`. Unknown keywords are refused, not ignored. Between the tokens of a JSON text come at most two
blanks and four for each level that is open, so that no model writes white space without an end; a schema
says otherwise by `"x-guidance": {"whitespace_pattern": "[ \\n]+"}` (or `whitespace_flexible`,
`item_separator`, `key_separator`). A model that reasons does so first, freely. Tools that
the model may call (`tool_choice: auto`) do not change what the answer must be.

### Tools and reasoning

`redline serve --tool-call-parser NAME --reasoning-parser NAME` say how the model writes calls and marks
reasoning; `auto` takes what its chat template implies (see `/server_info`). A template that shows no tools
gets them in a system message, and calls are plain JSON. Where a template writes calls in a form that no
parser knows, calls that need not come (`auto`) stay content.

* `tool_choice` `auto`: the model decides; what turns out to be no call of one of the tools is content, as
  it stands. `required` and a named function: a grammar makes it a call whose arguments are valid.
* `finish_reason` is `tool_calls` where calls end an answer, and `stop` for a named function (as OpenAI and
  vLLM); an answer that ran out of tokens in a call ends with `length`.
* `parallel_tool_calls: false`: the answer ends before a second call.
* Reasoning is in `reasoning_content`. `separate_reasoning: false` leaves it in `content`,
  `include_reasoning: false` drops it. `reasoning_effort` and `chat_template_kwargs` reach the template.
* Special tokens are text for the parsers: with tools or reasoning `skip_special_tokens` has no effect.

## Metrics

Of an engine, beside their names at SGLang and vLLM:

| here | SGLang | vLLM |
|---|---|---|
| `redline_engine_requests_running` | `sglang:num_running_reqs` | `vllm:num_requests_running` |
| `redline_engine_requests_queued` | `sglang:num_queue_reqs` | `vllm:num_requests_waiting` |
| `redline_engine_kv_pages_used` / `redline_engine_kv_pages_total` | `sglang:token_usage` | `vllm:kv_cache_usage_perc` |
| `redline_engine_kv_pages_cached` | | |
| `redline_engine_prompt_tokens_total` | `sglang:prompt_tokens_total` | `vllm:prompt_tokens_total` |
| `redline_engine_cached_tokens_total` | `sglang:cached_tokens_total` | `vllm:prefix_cache_hits_total` |
| `redline_engine_evicted_pages_total` | | |
| `redline_engine_generation_tokens_total` | `sglang:generation_tokens_total` | `vllm:generation_tokens_total` |
| `redline_engine_computed_tokens_total` | | |
| `redline_engine_draft_tokens_total`, `redline_engine_accepted_draft_tokens_total` | | `vllm:spec_decode_num_draft_tokens_total`, `vllm:spec_decode_num_accepted_tokens_total` |
| `redline_engine_steps_total`, `redline_engine_step_seconds` | | |
| `redline_engine_preemptions_total` | `sglang:num_retracted_reqs` | `vllm:num_preemptions_total` |
| `redline_engine_numerical_errors_total` | | |
| `redline_engine_requests_finished_total{reason}` | `sglang:num_requests_total` | `vllm:request_success_total{finished_reason}` |
| `redline_engine_request_queue_time_seconds` | `sglang:queue_time_seconds` | `vllm:request_queue_time_seconds` |
| `redline_engine_time_to_first_token_seconds` | `sglang:time_to_first_token_seconds` | `vllm:time_to_first_token_seconds` |
| `redline_engine_inter_token_latency_seconds` | `sglang:inter_token_latency_seconds` | `vllm:inter_token_latency_seconds` |
| `redline_engine_e2e_request_latency_seconds` | `sglang:e2e_request_latency_seconds` | `vllm:e2e_request_latency_seconds` |
| `redline_engine_grammar_compile_seconds` | | |
| `redline_engine_unknown_fields_total` | | |
)";

std::string_view NameOf(openai::Endpoint endpoint) {
  switch (endpoint) {
    case openai::Endpoint::kChatCompletions:
      return "chat";
    case openai::Endpoint::kCompletions:
      return "completions";
    case openai::Endpoint::kTokenize:
      return "tokenize";
    case openai::Endpoint::kDetokenize:
      break;
  }
  return "detokenize";
}

std::string FieldRow(const openai::FieldDescription& field) {
  std::vector<std::string> endpoints;
  for (const openai::Endpoint endpoint : field.endpoints) endpoints.emplace_back(NameOf(endpoint));
  return fmt::format("| `{}` | {} | {} |\n", field.name, field.accepts, Join(endpoints, ", "));
}

}  // namespace

std::string ApiMarkdown() {
  std::string text = kIntroduction;
  for (const openai::FieldDescription& field : openai::DescribeFields()) text += FieldRow(field);
  return text + kNotes;
}

}  // namespace redline::app
