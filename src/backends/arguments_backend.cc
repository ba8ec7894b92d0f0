#include "backends/arguments_backend.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "base/strings.h"
#include "spec/json.h"

namespace redline::backends {
namespace {

using nlohmann::json;

bool IsVariable(const std::string& name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return std::isupper(c) != 0 || std::isdigit(c) != 0 || c == '_';
  });
}

// The argument as words of a command line; nothing for a switch that is off.
std::vector<std::string> WordsOf(const Argument& argument, const spec::ParameterValue& value) {
  const auto* is_on = std::get_if<bool>(&value);
  const bool takes_value = argument.action == ArgumentAction::kStore;
  if (is_on != nullptr && !takes_value)
    return *is_on ? std::vector<std::string>{argument.flags.front()} : std::vector<std::string>();
  return {argument.flags.front(), FormatValue(value)};
}

}  // namespace

int64_t IntegerOr(const spec::Parameters& parameters, const std::string& name, int64_t otherwise) {
  const auto found = parameters.find(name);
  if (found == parameters.end()) return otherwise;
  const auto* value = std::get_if<int64_t>(&found->second);
  return value != nullptr ? *value : otherwise;
}

int64_t IntegerOr(const ParsedArguments& arguments, const std::string& dest, int64_t otherwise) {
  if (!arguments.given.contains(dest)) return otherwise;
  const json value = arguments.values.value(dest, json());
  return value.is_number_integer() ? value.get<int64_t>() : otherwise;
}

spec::ParameterValue ParameterOf(const json& value) {
  if (value.is_boolean()) return value.get<bool>();
  if (value.is_number_integer()) return value.get<int64_t>();
  if (value.is_number()) return value.get<double>();
  if (value.is_string()) return value.get<std::string>();
  return value.is_null() ? std::string() : spec::DumpJson(value);
}

Result<const ParameterSchema*> ArgumentsBackend::SchemaOf(std::string_view version) const {
  RL_RETURN_IF_ERROR(TableOf(version).status());
  return Unimplemented(facts().name + " has a command line of its own: give its arguments");
}

Result<const ArgumentTable*> ArgumentsBackend::TableOf(std::string_view version) const {
  std::vector<std::string> versions = facts().versions;
  if (version.empty()) return &engine_.table(versions.front());
  versions.insert(versions.end(), facts().versions_to_read.begin(), facts().versions_to_read.end());
  if (std::find(versions.begin(), versions.end(), version) != versions.end())
    return &engine_.table(version);
  return InvalidArgument(
      fmt::format("{} \"{}\" is not known; there is {}{}", facts().name, Excerpt(version),
                  Join(versions, ", "), DidYouMean(version, versions)),
      "version");
}

Result<ParsedArguments> ArgumentsBackend::Read(std::string_view version,
                                               const std::vector<std::string>& arguments) const {
  RL_ASSIGN_OR_RETURN(const ArgumentTable* whole, TableOf(version));
  ArgumentTable table = *whole;
  for (Argument& argument : table.arguments) {
    const auto& managed = engine_.managed;
    if (std::find(managed.begin(), managed.end(), argument.dest) != managed.end())
      argument.required = false;
  }
  std::vector<std::string> words = arguments;
  if (engine_.words != nullptr) {
    RL_ASSIGN_OR_RETURN(words, engine_.words(arguments));
  }
  return ParseArguments(table, words);
}

Result<ParsedArguments> ArgumentsBackend::Parse(std::string_view version,
                                                const std::vector<std::string>& arguments) const {
  RL_ASSIGN_OR_RETURN(const ArgumentTable* table, TableOf(version));
  RL_ASSIGN_OR_RETURN(ParsedArguments parsed, Read(version, arguments));
  RL_RETURN_IF_ERROR(CheckManaged(*table, parsed));
  return parsed;
}

Result<spec::Parameters> ArgumentsBackend::ReadArguments(
    std::string_view version, const std::vector<std::string>& arguments) const {
  RL_ASSIGN_OR_RETURN(const ParsedArguments parsed, Read(version, arguments));
  spec::Parameters given;
  for (const std::string& dest : parsed.given)
    given[dest] = ParameterOf(parsed.values.value(dest, json()));
  return given;
}

