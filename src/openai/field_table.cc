#include "openai/field_table.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>
#include <variant>

#include "net/json_body.h"

namespace redline::openai {
namespace {

using Json = nlohmann::json;
using Fields = GenerationFields;

constexpr double kMaxInt32 = 2147483647;
constexpr size_t kMaxStops = 4;
constexpr size_t kMaxStopBytes = 1024;

// --- The kinds of rules --------------------------------------------------------------------------

struct NumberRule {
  double min;
  double max;
  bool min_excluded;
  std::optional<double> Fields::*member;
};
struct IntegerRule {
  double min;
  double max;
  std::optional<int64_t> Fields::*member;
};
struct SeedRule {};
struct BoolRule {
  bool Fields::*member;
};
struct StringRule {
  size_t min_bytes;
  size_t max_bytes;
  bool required;
  std::string Fields::*member;
};
struct StopRule {};
struct StreamOptionsRule {};
// Read by the endpoint's own parser.
struct EndpointRule {
  std::string_view accepts;
};
// Accepted and without effect on the answer, whatever the value.
struct NoEffectRule {};
// A feature this version does not have: only the JSON texts in `neutral` (and null) are accepted.
// `min` and `max` are the domain of a number that is not neutral, to name the right mistake.
struct UnsupportedRule {
  std::string_view neutral;  // separated by blanks
  double min = -std::numeric_limits<double>::infinity();
  double max = std::numeric_limits<double>::infinity();
};

using Rule = std::variant<NumberRule, IntegerRule, SeedRule, BoolRule, StringRule, StopRule,
                          StreamOptionsRule, EndpointRule, NoEffectRule, UnsupportedRule>;

enum Where : unsigned { kChat = 1, kCompletion = 2, kBoth = 3 };

struct Row {
  std::string_view name;
  Where where;
  Rule rule;
};

// --- The table -----------------------------------------------------------------------------------

const Row kTable[] = {
    {"model", kBoth, StringRule{1, 256, true, &Fields::model}},
    {"messages", kChat, EndpointRule{"1 to 4096 messages with role and text content"}},
    {"prompt", kCompletion, EndpointRule{"text or a list of token ids"}},
    {"stream", kBoth, BoolRule{&Fields::stream}},
    {"stream_options", kBoth, StreamOptionsRule{}},
    {"temperature", kBoth, NumberRule{0, 2, false, &Fields::temperature}},
    {"top_p", kBoth, NumberRule{0, 1, true, &Fields::top_p}},
    {"top_k", kBoth, IntegerRule{-1, kMaxInt32, &Fields::top_k}},
    {"min_p", kBoth, NumberRule{0, 1, false, &Fields::min_p}},
    {"seed", kBoth, SeedRule{}},
    {"stop", kBoth, StopRule{}},
    {"max_tokens", kBoth, IntegerRule{1, kMaxInt32, &Fields::max_tokens}},
    {"max_completion_tokens", kBoth, IntegerRule{1, kMaxInt32, &Fields::max_completion_tokens}},
    {"ignore_eos", kBoth, BoolRule{&Fields::ignore_eos}},
    {"user", kBoth, StringRule{0, 512, false, &Fields::user}},

    // Bookkeeping on the provider's side.
    {"metadata", kChat, NoEffectRule{}},
    {"store", kChat, NoEffectRule{}},
    {"service_tier", kChat, NoEffectRule{}},
    {"safety_identifier", kChat, NoEffectRule{}},
    {"prompt_cache_key", kChat, NoEffectRule{}},
    {"prompt_cache_retention", kChat, NoEffectRule{}},
    {"parallel_tool_calls", kChat, NoEffectRule{}},  // without tools

    // Features of OpenAI's API that are not here yet.
    {"n", kBoth, UnsupportedRule{"1", 1, 128}},
    {"best_of", kCompletion, UnsupportedRule{"1", 1, 20}},
    {"presence_penalty", kBoth, UnsupportedRule{"0", -2, 2}},
    {"frequency_penalty", kBoth, UnsupportedRule{"0", -2, 2}},
    {"logit_bias", kBoth, UnsupportedRule{"{}"}},
    {"logprobs", kChat, UnsupportedRule{"false"}},
    {"top_logprobs", kChat, UnsupportedRule{"0", 0, 20}},
    {"logprobs", kCompletion, UnsupportedRule{"", 0, 5}},
    {"echo", kCompletion, UnsupportedRule{"false"}},
    {"suffix", kCompletion, UnsupportedRule{R"("")"}},
    {"tools", kChat, UnsupportedRule{"[]"}},
    {"tool_choice", kChat, UnsupportedRule{R"("none" "auto")"}},
    {"functions", kChat, UnsupportedRule{"[]"}},
    {"function_call", kChat, UnsupportedRule{R"("none" "auto")"}},
    {"response_format", kBoth, UnsupportedRule{R"({"type":"text"})"}},
    {"modalities", kChat, UnsupportedRule{R"(["text"])"}},
    {"audio", kChat, UnsupportedRule{""}},
    {"prediction", kChat, UnsupportedRule{""}},
    {"reasoning_effort", kChat, UnsupportedRule{""}},
    {"verbosity", kChat, UnsupportedRule{""}},
    {"web_search_options", kChat, UnsupportedRule{""}},

    // Extensions of vLLM, SGLang and llama.cpp that would change the answer.
    {"repetition_penalty", kBoth, UnsupportedRule{"1"}},
    {"length_penalty", kBoth, UnsupportedRule{"1"}},
    {"repeat_penalty", kBoth, UnsupportedRule{"1"}},
    {"typical_p", kBoth, UnsupportedRule{"1"}},
    {"min_tokens", kBoth, UnsupportedRule{"0"}},
    {"stop_token_ids", kBoth, UnsupportedRule{"[]"}},
    {"stop_regex", kBoth, UnsupportedRule{R"([] "")"}},
    {"no_stop_trim", kBoth, UnsupportedRule{"false"}},
    {"include_stop_str_in_output", kBoth, UnsupportedRule{"false"}},
    {"skip_special_tokens", kBoth, UnsupportedRule{"true"}},
    {"spaces_between_special_tokens", kBoth, UnsupportedRule{"true"}},
    {"add_special_tokens", kBoth, UnsupportedRule{""}},
    {"use_beam_search", kBoth, UnsupportedRule{"false"}},
    {"bad_words", kBoth, UnsupportedRule{"[]"}},
    {"allowed_token_ids", kBoth, UnsupportedRule{""}},
    {"truncate_prompt_tokens", kBoth, UnsupportedRule{""}},
    {"prompt_logprobs", kBoth, UnsupportedRule{""}},
    {"prompt_embeds", kBoth, UnsupportedRule{""}},
    {"cache_salt", kBoth, UnsupportedRule{""}},
    {"lora_path", kBoth, UnsupportedRule{""}},
    {"regex", kBoth, UnsupportedRule{R"("")"}},
    {"ebnf", kBoth, UnsupportedRule{R"("")"}},
    {"grammar", kBoth, UnsupportedRule{R"("")"}},
    {"json_schema", kBoth, UnsupportedRule{"{}"}},
    {"guided_json", kBoth, UnsupportedRule{""}},
    {"guided_regex", kBoth, UnsupportedRule{""}},
    {"guided_choice", kBoth, UnsupportedRule{""}},
    {"guided_grammar", kBoth, UnsupportedRule{""}},
    {"structured_outputs", kBoth, UnsupportedRule{""}},
    {"logits_processors", kBoth, UnsupportedRule{""}},
    {"custom_logit_processor", kBoth, UnsupportedRule{""}},
    {"chat_template", kChat, UnsupportedRule{""}},
    {"chat_template_kwargs", kChat, UnsupportedRule{"{}"}},
    {"add_generation_prompt", kChat, UnsupportedRule{"true"}},
    {"continue_final_message", kChat, UnsupportedRule{"false"}},
    {"separate_reasoning", kChat, UnsupportedRule{"true"}},
    {"documents", kChat, UnsupportedRule{"[]"}},
    {"mm_processor_kwargs", kBoth, UnsupportedRule{"{}"}},
};

// --- Applying one rule ---------------------------------------------------------------------------

Status Wrong(std::string_view param, std::string_view expected, const Json& value) {
  return InvalidArgument(
      fmt::format("{} must be {}, got {}", param, expected, net::JsonExcerpt(value)),
      std::string(param));
}

std::string Describe(const NumberRule& rule) {
  return fmt::format("a number {} {} and at most {}", rule.min_excluded ? "above" : "of at least",
                     rule.min, rule.max);
}
std::string Describe(const IntegerRule& rule) {
  return fmt::format("an integer from {:.0f} to {:.0f}", rule.min, rule.max);
}
std::string Describe(const SeedRule&) { return "an integer from -2^63 to 2^63 - 1"; }
std::string Describe(const BoolRule&) { return "true or false"; }
std::string Describe(const StringRule& rule) {
  return fmt::format("a string of {} to {} bytes", rule.min_bytes, rule.max_bytes);
}
std::string Describe(const StopRule&) {
  return fmt::format("a string or a list of at most {} strings, each of 1 to {} bytes", kMaxStops,
                     kMaxStopBytes);
}
std::string Describe(const StreamOptionsRule&) {
  return "an object with include_usage, and only with stream: true";
}
std::string Describe(const EndpointRule& rule) { return std::string(rule.accepts); }
std::string Describe(const NoEffectRule&) { return "anything; it has no effect on the answer"; }
std::string Describe(const UnsupportedRule& rule) {
  if (rule.neutral.empty()) return "not supported by this version: leave it out";
  return fmt::format("not supported by this version: only {}", rule.neutral);
}

// An integer in any spelling JSON has for it (16, 16.0), when a double holds it exactly.
std::optional<int64_t> AsInteger(const Json& value, double min, double max) {
  if (!value.is_number()) return std::nullopt;
  const double number = value.get<double>();
  if (!(number >= min && number <= max) || number != std::floor(number)) return std::nullopt;
  return static_cast<int64_t>(number);
}

Status Read(const NumberRule& rule, std::string_view name, const Json& value, Fields& fields) {
  const double number = value.is_number() ? value.get<double>() : std::nan("");
  const bool above = rule.min_excluded ? number > rule.min : number >= rule.min;
  if (!above || !(number <= rule.max)) return Wrong(name, Describe(rule), value);
  fields.*rule.member = number;
  return OkStatus();
}

Status Read(const IntegerRule& rule, std::string_view name, const Json& value, Fields& fields) {
  const auto number = AsInteger(value, rule.min, rule.max);
  if (!number) return Wrong(name, Describe(rule), value);
  fields.*rule.member = *number;
  return OkStatus();
}

Status Read(const SeedRule& rule, std::string_view name, const Json& value, Fields& fields) {
  const bool fits = value.is_number_integer() &&
                    !(value.is_number_unsigned() &&
                      value.get<uint64_t>() > uint64_t{std::numeric_limits<int64_t>::max()});
  if (!fits) return Wrong(name, Describe(rule), value);
  fields.seed = value.get<int64_t>();
  return OkStatus();
}

Status Read(const BoolRule& rule, std::string_view name, const Json& value, Fields& fields) {
  if (!value.is_boolean()) return Wrong(name, Describe(rule), value);
  fields.*rule.member = value.get<bool>();
  return OkStatus();
}

Status Read(const StringRule& rule, std::string_view name, const Json& value, Fields& fields) {
  const size_t num_bytes = value.is_string() ? value.get_ref<const std::string&>().size() : 0;
  if (!value.is_string() || num_bytes < rule.min_bytes || num_bytes > rule.max_bytes)
    return Wrong(name, Describe(rule), value);
  fields.*rule.member = value.get<std::string>();
  return OkStatus();
}

Status AddStop(std::string_view name, const Json& value, Fields& fields) {
  const size_t num_bytes = value.is_string() ? value.get_ref<const std::string&>().size() : 0;
  if (num_bytes == 0 || num_bytes > kMaxStopBytes) return Wrong(name, Describe(StopRule()), value);
  fields.stop.push_back(value.get<std::string>());
  return OkStatus();
}

Status Read(const StopRule& rule, std::string_view name, const Json& value, Fields& fields) {
  if (!value.is_array()) return AddStop(name, value, fields);
  if (value.size() > kMaxStops) {
    return InvalidArgument(
        fmt::format("{} must be {}, got {} strings", name, Describe(rule), value.size()),
        std::string(name));
  }
  for (const Json& item : value) RL_RETURN_IF_ERROR(AddStop(name, item, fields));
  return OkStatus();
}

Status Read(const StreamOptionsRule& rule, std::string_view name, const Json& value,
            Fields& fields) {
  if (!value.is_object()) return Wrong(name, Describe(rule), value);
  for (const auto& [key, option] : value.items()) {
    const std::string path = fmt::format("{}.{}", name, key);
    if (key != "include_usage" && key != "include_obfuscation" && key != "continuous_usage_stats") {
      fields.unknown_fields.push_back(path);
      continue;
    }
    if (option.is_null()) continue;
    if (!option.is_boolean()) return Wrong(path, "true or false", option);
    if (key == "include_usage") fields.include_usage = option.get<bool>();
    if (key == "continuous_usage_stats" && option.get<bool>())
      return InvalidArgument(path + " is not supported by this version", path);
  }
  return OkStatus();
}

Status Read(const EndpointRule&, std::string_view, const Json&, Fields&) { return OkStatus(); }
Status Read(const NoEffectRule&, std::string_view, const Json&, Fields&) { return OkStatus(); }

bool IsNeutral(const UnsupportedRule& rule, const Json& value) {
  std::string_view rest = rule.neutral;
  while (!rest.empty()) {
    const size_t end = rest.find(' ');
    if (Json::parse(rest.substr(0, end)) == value) return true;
    rest.remove_prefix(end == rest.npos ? rest.size() : end + 1);
  }
  return false;
}

Status Read(const UnsupportedRule& rule, std::string_view name, const Json& value, Fields&) {
  if (IsNeutral(rule, value)) return OkStatus();
  if (std::isfinite(rule.max)) {
    const double number = value.is_number() ? value.get<double>() : std::nan("");
    if (!(number >= rule.min && number <= rule.max))
      return Wrong(name, fmt::format("a number from {} to {}", rule.min, rule.max), value);
  }
  const std::string hint =
      rule.neutral.empty() ? "leave it out" : fmt::format("only {} is accepted", rule.neutral);
  return InvalidArgument(fmt::format("{} is not supported by this version: {}", name, hint),
                         std::string(name));
}

// --- Reading a body ------------------------------------------------------------------------------

Where BitOf(Endpoint endpoint) {
  return endpoint == Endpoint::kChatCompletions ? kChat : kCompletion;
}

const Row* FindRow(std::string_view name, Endpoint endpoint) {
  for (const Row& row : kTable) {
    if (row.name == name && (row.where & BitOf(endpoint)) != 0) return &row;
  }
  return nullptr;
}

bool Nullable(const Row& row) {
  const auto* text = std::get_if<StringRule>(&row.rule);
  return text == nullptr || !text->required;
}

Status CheckTogether(const Json& body, Fields& fields) {
  if (fields.model.empty())
    return InvalidArgument("model is required: the name of a served model", "model");
  const auto options = body.find("stream_options");
  if (!fields.stream && options != body.end() && !options->is_null())
    return InvalidArgument("stream_options needs stream: true", "stream_options");
  if (fields.max_completion_tokens) fields.max_tokens = fields.max_completion_tokens;
  return OkStatus();
}

}  // namespace

Result<GenerationFields> ReadFields(const Json& body, Endpoint endpoint) {
  Fields fields;
  for (const auto& [name, value] : body.items()) {
    const Row* row = FindRow(name, endpoint);
    if (row == nullptr) {
      fields.unknown_fields.push_back(name);
      continue;
    }
    if (value.is_null() && Nullable(*row)) continue;
    RL_RETURN_IF_ERROR(std::visit(
        [&](const auto& rule) { return Read(rule, row->name, value, fields); }, row->rule));
  }
  RL_RETURN_IF_ERROR(CheckTogether(body, fields));
  return fields;
}

std::vector<FieldDescription> DescribeFields() {
  std::vector<FieldDescription> out;
  for (const Row& row : kTable) {
    out.push_back({std::string(row.name),
                   std::visit([](const auto& rule) { return Describe(rule); }, row.rule),
                   (row.where & kChat) != 0, (row.where & kCompletion) != 0});
  }
  return out;
}

}  // namespace redline::openai
