// The fields of a generation request, validated. Values; see field_table.cc for the domain of each.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace redline::openai {

// Prompts times n.
constexpr int64_t kMaxChoicesPerRequest = 128;

struct LogitBias {
  int32_t token = 0;  // 0 to 2^31 - 1; the model's vocabulary is the engine's to check
  double bias = 0;    // -100..100
};

// What the answer must be. Every way to ask for it (response_format, structured_outputs, guided_*,
// regex, ...) ends here; a request has at most one.
struct StructuredOutput {
  enum class Kind {
    kNone,
    kJsonSchema,  // `source` is a schema as JSON text
    kRegex,       // Rust's syntax, for the whole answer
    kLark,        // llguidance's dialect of Lark; the start rule is "start"
  } kind = Kind::kNone;
  std::string source;
  std::string param;  // the field that asked
};

struct Tool {
  std::string name;  // ^[a-zA-Z0-9_.-]{1,64}$, unlike those of the other tools
  std::string description;
  std::string parameters_json;  // a JSON schema as the client wrote it; "{}": any object
  std::string json;             // the whole definition as the client wrote it, for templates
};

struct ToolChoice {
  enum class Kind { kNone, kAuto, kRequired, kNamed } kind = Kind::kNone;
  std::string name;  // of a named one: that of one of the tools
};

// What all endpoints share. An empty optional: the client did not say.
struct GenerationFields {
  std::string model;  // 1 to 256 characters; "" only where it may be left out (/tokenize)
  bool stream = false;
  bool include_usage = false;           // stream_options.include_usage; needs `stream`
  bool continuous_usage_stats = false;  // every chunk tells the usage so far

  std::optional<int64_t> n;                  // answers to each prompt: 1 to 128
  std::optional<double> temperature;         // 0..2; 0 is greedy
  std::optional<double> top_p;               // (0, 1]
  std::optional<int64_t> top_k;              // -1 or 0: off; at most 2^31 - 1
  std::optional<double> min_p;               // 0..1
  std::optional<double> presence_penalty;    // -2..2
  std::optional<double> frequency_penalty;   // -2..2
  std::optional<double> repetition_penalty;  // 0.01..2
  std::vector<LogitBias> logit_bias;         // at most 1024
  std::optional<int64_t> seed;               // any 64-bit integer

  std::vector<std::string> stop;  // at most 4, each of 1 to 1024 characters
  bool include_stop_str_in_output = false;
  std::vector<int32_t> stop_token_ids;  // at most 1024
  bool ignore_eos = false;
  // max_completion_tokens where given, else max_tokens. 0 only with `echo`.
  std::optional<int64_t> max_tokens;
  std::optional<int64_t> max_completion_tokens;  // merged into max_tokens after reading
  std::optional<int64_t> min_tokens;             // at most max_tokens

  // How many of the best tokens to tell beside each token of the answer: 0 to 20. Chat says it with
  // `logprobs` and `top_logprobs`.
  std::optional<int64_t> num_logprobs;
  bool logprobs = false;                // chat; merged into num_logprobs after reading
  std::optional<int64_t> top_logprobs;  // chat; merged into num_logprobs after reading
  std::optional<int64_t> prompt_logprobs;
  bool return_tokens_as_token_ids = false;
  bool return_token_ids = false;
  bool echo = false;
  bool skip_special_tokens = true;
  std::optional<bool> add_special_tokens;
  bool return_token_strs = false;  // /tokenize

  StructuredOutput structured;
  std::vector<Tool> tools;  // at most 128
  ToolChoice tool_choice;   // kNone without tools
  bool parallel_tool_calls = true;

  // Variables for the chat template beside those every template has: name and JSON text.
  std::vector<std::pair<std::string, std::string>> template_variables;
  bool separate_reasoning = true;
  bool include_reasoning = true;
  bool add_generation_prompt = true;
  bool continue_final_message = false;

  std::string cache_salt;
  std::string user;                         // at most 512 characters; no effect on the answer
  std::vector<std::string> unknown_fields;  // names of ignored fields, for a metric
};

}  // namespace redline::openai