Status ArgumentsBackend::CheckManaged(const ArgumentTable& table,
                                      const ParsedArguments& parsed) const {
  for (const std::string& dest : engine_.managed) {
    if (!parsed.given.contains(dest)) continue;
    const Argument* argument = table.FindDest(dest);
    const std::string flag =
        argument == nullptr || argument->flags.empty() ? dest : argument->flags.front();
    return InvalidArgument(
        fmt::format("{} is set by Redline (model, name and address of an engine are the "
                    "platform's): leave it out",
                    flag),
        flag);
  }
  return OkStatus();
}

Result<Resolution> ArgumentsBackend::Resolve(const spec::EngineConfig& config,
                                             const spec::ModelSpec& model,
                                             const HardwareFacts& hardware) const {
  if (!config.requested.empty())
    return InvalidArgument(
        fmt::format("{} takes its own arguments, not parameters: give {} as a flag of {}",
                    facts().name, config.requested.begin()->first, facts().name),
        config.requested.begin()->first);
  RL_ASSIGN_OR_RETURN(const ParsedArguments parsed, Parse(config.version, config.arguments));
  for (const std::string& name : engine_.managed_variables) {
    if (config.environment.contains(name))
      return InvalidArgument(fmt::format("{} is set by Redline: leave it out", name), name);
  }
  const auto& unstarted = facts().versions_to_read;
  if (std::find(unstarted.begin(), unstarted.end(), config.version) != unstarted.end())
    return InvalidArgument(
        fmt::format("{} {} is known by its command line alone; {} can be started", facts().name,
                    config.version, Join(facts().versions, ", ")),
        "engine");
  if (engine_.check != nullptr) RL_RETURN_IF_ERROR(engine_.check(parsed));
  Resolution resolution;
  for (const std::string& dest : parsed.given)
    resolution.resolved[dest] = ParameterOf(parsed.values.value(dest, json()));
  for (const Setting& setting : engine_.settings({parsed, model, hardware})) {
    if (parsed.given.contains(setting.name)) continue;
    const auto asked = config.environment.find(setting.name);
    if (IsVariable(setting.name) && asked != config.environment.end()) {
      const auto number = ParseInt64(asked->second);
      resolution.resolved[setting.name] =
          number ? spec::ParameterValue(*number) : spec::ParameterValue(asked->second);
      continue;
    }
    resolution.resolved[setting.name] = setting.value;
    resolution.notes.push_back(
        fmt::format("{} = {}: {}.", setting.name, FormatValue(setting.value), setting.because));
  }
  return resolution;
}

Result<Command> ArgumentsBackend::CommandLine(const spec::EngineConfig& config,
                                              const LaunchPlan& plan) const {
  RL_ASSIGN_OR_RETURN(const ArgumentTable* table, TableOf(config.version));
  RL_ASSIGN_OR_RETURN(const ParsedArguments parsed, Parse(config.version, config.arguments));
  Command command;
  command.argv = plan.program;
  const auto append = [&](const std::vector<std::string>& words) {
    command.argv.insert(command.argv.end(), words.begin(), words.end());
  };
  append(engine_.head(plan));
  append(config.arguments);
  // Behind a "--" no flag is one. Nothing else stands there: positionals are the platform's.
  if (!config.arguments.empty() && config.arguments.back() == "--") command.argv.pop_back();
  command.env = engine_.environment;
  for (const auto& [name, value] : config.resolved) {
    const Argument* argument = table->FindDest(name);
    if (IsVariable(name)) {
      command.env[name] = FormatValue(value);
    } else if (argument != nullptr && !parsed.given.contains(name)) {
      append(WordsOf(*argument, value));
    }
  }
  for (const auto& [name, value] : config.environment) command.env[name] = value;
  return command;
}

spec::Parameters ArgumentsBackend::Requested(const spec::EngineConfig& config) const {
  const auto parsed = Parse(config.version, config.arguments);
  if (!parsed.ok()) return {};
  spec::Parameters requested;
  for (const std::string& dest : parsed->given)
    requested[dest] = ParameterOf(parsed->values.value(dest, json()));
  for (const auto& [name, value] : config.environment) {
    const auto setting = config.resolved.find(name);
    if (setting != config.resolved.end()) requested.insert(*setting);
  }
  return requested;
}

std::vector<MemoryTerm> ArgumentsBackend::MemoryTerms(const spec::ModelSpec& model,
                                                      const spec::Parameters& resolved) const {
  return engine_.memory(model, resolved);
}

spec::Parameters ArgumentsBackend::ReadBack(const EngineWords& words) const {
  return engine_.read_back(words);
}

}  // namespace redline::backends
