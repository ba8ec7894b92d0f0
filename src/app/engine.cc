#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <nlohmann/json.hpp>

#include "app/commands.h"
#include "app/engine_install.h"
#include "app/environment.h"
#include "app/output.h"
#include "backends/backend.h"
#include "backends/install/engine_store.h"
#include "backends/install/recipe.h"
#include "backends/model_configs.h"
#include "backends/resolution.h"
#include "base/files.h"
#include "base/strings.h"
#include "base/version.h"
#include "net/json_body.h"
#include "spec/hardware_profile.h"

namespace redline::app {
namespace {

using nlohmann::json;

constexpr uint64_t kMostConfigBytes = uint64_t{4} << 20;

// What Redline can do with a version of an engine.
struct EngineRow {
  bool is_resolved = false;
  std::string extent;  // of what is resolved; "": as far as the engine itself
  bool can_be_installed = false;
  std::string installed;  // where, or "installing", "broken"; "": it is not

  std::string Extent() const {
    if (!extent.empty()) return extent;
    return is_resolved ? "yes" : "arguments only";
  }
};

std::map<std::string, EngineRow> KnownEngines(const std::filesystem::path& cache_dir) {
  std::map<std::string, EngineRow> rows;
  for (const backends::Backend* backend : backends::AllBackends()) {
    if (backend->facts().is_built_in) continue;
    for (const auto& versions : {backend->facts().versions, backend->facts().versions_to_read}) {
      for (const std::string& version : versions)
        rows[fmt::format("{}@{}", backend->facts().name, version)];
    }
  }
  for (const backends::EngineResolver& resolver : backends::AllEngineResolvers()) {
    for (const std::string_view version : resolver.versions) {
      EngineRow& row = rows[fmt::format("{}@{}", resolver.name, version)];
      row.is_resolved = resolver.extent.empty();
      row.extent = resolver.extent;
    }
  }
  for (const auto& recipe : backends::AllInstallRecipes())
    rows[recipe.NameAtVersion()].can_be_installed = true;
  for (const auto& stored : backends::ListInstallations(cache_dir)) {
    const auto known = rows.find(stored.name);
    if (known == rows.end()) continue;
    // What did not come to its end is not there.
    if (stored.installation.status().code() == Code::kNotFound) {
      if (backends::IsBeingInstalled(cache_dir, stored.name))
        known->second.installed = "installing";
      continue;
    }
    known->second.installed =
        stored.installation.ok() ? stored.installation->root.string() : std::string("broken");
  }
  return rows;
}

Status ListEngines(const Arguments& arguments) {
  const auto yes_or_no = [](bool is) { return std::string(is ? "yes" : "-"); };
  json engines = json::array();
  std::vector<std::vector<std::string>> rows = {
      {"native", kVersion, "yes", "-", "part of redline"}};
  engines.push_back({{"name", "native"},
                     {"version", kVersion},
                     {"resolved", true},
                     {"extent", "yes"},
                     {"can_be_installed", false},
                     {"installed", "part of redline"}});
  for (const auto& [name, row] : KnownEngines(CacheDirOf(arguments))) {
    const size_t at = name.find('@');
    engines.push_back({{"name", name.substr(0, at)},
                       {"version", name.substr(at + 1)},
                       {"resolved", row.is_resolved},
                       {"extent", row.Extent()},
                       {"can_be_installed", row.can_be_installed},
                       {"installed", row.installed.empty() ? json() : json(row.installed)}});
    rows.push_back({name.substr(0, at), name.substr(at + 1), row.Extent(),
                    yes_or_no(row.can_be_installed), row.installed.empty() ? "no" : row.installed});
  }
  if (PrintedForPrograms(arguments, {{"engines", engines}})) return OkStatus();
  fmt::print("{}", FormatTable({"NAME", "VERSION", "RESOLVED", "INSTALLABLE", "INSTALLED"}, rows));
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
  RL_ASSIGN_OR_RETURN(request.environment, EnvironmentOf(arguments));
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

// A version without a resolver whose command line is known: given words are checked, what the
// engine makes of them is not.
Status ResolveByTable(const Arguments& arguments, const backends::Backend& backend) {
  const std::string name = arguments.Get("ENGINE");
  const std::string version = name.substr(std::min(name.size(), name.find('@') + 1));
  if (version.empty())
    return InvalidArgument(fmt::format("engine resolve needs a version, such as {}@{}",
                                       backend.facts().name, backend.facts().versions.front()),
                           "ENGINE");
  const Status known = backend.SchemaOf(version).status();
  if (known.code() == Code::kInvalidArgument) return known;
  for (const char* flag : {"model", "env"}) {
    if (arguments.Has(flag))
      return InvalidArgument(fmt::format("--{} changes nothing for {}, of which only the command "
                                         "line is checked: leave it out",
                                         flag, name),
                             flag);
  }
  if (arguments.Has("hardware"))
    RL_RETURN_IF_ERROR(spec::FindHardwareProfile(arguments.Get("hardware")).status());
  backends::EngineResolution resolution;
  const auto given = backend.ReadArguments(version, arguments.GetAll("ARG"));
  if (given.ok()) {
    resolution.resolved = spec::ToJson(*given);
  } else {
    resolution.error =
        backends::Refusal{"argparse", given.status().message(), given.status().param()};
  }
  resolution.warnings.push_back(fmt::format(
      "of {} only the command line is checked: what it replaces is not known here", name));
  if (!PrintedForPrograms(arguments, backends::ToJson(resolution))) PrintForPeople(resolution);
  if (!resolution.error) return OkStatus();
  return InvalidArgument(
      fmt::format("{} would not start (argparse): {}", name, resolution.error->message),
      resolution.error->field);
}

Status ResolveEngine(const Arguments& arguments) {
  const auto found = backends::FindEngineVersion(arguments.Get("ENGINE"));
  if (!found.ok()) {
    const std::string name = arguments.Get("ENGINE");
    const auto backend = backends::FindBackend(ToLower(name.substr(0, name.find('@'))));
    if (backend.ok() && !(*backend)->facts().is_built_in)
      return ResolveByTable(arguments, **backend);
  }
  RL_ASSIGN_OR_RETURN(const backends::EngineVersion engine, found);
  RL_ASSIGN_OR_RETURN(const backends::ResolveRequest request, RequestOf(arguments, engine));
  const backends::EngineResolution resolution = engine.resolver->resolve(request);
  if (!PrintedForPrograms(arguments, backends::ToJson(resolution))) PrintForPeople(resolution);
  if (!resolution.error) return OkStatus();
  return InvalidArgument(
      fmt::format("{} {} would not start ({}): {}", engine.resolver->name, engine.version,
                  resolution.error->stage, resolution.error->message),
      resolution.error->field);
}

Status ResolveNamedEngine(const Arguments& arguments) {
  if (arguments.Has("ENGINE")) return ResolveEngine(arguments);
  return InvalidArgument("engine resolve needs NAME@VERSION; see: redline engine list");
}

// What `redline engine` does, and which of its words each action reads.
struct EngineAction {
  std::string name;
  Status (*run)(const Arguments& arguments);
  std::vector<std::string> reads;
};

const std::vector<EngineAction>& EngineActions() {
  static const std::vector<EngineAction> actions = {
      {"list", ListEngines, {"cache-dir"}},
      {"install", InstallEngineCommand, {"ENGINE", "path", "python", "reinstall", "cache-dir"}},
      {"doctor", EngineDoctor, {"ENGINE", "cache-dir"}},
      {"resolve", ResolveNamedEngine, {"ENGINE", "ARG", "model", "hardware", "env"}},
  };
  return actions;
}

// A word that the action would ignore is refused.
Status CheckWordsOf(const EngineAction& action, const Arguments& arguments) {
  for (const char* word :
       {"ENGINE", "ARG", "model", "hardware", "env", "path", "python", "reinstall", "cache-dir"}) {
    const bool is_read =
        std::find(action.reads.begin(), action.reads.end(), word) != action.reads.end();
    if (is_read || !arguments.Has(word)) continue;
    const bool is_flag = std::islower(static_cast<unsigned char>(word[0])) != 0;
    return InvalidArgument(fmt::format("engine {} takes no {}{}: leave it out", action.name,
                                       is_flag ? "--" : "", word),
                           word);
  }
  return OkStatus();
}

Status RunEngineCommand(const Arguments& arguments) {
  const std::string wanted = arguments.Get("ACTION");
  std::vector<std::string> names;
  for (const EngineAction& action : EngineActions()) {
    names.push_back(action.name);
    if (action.name != wanted) continue;
    RL_RETURN_IF_ERROR(CheckWordsOf(action, arguments));
    return action.run(arguments);
  }
  return InvalidArgument(fmt::format("engine has no action \"{}\"; there are {}{}", Excerpt(wanted),
                                     Join(names, ", "), DidYouMean(wanted, names)),
                         "ACTION");
}

}  // namespace

Command EngineCommand() {
  return {
      .name = "engine",
      .summary = "install engines; what one would run with these arguments",
      .description =
          "`redline engine list` shows the engines and versions that are known. `redline engine "
          "install NAME@VERSION` installs one into a virtual environment of its own, with every "
          "package in the version it was tried with; what was interrupted goes on where it was. "
          "`redline engine doctor` checks what is installed. `redline engine resolve NAME@VERSION "
          "-- ARGS` says what that engine would make of its arguments on that "
          "hardware, before anything is started: each value it replaces, with the rule and where "
          "it stands, its warnings, or why it would refuse (the exit status is then not 0).",
      .example =
          "redline engine install vllm@0.13.0\n"
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
                {"path", "DIR",
                 "install: take the engine that is there, its virtual environment or program", ""},
                {"python", "PROGRAM", "install: the Python to use [the first on PATH that fits]",
                 ""},
                {"reinstall", "", "install: also when it is installed already", ""},
                {"cache-dir", "DIR", "where engines are kept [REDLINE_CACHE_DIR]", ""},
                OutputFlag()},
      .positionals = {{"ACTION", "list, install, doctor or resolve"},
                      {"ENGINE", "NAME@VERSION", false},
                      {.name = "ARG",
                       .help = "after --: the engine's own arguments",
                       .required = false,
                       .repeated = true,
                       .after_dashes = true}},
      .run = RunEngineCommand};
}

}  // namespace redline::app
