// The engine's options as a table: the one list behind validation, command-line flags and
// /server_info. Pure functions.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/status.h"
#include "engine/runtime/engine.h"

namespace redline::engine {

// A whole number, both ends of the domain included.
struct NumberOption {
  int64_t EngineOptions::*member;
  int64_t min;
  int64_t max;
};
// One of a few names.
struct ChoiceOption {
  std::string EngineOptions::*member;
  std::span<const std::string_view> choices;
};
// Off unless given.
struct SwitchOption {
  bool EngineOptions::*member;
};

struct EngineOptionField {
  std::string_view name;  // "max_running_requests"
  std::variant<NumberOption, ChoiceOption, SwitchOption> kind;
  std::string_view help;
  bool is_switch() const { return std::holds_alternative<SwitchOption>(kind); }
};

std::span<const EngineOptionField> EngineOptionFields();

// What stands for a field's value in help: "N", "NAME"; "" for switches.
std::string_view OptionValueName(const EngineOptionField& field);
// What a choice chooses from; else empty.
std::vector<std::string> OptionChoices(const EngineOptionField& field);
// A field's value as text ("true" and "false" for switches), and as JSON.
std::string OptionText(const EngineOptionField& field, const EngineOptions& options);
std::string OptionJson(const EngineOptionField& field, const EngineOptions& options);
// Sets a field from its text. kInvalidArgument naming the field, the value and what it must be.
Status SetOption(const EngineOptionField& field, std::string_view text, EngineOptions& options);

// Each field against its domain, then the fields against each other. The error names the field, the
// value and the remedy.
Status ValidateEngineOptions(const EngineOptions& options);

// The context a model made for `of_model` tokens serves when `requested` are asked for (0: its
// own). kInvalidArgument when that is more than it was made for.
Result<int64_t> ResolveContextLength(int64_t requested, int64_t of_model);

// Bytes, all measured before the KV pool is allocated.
struct MemoryFacts {
  uint64_t available_bytes = 0;  // what each rank may still use
  int64_t kv_bytes_per_token = 0;
};

// Replaces every 0: context_length by the model's (or what the KV pool holds, when that is less),
// max_total_tokens by what max_running_requests sequences of context_length can ever use, or half
// of the available memory when that is less (up to 90% for the first of them), in whole pages. So a
// request that fits context_length always fits the pool. kInvalidArgument: asked for more context
// than the model has; kResourceExhausted: the pool cannot be had, with need and have.
Result<EngineOptions> ResolveEngineOptions(const EngineOptions& requested,
                                           int64_t model_context_length, const MemoryFacts& memory);

}  // namespace redline::engine
