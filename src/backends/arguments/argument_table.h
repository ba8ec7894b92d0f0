// The command line of one version of an engine, as its own parser has it: data, made by importing
// the package's own parser (scripts/engine_arguments.py) and kept as arguments_VERSION.json in the
// engine's folder.
#pragma once

#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/embedded.h"
#include "base/status.h"

namespace redline::backends {

// argparse's actions, as far as the engines use them. kHelp ends the engine before it starts.
enum class ArgumentAction { kStore, kStoreTrue, kStoreFalse, kAppend, kBooleanOptional, kHelp };

// How an argument's text becomes a value; what Python's own conversion takes is taken.
enum class ArgumentType {
  kString,
  kInt,
  kFloat,
  kJson,
  kStringOrJsonObject,      // JSON when it stands in braces
  kHumanReadableInt,        // 32k is 32000, 32K is 32768
  kHumanReadableIntOrAuto,  // the same; "auto" is -1
};

struct Argument {
  std::vector<std::string> flags;  // "--tp-size", "--tensor-parallel-size"; empty: positional
  std::string dest;                // key of the parsed value
  ArgumentAction action = ArgumentAction::kStore;
  ArgumentType type = ArgumentType::kString;
  bool nullable = false;                // "" and "None" are null
  std::string nargs;                    // "": one; "?", "*", "+" or a number
  std::vector<nlohmann::json> choices;  // empty: any
  nlohmann::json default_value;
  nlohmann::json const_value;  // of "?" without a value
  bool required = false;
  std::string renamed_to;  // deprecated: the flag to use; "": not deprecated
};

// As the parser names it in its errors: "--tensor-parallel-size/--tp-size".
std::string NameOf(const Argument& argument);

// Whose rules tell the words apart: Python's argparse or its click.
enum class ArgumentStyle { kArgparse, kClick };

struct ArgumentTable {
  std::string engine;   // "sglang"
  std::string version;  // "0.5.6.post2"
  ArgumentStyle style = ArgumentStyle::kArgparse;
  bool allow_abbrev = true;  // argparse only: click has no abbreviations
  std::vector<Argument> arguments;

  const Argument* FindDest(std::string_view dest) const;  // nullptr: none
  const Argument* FindFlag(std::string_view flag) const;  // the whole flag; nullptr: none
};

// kInvalidArgument, with the entry's index, when the document is not a table:
//   {"engine": "sglang", "version": "0.5.6.post2", "arguments": [
//     {"flags": ["--tp-size"], "dest": "tp_size", "type": "int", "default": 1}, ...]}
// Each key is a field of Argument, "default" and "const" without "_value"; what an entry leaves out
// is the field's default. Actions are "store", "store_true", "store_false", "append",
// "boolean_optional", "help"; types "string", "int", "float", "json", "string_or_json_object",
// "human_readable_int", "human_readable_int_or_auto"; "style" is "argparse" or "click".
Result<ArgumentTable> ArgumentTableFromJson(std::string_view document);

// The tables among an engine's files (arguments_VERSION.json), by version.
using ArgumentTables = std::map<std::string, ArgumentTable, std::less<>>;
ArgumentTables ArgumentTablesIn(std::span<const EmbeddedFile> files);

}  // namespace redline::backends
