#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "app/commands.h"
#include "app/output.h"
#include "backends/model_configs.h"
#include "backends/resolution.h"
#include "base/files.h"
#include "base/strings.h"
#include "net/json_body.h"
#include "spec/hardware_profile.h"

namespace redline::app {
namespace {

using nlohmann::json;

constexpr uint64_t kMostConfigBytes = uint64_t{4} << 20;

Status ListEngines(const Arguments& arguments) {
  json engines = json::array();
  std::vector<std::vector<std::string>> rows;
  for (const backends::EngineResolver& resolver : backends::AllEngineResolvers()) {
    for (const std::string_view version : resolver.versions) {
      engines.push_back({{"name", resolver.name}, {"version", version}});
      rows.push_back({std::string(resolver.name), std::string(version)});
    }
  }
  if (PrintedForPrograms(arguments, {{"engines", engines}})) return OkStatus();
  fmt::print("{}", FormatTable({"NAME", "VERSION"}, rows));
  return OkStatus();
}

// A model that the catalogue knows, or the path of a config.json or of the folder that holds it.
Result<json> ReadModelConfig(const std::string& model) {
  auto known = backends::FindModelConfig(model);
  if (known.ok()) return known;
  std::error_code error;
  const std::filesystem::path path(model);
  const auto file = std::filesystem::is_directory(path, error) ? path / "config.json" : path;
  if (!std::filesystem::is_regular_file(file, error)) return known.status();
  RL_ASSIGN_OR_RETURN(const std::string text, ReadFile(file, kMostConfigBytes));
  auto config = net::ParseJsonObject(text);
  return config.ok() ? config : config.status().WithContext(file.string());
}

Result<std::map<std::string, std::string>> ReadEnvironment(const Arguments& arguments) {
  std::map<std::string, std::string> environment;
  for (const std::string& setting : arguments.GetAll("env")) {
    const size_t equals = setting.find('=');
    if (equals == std::string::npos || equals == 0)
      return InvalidArgument(fmt::format("--env \"{}\" must be KEY=VALUE", Excerpt(setting)),
                             "env");
    environment[setting.substr(0, equals)] = setting.substr(equals + 1);
  }
  return environment;
}

// Without --model the engine's own argument names it. A list that the engine cannot read names
// none: what is wrong with it is the resolver's to say.
Status SetModel(const Arguments& arguments, const backends::EngineResolver& resolver,
                backends::ResolveRequest& request) {
  const std::string model =
      arguments.Has("model") ? arguments.Get("model") : resolver.model_of(request);
  if (model.empty()) return OkStatus();
  auto config = ReadModelConfig(model);
  if (!config.ok())
    return InvalidArgument(
        config.status().message() + "; give its config.json with --model PATH, before the --",
        "model");
  request.model_config = *std::move(config);
  return OkStatus();
}

Result<backends::ResolveRequest> RequestOf(const Arguments& arguments,
                                           const backends::EngineVersion& engine) {
  backends::ResolveRequest request;
  request.version = engine.version;
  request.arguments = arguments.GetAll("ARG");
  RL_ASSIGN_OR_RETURN(request.environment, ReadEnvironment(arguments));
  if (!arguments.Has("hardware"))
    return InvalidArgument("--hardware is required, such as --hardware H200x8", "hardware");
  RL_ASSIGN_OR_RETURN(request.hardware, spec::FindHardwareProfile(arguments.Get("hardware")));
  RL_RETURN_IF_ERROR(SetModel(arguments, *engine.resolver, request));
  return request;
}

// What was asked for and is not what runs comes first, then what was left to the engine.
void PrintForPeople(const backends::EngineResolution& resolution) {
  constexpr size_t kWidth = 40;
  std::vector<std::vector<std::string>> rows;
  for (const bool was_given : {true, false}) {
    for (const backends::Rewrite& each : resolution.rewritten) {
      if (each.was_given != was_given) continue;
      rows.push_back({each.field, was_given ? CellOf(each.asked, kWidth) : "-",
                      CellOf(each.got, kWidth), each.rule, each.source});
    }
  }
  if (!rows.empty())
    fmt::print("{}", FormatTable({"FIELD", "ASKED", "RUNS", "WHY", "SOURCE"}, rows));
  for (const std::string& warning : resolution.warnings)
    fmt::print("warning: {}\n", EscapeControl(Trim(warning)));
}

Status ResolveEngine(const Arguments& arguments) {
  RL_ASSIGN_OR_RETURN(const backends::EngineVersion engine,
                      backends::FindEngineVersion(arguments.Get("ENGINE")));
  RL_ASSIGN_OR_RETURN(const backends::ResolveRequest request, RequestOf(arguments, engine));
  const backends::EngineResolution resolution = engine.resolver->resolve(request);
  if (!PrintedForPrograms(arguments, backends::ToJson(resolution))) PrintForPeople(resolution);
  if (!resolution.error) return OkStatus();
  return InvalidArgument(
      fmt::format("{} {} would not start ({}): {}", engine.resolver->name, engine.version,
                  resolution.error->stage, resolution.error->message),
      resolution.error->field);
}

Status RunEngineCommand(const Arguments& arguments) {
  const std::string action = arguments.Get("ACTION");
  if (action == "list") return ListEngines(arguments);
  if (action == "resolve") {
    if (arguments.Has("ENGINE")) return ResolveEngine(arguments);
    return InvalidArgument("engine resolve needs NAME@VERSION; see: redline engine list");
  }
  const std::vector<std::string> actions = {"list", "resolve"};
  return InvalidArgument(fmt::format("engine has no action \"{}\"; there are {}{}", Excerpt(action),
                                     Join(actions, " and "), DidYouMean(action, actions)),
                         "ACTION");
}

}  // namespace

Command EngineCommand() {
  return {
      .name = "engine",
      .summary = "what an engine would run with these arguments",
      .description =
          "`redline engine list` shows the engines and versions that are known. `redline engine "
          "resolve NAME@VERSION -- ARGS` says what that engine would make of its arguments on that "
          "hardware, before anything is started: each value it replaces, with the rule and where "
          "it stands, its warnings, or why it would refuse (the exit status is then not 0).",
      .example =
          "redline engine resolve sglang@0.5.6.post2 --hardware H200x8 -- --model-path "
          "DeepSeek-V3.2 --tp-size 8 --dp-size 8",
      .flags = {{"model", "NAME",
                 "a model of the catalogue, or a config.json [the engine's own "
                 "model argument]",
                 ""},
                {"hardware", "GPUxN", "the node's GPUs, such as H200x8 (resolve: required)", ""},
                {.name = "env",
                 .value_name = "K=V",
                 .help = "a variable of the engine's environment; may be repeated",
                 .default_value = "",
                 .repeated = true},
                OutputFlag()},
      .positionals = {{"ACTION", "list or resolve"},
                      {"ENGINE", "NAME@VERSION", false},
                      {.name = "ARG",
                       .help = "after --: the engine's own arguments",
                       .required = false,
                       .repeated = true,
                       .after_dashes = true}},
      .run = RunEngineCommand};
}

}  // namespace redline::app
