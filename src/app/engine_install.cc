#include "app/engine_install.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "app/interrupt_watch.h"
#include "app/output.h"
#include "app/progress_line.h"
#include "backends/install/installer.h"
#include "base/clock.h"
#include "base/strings.h"
#include "platform/layout.h"

namespace redline::app {
namespace {

using backends::Installation;
using backends::InstallRecipe;
using nlohmann::json;

// "vllm@0.13.0" -> its two halves. Without a version there is nothing to choose by.
Result<const InstallRecipe*> RecipeNamed(const Arguments& arguments) {
  const std::string name = arguments.Get("ENGINE");
  const size_t at = name.find('@');
  if (at == std::string::npos) return backends::FindInstallRecipe(name, "");
  return backends::FindInstallRecipe(name.substr(0, at), name.substr(at + 1));
}

std::string ProgressText(const InstallRecipe& recipe, const spec::Progress& progress,
                         double seconds) {
  std::string text = fmt::format("{}: {}", recipe.NameAtVersion(), progress.phase);
  constexpr double kLeast = 0.05;
  if (progress.fraction < kLeast || progress.fraction >= 1) return text;
  const double left = seconds * (1 - progress.fraction) / progress.fraction;
  return text +
         fmt::format(" {:.0f}%, about {} left", progress.fraction * 100, FormatDuration(left));
}

Result<Installation> Install(const Arguments& arguments, const InstallRecipe& recipe) {
  const backends::InstallOptions options{.cache_dir = CacheDirOf(arguments),
                                         .python = arguments.Get("python"),
                                         .reinstall = arguments.Has("reinstall")};
  std::stop_source stop;
  InterruptWatch interrupt(stop);
  const MonotonicTime begin = MonotonicNow();
  ProgressLine line;
  return backends::InstallEngine(
      recipe, options,
      [&](const spec::Progress& progress) {
        line.Show(progress.phase, ProgressText(recipe, progress, SecondsSince(begin)));
      },
      stop.get_token());
}

json ToJson(const Installation& each) {
  return {{"name", each.engine},   {"version", each.version},    {"origin", each.origin},
          {"device", each.device}, {"path", each.root.string()}, {"program", each.program},
          {"python", each.python}};
}

// One line of the doctor's.
struct Diagnosis {
  std::string engine;
  Status status;
  json details;
};

Diagnosis Diagnose(const backends::StoredEngine& stored) {
  if (!stored.installation.ok()) return {stored.name, stored.installation.status(), json::object()};
  const Installation& installation = *stored.installation;
  const auto recipe = backends::FindInstallRecipe(installation.engine, installation.version);
  if (!recipe.ok()) return {stored.name, recipe.status(), ToJson(installation)};
  Status status = backends::CheckInstallation(**recipe, installation);
  if (!status.ok())
    status = FailedPrecondition(fmt::format(
        "{}; mend it with: redline engine install {} --reinstall", status.message(), stored.name));
  return {stored.name, status, ToJson(installation)};
}

// `wanted` alone, or all. A check imports the engine, which takes a while.
std::vector<Diagnosis> DiagnoseAll(const std::filesystem::path& cache_dir,
                                   const std::string& wanted) {
  std::vector<Diagnosis> diagnoses;
  ProgressLine line;
  for (const auto& stored : backends::ListInstallations(cache_dir)) {
    if (!wanted.empty() && wanted != stored.name) continue;
    line.Show(stored.name, "checking " + stored.name);
    diagnoses.push_back(Diagnose(stored));
  }
  return diagnoses;
}

}  // namespace

std::filesystem::path CacheDirOf(const Arguments& arguments) {
  return arguments.Has("cache-dir") ? std::filesystem::path(arguments.Get("cache-dir"))
                                    : platform::DefaultCacheDir();
}

Status InstallEngineCommand(const Arguments& arguments) {
  if (!arguments.Has("ENGINE"))
    return InvalidArgument("engine install needs NAME@VERSION; see: redline engine list");
  for (const char* flag : {"path", "python"}) {
    if (arguments.Has(flag) && Trim(arguments.Get(flag)).empty())
      return InvalidArgument(fmt::format("--{} is empty: name one, or leave it out", flag), flag);
  }
  RL_ASSIGN_OR_RETURN(const InstallRecipe* recipe, RecipeNamed(arguments));
  if (arguments.Has("path") && (arguments.Has("python") || arguments.Has("reinstall")))
    return InvalidArgument("--path takes an engine as it is: leave out --python and --reinstall",
                           "path");
  const MonotonicTime begin = MonotonicNow();
  const auto installation =
      arguments.Has("path")
          ? backends::RegisterEngine(*recipe, arguments.Get("path"), CacheDirOf(arguments))
          : Install(arguments, *recipe);
  RL_RETURN_IF_ERROR(installation.status());
  if (PrintedForPrograms(arguments, ToJson(*installation))) return OkStatus();
  fmt::print("{} is installed in {} ({}, {})\n", recipe->NameAtVersion(),
             installation->root.string(),
             installation->origin == "pip" ? "by pip" : "as it was there",
             FormatDuration(SecondsSince(begin)));
  return OkStatus();
}

Status EngineDoctor(const Arguments& arguments) {
  const std::string wanted = arguments.Get("ENGINE");
  json found = json::array();
  std::vector<std::vector<std::string>> rows;
  std::vector<std::string> broken;
  for (const Diagnosis& diagnosis : DiagnoseAll(CacheDirOf(arguments), wanted)) {
    const bool ok = diagnosis.status.ok();
    json entry = diagnosis.details;
    entry["engine"] = diagnosis.engine;
    entry["ok"] = ok;
    entry["problem"] = ok ? json() : json(diagnosis.status.message());
    found.push_back(std::move(entry));
    rows.push_back({diagnosis.engine, ok ? "ok" : "broken",
                    ok ? diagnosis.details.value("path", "") : diagnosis.status.message()});
    if (!ok) broken.push_back(diagnosis.engine);
  }
  if (!wanted.empty() && rows.empty())
    return NotFound(fmt::format("{} is not installed; run: redline engine install {}",
                                Excerpt(wanted), Excerpt(wanted)),
                    "ENGINE");
  if (!PrintedForPrograms(arguments, {{"engines", found}})) {
    if (rows.empty())
      fmt::print("no engine is installed besides the native one, which is part of redline\n");
    else
      fmt::print("{}", FormatTable({"ENGINE", "STATE", "WHERE OR WHY"}, rows));
  }
  if (broken.empty()) return OkStatus();
  return FailedPrecondition(Join(broken, ", ") + (broken.size() == 1 ? " is" : " are") +
                            " not usable");
}

}  // namespace redline::app
