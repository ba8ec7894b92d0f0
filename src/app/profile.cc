// redline profile: what was found here, kept, shown and measured again.
#include <fmt/format.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "app/commands.h"
#include "app/output.h"
#include "app/profile_reproduce.h"
#include "app/profile_text.h"
#include "app/profiles_access.h"
#include "base/files.h"
#include "base/strings.h"
#include "net/json_body.h"
#include "platform/profiles/tuned_profile.h"

namespace redline::app {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

constexpr uint64_t kMostReportBytes = uint64_t{64} << 20;

Status CheckFlags(const Arguments& arguments) {
  const std::string action = arguments.Get("ACTION");
  if (action != "publish")
    RL_RETURN_IF_ERROR(
        RefuseFlags(arguments, {"name", "goal", "virtual-evidence"}, "but with publish"));
  if (action != "reproduce")
    RL_RETURN_IF_ERROR(RefuseFlags(
        arguments, {"rounds", "seed", "report", "dry-run", "force", "cache-dir", "start-timeout"},
        "but with reproduce"));
  return OkStatus();
}

Result<std::string> NeededTarget(const Arguments& arguments, const char* what) {
  if (arguments.Has("TARGET")) return arguments.Get("TARGET");
  return InvalidArgument(fmt::format("redline profile {} needs {}", arguments.Get("ACTION"), what),
                         "TARGET");
}

// A model and a profile of it.
Result<ProfileTarget> NeededProfile(const Arguments& arguments, const ProfilesAccess& access) {
  RL_ASSIGN_OR_RETURN(const std::string text, NeededTarget(arguments, "MODEL/NAME"));
  RL_ASSIGN_OR_RETURN(ProfileTarget target, ProfileTargetOf(access.catalog(), text));
  if (!target.name.empty()) return target;
  return InvalidArgument(fmt::format("\"{}\" names a model: give the profile, too, as {}/NAME; "
                                     "redline profile list {} shows them",
                                     Excerpt(text), target.model, target.model),
                         "TARGET");
}

void PrintProblems(const json& list) {
  for (const json& problem : list.value("problems", json::array()))
    fmt::print(stderr, "warning: left out: {}\n", EscapeControl(problem.get<std::string>()));
}

Result<json> ReadReport(const fs::path& folder) {
  const fs::path file = folder / "result.json";
  auto text = ReadFile(file, kMostReportBytes);
  if (text.status().code() == Code::kNotFound)
    return NotFound(fmt::format("{} has no result.json: give the --report folder of a redline tune "
                                "that has ended (one that was stopped goes on with --resume)",
                                folder.string()),
                    "TARGET");
  if (!text.ok()) return text.status();
  auto result = net::ParseJsonObject(*text);
  return result.ok() ? std::move(result) : result.status().WithContext(file.string());
}

Status Publish(const Arguments& arguments) {
  RL_ASSIGN_OR_RETURN(const std::string folder, NeededTarget(arguments, "the report's folder"));
  RL_ASSIGN_OR_RETURN(const json result, ReadReport(folder));
  RL_ASSIGN_OR_RETURN(ProfilesAccess access, ProfilesAccess::Open(arguments));
  const auto tuned =
      platform::ProfileOfTuneResult(access.catalog(), result,
                                    {.name = arguments.Get("name"),
                                     .goal = arguments.Get("goal"),
                                     .source = fs::weakly_canonical(fs::absolute(folder)).string(),
                                     .accepts_virtual = arguments.Has("virtual-evidence")});
  if (!tuned.ok()) return tuned.status().WithContext(folder);
  RL_ASSIGN_OR_RETURN(const json view, access.Publish(*tuned->entry, tuned->profile));
  if (PrintedForPrograms(arguments, view)) return OkStatus();
  fmt::print(
      "Published:\n\n{}\nIt comes before the library's profiles now. Run it: redline deploy "
      "{} --profile {}\n",
      ProfilePage(view), tuned->entry->name, tuned->profile.name);
  return OkStatus();
}

Status List(const Arguments& arguments) {
  RL_ASSIGN_OR_RETURN(ProfilesAccess access, ProfilesAccess::Open(arguments));
  std::string model;
  if (arguments.Has("TARGET")) {
    RL_ASSIGN_OR_RETURN(const platform::CatalogEntry* entry,
                        access.catalog().Find(arguments.Get("TARGET")));
    model = entry->name;
  }
  RL_ASSIGN_OR_RETURN(const json list, access.List(model));
  PrintProblems(list);
  if (!PrintedForPrograms(arguments, list))
    fmt::print("{}", ProfileTable(list.value("items", json::array())));
  return OkStatus();
}

Status ShowProfiles(const Arguments& arguments) {
  RL_ASSIGN_OR_RETURN(ProfilesAccess access, ProfilesAccess::Open(arguments));
  RL_ASSIGN_OR_RETURN(const std::string text, NeededTarget(arguments, "MODEL or MODEL/NAME"));
  RL_ASSIGN_OR_RETURN(const ProfileTarget target, ProfileTargetOf(access.catalog(), text));
  json shown = json::array();
  if (target.name.empty()) {
    RL_ASSIGN_OR_RETURN(const json list, access.List(target.model));
    PrintProblems(list);
    shown = list.value("items", json::array());
    if (PrintedForPrograms(arguments, shown)) return OkStatus();
  } else {
    RL_ASSIGN_OR_RETURN(const json profile, access.Find(target.model, target.name));
    if (PrintedForPrograms(arguments, profile)) return OkStatus();
    shown.push_back(profile);
  }
  std::string separator;
  for (const json& profile : shown) {
    fmt::print("{}{}", separator, ProfilePage(profile));
    separator = "\n";
  }
  return OkStatus();
}

Status Delete(const Arguments& arguments) {
  RL_ASSIGN_OR_RETURN(ProfilesAccess access, ProfilesAccess::Open(arguments));
  RL_ASSIGN_OR_RETURN(const ProfileTarget target, NeededProfile(arguments, access));
  RL_RETURN_IF_ERROR(access.Delete(target.model, target.name));
  const json done = {{"model", target.model}, {"name", target.name}};
  if (!PrintedForPrograms(arguments, done))
    fmt::print("{}/{} deleted; deployments with it go on\n", target.model, target.name);
  return OkStatus();
}

Status Reproduce(const Arguments& arguments) {
  RL_ASSIGN_OR_RETURN(ProfilesAccess access, ProfilesAccess::Open(arguments));
  RL_ASSIGN_OR_RETURN(const ProfileTarget target, NeededProfile(arguments, access));
  RL_ASSIGN_OR_RETURN(const json view, access.Find(target.model, target.name));
  RL_ASSIGN_OR_RETURN(const spec::Profile profile, spec::ProfileFromJson(view));
  RL_ASSIGN_OR_RETURN(const platform::CatalogEntry* entry, access.catalog().Find(target.model));
  return ReproduceProfile(arguments, *entry, profile);
}

Status RunProfile(const Arguments& arguments) {
  RL_RETURN_IF_ERROR(CheckFlags(arguments));
  const std::string action = arguments.Get("ACTION");
  if (action == "publish") return Publish(arguments);
  if (action == "list") return List(arguments);
  if (action == "show") return ShowProfiles(arguments);
  if (action == "delete") return Delete(arguments);
  if (action == "reproduce") return Reproduce(arguments);
  const std::vector<std::string> actions = {"publish", "list", "show", "delete", "reproduce"};
  return InvalidArgument(
      fmt::format("profile has no action \"{}\"; there are {}{}", Excerpt(action),
                  Join(actions, ", "), DidYouMean(action, actions)),
      "ACTION");
}

std::vector<Flag> ProfileFlags() {
  return WithServerFlags(
      {{"name", "NAME", "publish: of the profile [made of goal and workload]", ""},
       {.name = "goal",
        .value_name = "GOAL",
        .help = "publish: what it is for [the goal it was tuned for]",
        .default_value = "",
        .choices = {"throughput", "latency", "long_context", "balanced"}},
       {"virtual-evidence", "", "publish: a virtual run, too, as a prediction and marked so"},
       {"rounds", "N", "reproduce: rounds in turns [as many as were published]", ""},
       {"seed", "S", "reproduce: decides every request", "1"},
       {"report", "DIR", "reproduce: results and engines' logs go here", "redline-reproduce"},
       {"start-timeout", "SECONDS", "reproduce: a start that takes longer has failed", "600"},
       {"cache-dir", "DIR", "reproduce: where models and engines are kept [REDLINE_CACHE_DIR]", ""},
       {"force", "", "reproduce: on hardware that the profile is not for, too"},
       {"dry-run", "", "reproduce: only show what would be measured"},
       OutputFlag()});
}

}  // namespace

Command ProfileCommand() {
  return {
      .name = "profile",
      .summary = "publish what was tuned, show it with its evidence, measure it again",
      .description =
          "`publish DIR` makes a profile of what `redline tune --report DIR` found: the "
          "configuration with its interval, machine and command. Deployments prefer it to the "
          "library's. `show` says what runs and why to believe it, and what has changed since; "
          "`reproduce` measures it against its baseline in turns again, and its exit status is "
          "1 when the published interval does not come out. Without a running platform this "
          "machine's data directory is used. See docs/tuning.md.",
      .example =
          "redline profile publish redline-tune --name fast\n"
          "redline profile show smollm2-135m-instruct\n"
          "redline profile reproduce smollm2-135m-instruct/fast --dry-run",
      .flags = ProfileFlags(),
      .positionals = {{"ACTION", "publish, list, show, delete or reproduce"},
                      {"TARGET", "publish: the report's folder; else MODEL or MODEL/NAME", false}},
      .run = RunProfile};
}

}  // namespace redline::app
