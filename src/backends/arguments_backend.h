// What the engines have in common that have a command line of their own (vLLM, SGLang, llama.cpp):
// EngineConfig::arguments is checked by the engine's own table before anything starts, what a node
// without GPUs needs is added unless it was given, and the words go to the engine as they are.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "backends/arguments/argument_parser.h"
#include "backends/backend.h"

namespace redline::backends {

// Settings that Redline makes because nobody gave them. Names in capitals are variables of the
// environment, the others arguments by their dest.
struct Setting {
  std::string name;
  spec::ParameterValue value;
  std::string because;  // "the node has no GPU"
};

// What a rule for such settings sees.
struct SettingsRequest {
  const ParsedArguments& arguments;
  const spec::ModelSpec& model;
  const HardwareFacts& hardware;
};

// An engine as data and small functions.
struct ArgumentsEngine {
  EngineFacts facts;
  // The command line of one of facts.versions.
  const ArgumentTable& (*table)(std::string_view version);
  // What the engine does to the words before its table reads them; nullptr: nothing.
  Result<std::vector<std::string>> (*words)(std::span<const std::string> arguments) = nullptr;
  // What the table does not say of the values; nullptr: nothing.
  Status (*check)(const ParsedArguments& arguments) = nullptr;
  // Dests that are the platform's: address, model, name, key.
  std::vector<std::string> managed;
  // Variables of the environment that would do the same: an API key, of which the gateway knows
  // nothing.
  std::vector<std::string> managed_variables;
  // The engine's arguments for model, name and address, before the user's.
  std::vector<std::string> (*head)(const LaunchPlan& plan);
  std::map<std::string, std::string> environment;  // always
  std::vector<Setting> (*settings)(const SettingsRequest& request);
  std::vector<MemoryTerm> (*memory)(const spec::ModelSpec& model, const spec::Parameters& resolved);
  spec::Parameters (*read_back)(const EngineWords& words);
};

class ArgumentsBackend : public Backend {
 public:
  explicit ArgumentsBackend(ArgumentsEngine engine) : engine_(std::move(engine)) {}

  const EngineFacts& facts() const override { return engine_.facts; }
  Result<const ParameterSchema*> SchemaOf(std::string_view version) const override;
  // `resolved`: what was given, by dest, and the settings.
  Result<Resolution> Resolve(const spec::EngineConfig& config, const spec::ModelSpec& model,
                             const HardwareFacts& hardware) const override;
  Result<spec::Parameters> ReadArguments(std::string_view version,
                                         const std::vector<std::string>& arguments) const override;
  Result<Command> CommandLine(const spec::EngineConfig& config,
                              const LaunchPlan& plan) const override;
  // The arguments that were given, and the variables that stand instead of a setting.
  spec::Parameters Requested(const spec::EngineConfig& config) const override;
  std::vector<MemoryTerm> MemoryTerms(const spec::ModelSpec& model,
                                      const spec::Parameters& resolved) const override;
  spec::Parameters ReadBack(const EngineWords& words) const override;

 private:
  Result<const ArgumentTable*> TableOf(std::string_view version) const;
  // The words as the engine's parser reads them; the platform's may be missing.
  Result<ParsedArguments> Read(std::string_view version,
                               const std::vector<std::string>& arguments) const;
  // The same of a user, who may not give the platform's.
  Result<ParsedArguments> Parse(std::string_view version,
                                const std::vector<std::string>& arguments) const;
  Status CheckManaged(const ArgumentTable& table, const ParsedArguments& parsed) const;

  const ArgumentsEngine engine_;
};

// A number of `parameters`; `otherwise` when it is not there or not a number.
int64_t IntegerOr(const spec::Parameters& parameters, const std::string& name, int64_t otherwise);
// The same of parsed arguments, a dest that was given.
int64_t IntegerOr(const ParsedArguments& arguments, const std::string& dest, int64_t otherwise);

// A JSON value as a parameter: scalars as they are, null is "", the rest as JSON text.
spec::ParameterValue ParameterOf(const nlohmann::json& value);

}  // namespace redline::backends
