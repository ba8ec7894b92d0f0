// The command line of `vllm serve` 0.13.0: from words to a value for each dest.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>

#include "backends/arguments/argument_table.h"
#include "backends/vllm/notes.h"
#include "base/status.h"

namespace redline::backends::vllm {

const ArgumentTable& ServeArgumentTable();

// What the command line said, defaults included. Values have the types of the table.
class ServeArguments {
 public:
  ServeArguments(nlohmann::json values, std::set<std::string> given)
      : values_(std::move(values)), given_(std::move(given)) {}

  const nlohmann::json& At(std::string_view dest) const;  // null: none
  bool IsGiven(std::string_view dest) const { return given_.contains(std::string(dest)); }
  // A flag that is not set, or null, is false, 0 or "".
  bool Flag(std::string_view dest) const;
  int64_t Int(std::string_view dest) const;
  double Number(std::string_view dest) const;
  std::string Text(std::string_view dest) const;
  std::optional<int64_t> MaybeInt(std::string_view dest) const;

 private:
  nlohmann::json values_;
  std::set<std::string> given_;
};

// kInvalidArgument for what vLLM's parser refuses. The model given by position is dest "model".
Result<ServeArguments> ParseServeArguments(std::span<const std::string> arguments, Notes* notes);

}  // namespace redline::backends::vllm
