// The command line of one version of an engine, as its own parser has it: data, made by importing
// the package's own parser (scripts/engine_arguments.py) and kept in arguments.json of its folder.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace redline::backends {

// argparse's actions, as far as the engines use them.
enum class ArgumentAction { kStore, kStoreTrue, kStoreFalse, kAppend, kBooleanOptional, kVersion };

// How an argument's text becomes a value; what Python's own conversion takes is taken.
enum class ArgumentType { kString, kInt, kFloat, kBool, kJson, kHumanReadableInt };

struct Argument {
  std::vector<std::string> flags;  // "--tp-size", "--tensor-parallel-size"; empty: positional
  std::string dest;                // key of the parsed value
  ArgumentAction action = ArgumentAction::kStore;
  ArgumentType type = ArgumentType::kString;
  std::string nargs;                    // "": one; "?", "*", "+" or a number
  std::vector<nlohmann::json> choices;  // empty: any
  nlohmann::json default_value;
  nlohmann::json const_value;  // of "?" without a value
  bool required = false;
  std::string renamed_to;  // deprecated: the flag to use; "": not deprecated
};

struct ArgumentTable {
  std::string engine;   // "sglang"
  std::string version;  // "0.5.6.post2"
  std::string program;  // as the parser names itself in its errors
  bool allow_abbrev = true;
  std::vector<Argument> arguments;

  const Argument* FindDest(std::string_view dest) const;  // nullptr: none
};

// kInvalidArgument, with the entry's index, when the document is not a table.
Result<ArgumentTable> ArgumentTableFromJson(std::string_view document);

}  // namespace redline::backends
