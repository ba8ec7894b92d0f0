// The modules that a checkpoint's configuration keeps from quantisation, in the ways in which
// publishers name them: "model.layers.3.mlp.gate", "lm_head", "model.layers.0.self_attn*" and
// "re:.*mlp\\.(gate|up)_proj.*".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "base/status.h"
#include "planner/model/weight_format.h"

namespace redline::planner {

class ModulePatterns {
 public:
  // kInvalidArgument for a pattern that is too long, one too many, or an expression that uses more
  // than `.`, `.*`, an escaped character and a group of alternatives.
  Status Add(std::string_view pattern);

  // Whether a pattern names the module or one around it.
  bool Match(std::string_view module_path) const;

  // The modules of "model.layers.7" that are named, whatever its publisher calls them.
  ModuleSet MatchLayer(std::string_view layer_path) const;

 private:
  Status AddExpression(std::string_view expression);
  Status AddGlob(std::string glob);
  bool HasRunOf(std::string_view module_path) const;

  std::unordered_set<std::string> names_;
  std::vector<std::string> globs_;  // kAnything and kAnyByte stand for what they say
};

}  // namespace redline::planner
