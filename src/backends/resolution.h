// What an engine will really run, known before it starts: each engine's resolver follows the
// engine's own code, and each rewrite names its rule and where that rule stands.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "backends/arguments/argument_table.h"
#include "base/status.h"
#include "spec/hardware_profile.h"

namespace redline::backends {

struct ResolveRequest {
  std::string version;                 // of the engine: one of EngineResolver::versions
  std::vector<std::string> arguments;  // the engine's own, without the program
  std::map<std::string, std::string> environment;
  nlohmann::json model_config;  // the model's config.json; null: not known
  spec::HardwareProfile hardware;
};

// A field the engine will run with another value than it was asked for.
struct Rewrite {
  std::string field;
  nlohmann::json asked;  // the parsed value, the default included
  nlohmann::json got;
  std::string rule;        // in words: "DeepSeek sparse attention runs with pages of 64"
  std::string source;      // "server_args.py: _handle_model_specific_adjustments"
  bool was_given = false;  // whether the arguments named the field
};

// The engine would end with this instead of starting.
struct Refusal {
  std::string stage;    // the engine's step: "argparse", "post_init", "create_engine_config"
  std::string message;  // flag, value and remedy
  std::string field;    // dest or flag, where one is to blame
};

struct EngineResolution {
  nlohmann::json resolved;  // object; names as the engine has them; null: refused before
  std::vector<Rewrite> rewritten;
  std::vector<std::string> warnings;  // what the engine would say, then what changes nothing
  std::vector<std::string> costs;     // of `warnings`, those of what makes it slower than need be
  std::optional<Refusal> error;
};

// {"resolved": {...}, "rewritten": [...], "warnings": [...], "error": null | {...}}
nlohmann::json ToJson(const EngineResolution& resolution);

// How a resolved engine uses the GPUs.
struct Placement {
  int64_t tp_size = 1;
  int64_t pp_size = 1;
  int64_t dp_size = 1;
  int64_t attention_tp_size = 1;  // ranks that share the attention of one request
  int64_t expert_group_size = 1;  // ranks that share what is not attention
  int64_t num_gpus = 1;           // that one replica of the command takes
  double memory_fraction = 0;     // of a GPU, for weights and KV cache
  // ... or of what the weights leave, for the KV cache alone.
  bool fraction_is_of_free = false;
  std::string memory_flag;      // what sets it: "mem_fraction_static"
  std::string kv_cache_dtype;   // as the engine names it
  int64_t longest_request = 0;  // tokens that must fit on a rank, or it does not start; 0: no rule
};

// Of sizes that anybody may have written: 0 when one is not positive, the largest number when the
// product is larger.
int64_t ProductOfSizes(std::initializer_list<int64_t> sizes);

// How one engine is resolved. A plain function table: an engine is one line in
// resolver_registry.cc.
struct EngineResolver {
  std::string_view name;                       // "sglang"
  std::span<const std::string_view> versions;  // the first is the default
  std::string_view extent = {};                // how far it goes; "": as far as the engine itself
  // The command line of one of `versions`.
  const ArgumentTable& (*table)(std::string_view version);
  // The model that the arguments name; "": none, or the arguments cannot be read.
  std::string (*model_of)(const ResolveRequest& request);
  EngineResolution (*resolve)(const ResolveRequest& request);
  // Of a resolution without error.
  Placement (*placement)(const EngineResolution& resolution);
  // The resolved field that an argument sets, where it has another name than the argument's dest
  // and flags; "": it has not. nullptr: no field has.
  std::string_view (*field_of)(std::string_view dest);
  // The command that starts the engine, up to its own arguments: "vllm", "serve".
  std::vector<std::string> (*program)(const std::string& model_path);
};

std::span<const EngineResolver> AllEngineResolvers();

struct EngineVersion {
  const EngineResolver* resolver = nullptr;
  std::string version;
};
// "sglang@0.5.6.post2"; without a version the engine's default. kInvalidArgument with the nearest
// name or version.
Result<EngineVersion> FindEngineVersion(std::string_view name_at_version);

}  // namespace redline::backends
