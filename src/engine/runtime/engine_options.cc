#include "engine/runtime/engine_options.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "base/process.h"
#include "base/strings.h"
#include "engine/kernels/registry.h"

namespace redline::engine {
namespace {

// The share of the available memory that the KV pool may take; the rest is for requests, sockets
// and the page cache.
constexpr double kKvMemoryShare = 0.9;
// The same of a pool that nobody gave a size: other programs are there, too. The native backend's
// rule for deployments.
constexpr double kUnaskedMemoryShare = 0.5;
// A pool that cannot hold one sequence of this many tokens (or the model's context, when shorter)
// is not worth serving from.
constexpr int64_t kLeastContext = 256;

constexpr std::array<std::string_view, 2> kSchedulePolicies = {"fcfs", "lpm"};
constexpr std::array<std::string_view, 4> kKvCacheDtypes = {"auto", "f32", "bf16", "fp8_e4m3"};

constexpr auto kKernels = [] {
  std::array<std::string_view, kKernelNames.size() + 1> choices = {"auto"};
  std::copy(kKernelNames.begin(), kKernelNames.end(), choices.begin() + 1);
  return choices;
}();

constexpr std::array<std::string_view, 2> kSpeculativeAlgorithms = {"none", "NGRAM"};

constexpr std::array<EngineOptionField, 14> kFields = {{
    {"max_running_requests", NumberOption{&EngineOptions::max_running_requests, 1, 4096},
     "requests that are decoded together, per rank"},
    {"max_total_tokens", NumberOption{&EngineOptions::max_total_tokens, 0, int64_t{1} << 40},
     "tokens the KV pool of a rank holds; 0: from memory and context_length"},
    {"chunked_prefill_size", NumberOption{&EngineOptions::chunked_prefill_size, 1, 65536},
     "tokens of one step, prefill and decode together"},
    {"context_length", NumberOption{&EngineOptions::context_length, 0, int64_t{1} << 24},
     "tokens of one request, prompt and answer; 0: the model's own"},
    {"page_size", NumberOption{&EngineOptions::page_size, 1, 256},
     "tokens per KV page, a power of two"},
    {"max_queued_requests", NumberOption{&EngineOptions::max_queued_requests, 0, 1 << 20},
     "requests that may wait besides the running ones; more are refused"},
    {"num_threads", NumberOption{&EngineOptions::num_threads, 0, 1024},
     "compute threads of all ranks together; 0: the CPUs this process may use, "
     "one for each rank at least"},
    {"dp_size", NumberOption{&EngineOptions::dp_size, 1, 64},
     "data-parallel ranks, each with a scheduler, a KV pool and threads of its own"},
    {"schedule_policy", ChoiceOption{&EngineOptions::schedule_policy, kSchedulePolicies},
     "who is admitted next: fcfs, first come first served, or lpm, longest cached prefix first"},
    {"kv_cache_dtype", ChoiceOption{&EngineOptions::kv_cache_dtype, kKvCacheDtypes},
     "how keys and values are stored; auto: bf16 for BF16 checkpoints, for quantised ones "
     "with int8 kernels, and with AMX; else f32"},
    {"kernels", ChoiceOption{&EngineOptions::kernels, kKernels},
     "instruction set and arithmetic of the kernels; auto: the last of them that the CPU has, the "
     "fastest for many requests at once (for one, avx512_vnni is faster than amx)"},
    {"speculative_algorithm",
     ChoiceOption{&EngineOptions::speculative_algorithm, kSpeculativeAlgorithms},
     "NGRAM: tokens that followed the same words before are computed along, and kept where right"},
    {"speculative_num_draft_tokens",
     NumberOption{&EngineOptions::speculative_num_draft_tokens, 1, 16},
     "drafts of a request in a step, at most"},
    {"disable_radix_cache", SwitchOption{&EngineOptions::disable_radix_cache},
     "do not keep computed prefixes for later requests"},
}};

std::string Domain(const NumberOption& option) {
  return fmt::format("a whole number from {} to {}", option.min, option.max);
}
std::string Domain(const ChoiceOption& option) {
  return fmt::format("{}", fmt::join(option.choices, ", "));
}
std::string Domain(const SwitchOption&) { return "true or false"; }

bool IsWithin(const NumberOption& option, const EngineOptions& options) {
  return options.*option.member >= option.min && options.*option.member <= option.max;
}
bool IsWithin(const ChoiceOption& option, const EngineOptions& options) {
  return std::find(option.choices.begin(), option.choices.end(), options.*option.member) !=
         option.choices.end();
}
bool IsWithin(const SwitchOption&, const EngineOptions&) { return true; }

std::string Text(const NumberOption& option, const EngineOptions& options) {
  return std::to_string(options.*option.member);
}
std::string Text(const ChoiceOption& option, const EngineOptions& options) {
  return options.*option.member;
}
std::string Text(const SwitchOption& option, const EngineOptions& options) {
  return options.*option.member ? "true" : "false";
}

// False when the text is not of the option's kind.
bool Parse(const NumberOption& option, std::string_view text, EngineOptions& options) {
  const std::optional<int64_t> number = ParseInt64(text);
  options.*option.member = number.value_or(0);
  return number.has_value();
}
bool Parse(const ChoiceOption& option, std::string_view text, EngineOptions& options) {
  options.*option.member = text;
  return true;
}
bool Parse(const SwitchOption& option, std::string_view text, EngineOptions& options) {
  options.*option.member = text == "true";
  return text == "true" || text == "false";
}

Status OutOfDomain(const EngineOptionField& field, std::string_view text) {
  const std::string domain =
      std::visit([](const auto& option) { return Domain(option); }, field.kind);
  return InvalidArgument(fmt::format("{} is \"{}\"; it must be {}", field.name,
                                     EscapeControl(text.substr(0, 64)), domain),
                         std::string(field.name));
}

int64_t RoundUp(int64_t value, int64_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

struct KvBudget {
  uint64_t bytes = 0;
  int64_t bytes_per_token = 0;
  int64_t Tokens() const { return static_cast<int64_t>(bytes) / bytes_per_token; }
};

Status NotEnoughKvMemory(int64_t tokens, const KvBudget& budget, std::string_view remedy) {
  const auto need_bytes = static_cast<uint64_t>(tokens * budget.bytes_per_token);
  return ResourceExhausted(fmt::format(
      "not enough memory for a KV pool of {} tokens: need {} ({} bytes), have {} ({} bytes); {}",
      tokens, FormatBytes(need_bytes), need_bytes, FormatBytes(budget.bytes), budget.bytes,
      remedy));
}

// The pool as asked for, in whole pages.
Result<int64_t> ExplicitPoolTokens(const EngineOptions& requested, const KvBudget& budget) {
  const int64_t tokens = requested.max_total_tokens / requested.page_size * requested.page_size;
  if (tokens < std::max(requested.context_length, requested.page_size)) {
    return InvalidArgument(
        fmt::format(
            "max_total_tokens is {}, too few for one {}; it must be at least {}",
            requested.max_total_tokens,
            requested.context_length > 0
                ? fmt::format("request of context_length {} in pages of {}",
                              requested.context_length, requested.page_size)
                : "page",
            RoundUp(std::max(requested.context_length, requested.page_size), requested.page_size)),
        "max_total_tokens");
  }
  if (tokens > budget.Tokens()) return NotEnoughKvMemory(tokens, budget, "lower max_total_tokens");
  return tokens;
}

// As much as the running requests can ever use, or half of the memory; all of it where one request
// of context_length needs that.
Result<int64_t> PoolTokensFromMemory(const EngineOptions& requested, int64_t context_length,
                                     const KvBudget& budget) {
  const int64_t one_request = RoundUp(context_length, requested.page_size);
  const auto polite_tokens = static_cast<int64_t>(kUnaskedMemoryShare / kKvMemoryShare *
                                                  static_cast<double>(budget.Tokens()));
  const int64_t useful_tokens = requested.max_running_requests * one_request;
  const int64_t wanted_tokens = std::max(std::min(useful_tokens, polite_tokens), one_request);
  const int64_t tokens =
      std::min(wanted_tokens, budget.Tokens()) / requested.page_size * requested.page_size;
  const int64_t least_tokens =
      requested.context_length > 0 ? context_length : std::min(context_length, kLeastContext);
  if (tokens < least_tokens) {
    return NotEnoughKvMemory(RoundUp(least_tokens, requested.page_size), budget,
                             "lower context_length or free memory");
  }
  return tokens;
}

}  // namespace

std::span<const EngineOptionField> EngineOptionFields() { return kFields; }

std::string_view OptionValueName(const EngineOptionField& field) {
  if (field.is_switch()) return "";
  return std::holds_alternative<ChoiceOption>(field.kind) ? "NAME" : "N";
}

std::vector<std::string> OptionChoices(const EngineOptionField& field) {
  const auto* choice = std::get_if<ChoiceOption>(&field.kind);
  if (choice == nullptr) return {};
  return {choice->choices.begin(), choice->choices.end()};
}

std::string OptionText(const EngineOptionField& field, const EngineOptions& options) {
  return std::visit([&](const auto& option) { return Text(option, options); }, field.kind);
}

std::string OptionJson(const EngineOptionField& field, const EngineOptions& options) {
  const bool is_text = std::holds_alternative<ChoiceOption>(field.kind);
  return is_text ? fmt::format("\"{}\"", OptionText(field, options)) : OptionText(field, options);
}

Status SetOption(const EngineOptionField& field, std::string_view text, EngineOptions& options) {
  EngineOptions changed = options;
  const bool good = std::visit(
      [&](const auto& option) { return Parse(option, text, changed) && IsWithin(option, changed); },
      field.kind);
  if (!good) return OutOfDomain(field, text);
  options = std::move(changed);
  return OkStatus();
}

Status ValidateEngineOptions(const EngineOptions& options) {
  for (const EngineOptionField& field : kFields) {
    const bool within =
        std::visit([&](const auto& option) { return IsWithin(option, options); }, field.kind);
    if (!within) return OutOfDomain(field, OptionText(field, options));
  }
  if ((options.page_size & (options.page_size - 1)) != 0) {
    return InvalidArgument(
        fmt::format("page_size is {}; it must be a power of two (16 is usual)", options.page_size),
        "page_size");
  }
  if (options.num_threads > 0 && options.num_threads < options.dp_size) {
    return InvalidArgument(
        fmt::format("num_threads is {}, fewer than the {} data-parallel ranks; raise it or lower "
                    "dp_size",
                    options.num_threads, options.dp_size),
        "num_threads");
  }
  // Every running request decodes in every step: without this some would starve.
  if (options.chunked_prefill_size < options.max_running_requests) {
    return InvalidArgument(
        fmt::format("chunked_prefill_size is {}, below max_running_requests ({}): a step could not "
                    "hold one token of each; raise the first or lower the second",
                    options.chunked_prefill_size, options.max_running_requests),
        "chunked_prefill_size");
  }
  return OkStatus();
}

Result<int64_t> ResolveContextLength(int64_t requested, int64_t of_model) {
  if (requested <= of_model) return requested == 0 ? of_model : requested;
  return InvalidArgument(
      fmt::format("context_length is {}, but the model was made for {}; lower it, or leave it out",
                  requested, of_model),
      "context_length");
}

Result<EngineOptions> ResolveEngineOptions(const EngineOptions& requested,
                                           int64_t model_context_length,
                                           const MemoryFacts& memory) {
  RL_RETURN_IF_ERROR(ValidateEngineOptions(requested));
  EngineOptions options = requested;
  RL_ASSIGN_OR_RETURN(options.context_length,
                      ResolveContextLength(requested.context_length, model_context_length));
  if (options.num_threads == 0)
    options.num_threads = std::max<int64_t>(AvailableCpus(), options.dp_size);

  const KvBudget budget = {
      .bytes = static_cast<uint64_t>(kKvMemoryShare * static_cast<double>(memory.available_bytes)),
      .bytes_per_token = memory.kv_bytes_per_token};
  if (requested.max_total_tokens > 0) {
    RL_ASSIGN_OR_RETURN(options.max_total_tokens, ExplicitPoolTokens(requested, budget));
  } else {
    RL_ASSIGN_OR_RETURN(options.max_total_tokens,
                        PoolTokensFromMemory(requested, options.context_length, budget));
  }
  options.context_length = std::min(options.context_length, options.max_total_tokens);
  return options;
}

}  // namespace redline::engine
