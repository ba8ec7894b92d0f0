// The options of `redline serve` as one table: command-line flags, their help and domains, and how
// a value gets into ServeOptions. Pure functions.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "engine/runtime/engine.h"

namespace redline::engine {

struct ServeOptions {
  std::string model_path;
  std::string served_model_name;  // empty: the file's or folder's name
  std::string host = "127.0.0.1";
  int64_t port = 8000;  // 0: any free one
  std::string uds;      // Unix socket to listen on instead
  std::string api_key;  // empty: none is asked for
  // Names of text/output_parser.h, "auto" (what the model's template implies) or "none".
  std::string tool_call_parser = "auto";
  std::string reasoning_parser = "auto";
  EngineOptions engine;
};

struct ServeFlag {
  std::string name;        // without dashes: "model-path"
  std::string value_name;  // "PATH"; empty: a switch, whose value is "true"
  std::string help;
  std::string default_value;  // as text; empty: none
  std::vector<std::string> choices = {};
};
std::vector<ServeFlag> ServeFlags();

// Sets one option from its text, by flag name ("context-length" or "context_length").
// kInvalidArgument naming the flag, the value and what it must be; for an unknown name, the
// nearest.
Status SetServeOption(std::string_view name, std::string_view value, ServeOptions& options);

// What must hold before anything is opened: required options, domains, options against each other.
Status ValidateServeOptions(const ServeOptions& options);

// `served_model_name`, or the model file's stem or folder's name.
std::string ServedModelName(const ServeOptions& options);

}  // namespace redline::engine
