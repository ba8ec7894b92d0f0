#include "backends/launch/launch_files.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/files.h"
#include "base/strings.h"
#include "net/json_body.h"

namespace redline::backends {
namespace {

using nlohmann::json;

constexpr uint64_t kMaxFileBytes = 1 << 20;

Result<json> ReadJson(const std::filesystem::path& path) {
  RL_ASSIGN_OR_RETURN(const std::string text, ReadFile(path, kMaxFileBytes));
  auto parsed = net::ParseJsonObject(text);
  if (!parsed.ok()) return DataLoss(path.string() + ": " + parsed.status().message());
  return parsed;
}

json ToJson(const ProcessName& process) {
  return {{"pid", process.pid}, {"start_time", process.start_time}};
}

json ToJson(const EngineExit& exit) {
  return {{"description", exit.description},
          {"code", exit.code ? json(*exit.code) : json(nullptr)},
          {"out_of_memory", exit.out_of_memory},
          {"requested", exit.requested},
          {"at_ms", exit.at_ms}};
}

ProcessName ProcessFrom(const json& object) {
  return {object.at("pid").get<pid_t>(), object.at("start_time").get<uint64_t>()};
}

EngineExit ExitFrom(const json& object) {
  EngineExit exit;
  exit.description = object.at("description").get<std::string>();
  if (!object.at("code").is_null()) exit.code = object.at("code").get<int>();
  exit.out_of_memory = object.at("out_of_memory").get<bool>();
  exit.requested = object.at("requested").get<bool>();
  exit.at_ms = object.at("at_ms").get<int64_t>();
  return exit;
}

LaunchState StateFrom(const json& object) {
  LaunchState state;
  state.boot_id = object.at("boot_id").get<std::string>();
  state.shim = ProcessFrom(object.at("shim"));
  state.engine = ProcessFrom(object.at("engine"));
  state.generation = object.at("generation").get<int64_t>();
  state.started_at_ms = object.at("started_at_ms").get<int64_t>();
  if (!object.at("exit").is_null()) state.exit = ExitFrom(object.at("exit"));
  return state;
}

LaunchSpec SpecFrom(const json& object) {
  LaunchSpec spec;
  spec.argv = object.at("argv").get<std::vector<std::string>>();
  spec.env = object.at("env").get<std::map<std::string, std::string>>();
  spec.generation = object.at("generation").get<int64_t>();
  spec.log_path = object.at("log_path").get<std::string>();
  spec.grace_seconds = object.at("grace_seconds").get<double>();
  spec.stops_with = object.value("stops_with", pid_t{0});
  return spec;
}

// nlohmann reports a missing key or a wrong type by throwing: turned into a Status here.
template <typename Parse>
auto Checked(const std::filesystem::path& path, const json& object, Parse parse)
    -> Result<decltype(parse(object))> {
  try {
    return parse(object);
  } catch (const json::exception& error) {
    return DataLoss(fmt::format("{}: {}", path.string(), error.what()));
  }
}

std::string Dump(const json& object) {
  return object.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

}  // namespace

Status WriteLaunchSpec(const LaunchFiles& files, const LaunchSpec& spec) {
  const json object = {{"argv", spec.argv},
                       {"env", spec.env},
                       {"generation", spec.generation},
                       {"log_path", spec.log_path.string()},
                       {"grace_seconds", spec.grace_seconds},
                       {"stops_with", spec.stops_with}};
  return WriteFileAtomic(files.spec(), Dump(object), 0600);
}

Result<LaunchSpec> ReadLaunchSpec(const LaunchFiles& files) {
  RL_ASSIGN_OR_RETURN(const json object, ReadJson(files.spec()));
  return Checked(files.spec(), object, SpecFrom);
}

Status WriteLaunchState(const LaunchFiles& files, const LaunchState& state) {
  const json object = {{"boot_id", state.boot_id},
                       {"shim", ToJson(state.shim)},
                       {"engine", ToJson(state.engine)},
                       {"generation", state.generation},
                       {"started_at_ms", state.started_at_ms},
                       {"exit", state.exit ? ToJson(*state.exit) : json(nullptr)}};
  return WriteFileAtomic(files.state(), Dump(object), 0600);
}

Result<LaunchState> ReadLaunchState(const LaunchFiles& files) {
  RL_ASSIGN_OR_RETURN(const json object, ReadJson(files.state()));
  return Checked(files.state(), object, StateFrom);
}

std::string BootId() {
  auto text = ReadFile("/proc/sys/kernel/random/boot_id", 256);
  return text.ok() ? std::string(Trim(*text)) : std::string();
}

std::string LaunchTag(const std::filesystem::path& dir, int64_t generation) {
  return fmt::format("{}#{}", dir.string(), generation);
}

}  // namespace redline::backends
