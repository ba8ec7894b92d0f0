#include "app/deploy_plan.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "app/environment.h"
#include "app/library_here.h"
#include "app/output.h"
#include "base/strings.h"
#include "platform/catalog/gpu_plan.h"
#include "platform/catalog/offers.h"
#include "spec/profile.h"

namespace redline::app {
namespace {

using nlohmann::json;
using platform::GpuPlan;

std::string CommandLine(const GpuPlan& plan) {
  std::string line;
  for (const auto& [name, value] : plan.environment) line += name + "=" + ShellWord(value) + " ";
  for (size_t i = 0; i < plan.command.size(); ++i)
    line += (i == 0 ? "" : " ") + ShellWord(plan.command[i]);
  return line;
}

constexpr size_t kValueWidth = 28;

std::string EffectOf(const backends::FlagEffect& flag) {
  constexpr size_t kMost = 4;
  if (flag.needed) return "would not start without it: " + Excerpt(*flag.needed, 80);
  if (flag.HasNoEffect()) return "nothing: the same runs without it";
  if (flag.changes.empty()) return "nothing that is modelled here";
  std::vector<std::string> changes;
  for (const auto& change : flag.changes) {
    if (changes.size() == kMost) break;
    changes.push_back(fmt::format("{} {} -> {}", change.field, CellOf(change.without, kValueWidth),
                                  CellOf(change.with, kValueWidth)));
  }
  std::string text = Join(changes, "; ");
  if (flag.changes.size() > kMost) text += fmt::format("; {} more", flag.changes.size() - kMost);
  return text;
}

json PlanJson(const std::string& model, const GpuPlan& plan) {
  json flags = json::array();
  for (const auto& flag : plan.flags) {
    json changes = json::object();
    for (const auto& change : flag.changes)
      changes[change.field] = {{"without", change.without}, {"with", change.with}};
    flags.push_back({{"flag", Join(flag.words, " ")},
                     {"changes", std::move(changes)},
                     {"no_effect", flag.HasNoEffect()},
                     {"needed", flag.needed ? json(*flag.needed) : json()}});
  }
  json ledger = json::object();
  for (const auto& term : plan.memory.terms) ledger[term.name] = term.num_bytes;
  json document = backends::ToJson(plan.resolution);
  document.update({{"model", model},
                   {"profile", plan.profile},
                   {"engine", plan.engine},
                   {"command", plan.command},
                   {"environment", plan.environment},
                   {"flags", std::move(flags)},
                   {"memory_of_a_gpu", std::move(ledger)},
                   {"gpu_bytes", plan.memory.total_bytes},
                   {"kv_bytes_per_token", plan.memory.kv_bytes_per_token},
                   {"kv_tokens", plan.memory.kv_tokens},
                   {"num_gpus", plan.placement.num_gpus},
                   {"obstacle", plan.obstacle.empty() ? json() : json(plan.obstacle)},
                   {"why", plan.why},
                   {"evidence", spec::ToJson(plan.evidence)}});
  return document;
}

void PrintForPeople(const std::string& model, const std::string& hardware, const GpuPlan& plan) {
  fmt::print("{} on {}, {}:\n\n  {}\n", model, hardware, plan.engine, CommandLine(plan));
  if (plan.resolution.error) return;
  std::vector<std::vector<std::string>> rows;
  for (const auto& flag : plan.flags) rows.push_back({Join(flag.words, " "), EffectOf(flag)});
  if (!rows.empty()) fmt::print("\n{}", FormatTable({"FLAG", "WHAT IT CHANGES"}, rows));
  rows.clear();
  for (const auto& each : plan.resolution.rewritten) {
    if (each.was_given)
      rows.push_back({each.field, CellOf(each.asked, kValueWidth), CellOf(each.got, kValueWidth),
                      each.rule, each.source});
  }
  if (!rows.empty())
    fmt::print("\n{}", FormatTable({"REPLACED", "ASKED", "RUNS", "WHY", "SOURCE"}, rows));
  if (!plan.resolution.warnings.empty()) fmt::print("\n");
  for (const std::string& warning : plan.resolution.warnings)
    fmt::print("warning: {}\n", EscapeControl(Trim(warning)));
  fmt::print("\n");
  for (const std::string& sentence : plan.why) fmt::print("  {}\n", EscapeControl(sentence));
}

}  // namespace

Status ShowDeploymentPlan(const Arguments& arguments) {
  for (const char* flag :
       {"name", "replicas", "model-path", "wait", "timeout", "server", "api-key"}) {
    if (arguments.Has(flag))
      return InvalidArgument(
          fmt::format("--{} says nothing about a plan for --hardware: leave it out", flag), flag);
  }
  if (arguments.Has("engine") && (arguments.Has("profile") || arguments.Has("goal")))
    return InvalidArgument("--engine stands instead of --profile and --goal", "engine");
  if (arguments.Has("set"))
    return InvalidArgument("--set is for the native engine; give flags of this one after --",
                           "set");
  RL_ASSIGN_OR_RETURN(const LibraryHere library, ReadLibraryHere(DataDirOf(arguments)));
  RL_ASSIGN_OR_RETURN(const platform::CatalogEntry* entry,
                      library.catalog.Find(arguments.Get("MODEL")));
  platform::GpuWishes wishes{.hardware = {},
                             .profile = arguments.Get("profile"),
                             .goal = arguments.Get("goal"),
                             .engine = arguments.Get("engine"),
                             .arguments = arguments.GetAll("ARG")};
  RL_ASSIGN_OR_RETURN(wishes.hardware, spec::FindHardwareProfile(arguments.Get("hardware")));
  const auto offers = [&] {
    return OffersFor(library.catalog, *entry, platform::NodeOf(wishes.hardware),
                     {.profile = wishes.profile, .goal = wishes.goal, .engine = wishes.engine});
  };
  const auto planned = PlanOnGpus(*entry, wishes);
  if (planned.status().code() == Code::kNotFound && planned.status().param() != "profile")
    return Status(Code::kNotFound, platform::WithOffers(planned.status().message(), offers()),
                  planned.status().param());
  if (!planned.ok()) return planned.status();
  const GpuPlan& plan = *planned;
  if (!PrintedForPrograms(arguments, PlanJson(entry->name, plan)))
    PrintForPeople(entry->name, wishes.hardware.name, plan);
  if (!plan.obstacle.empty())
    return FailedPrecondition(
        platform::WithOffers(fmt::format("{} would not start on {}: {}", plan.engine,
                                         wishes.hardware.name, plan.obstacle),
                             offers()));
  if (!plan.resolution.error) return OkStatus();
  return InvalidArgument(fmt::format("{} would not start ({}): {}", plan.engine,
                                     plan.resolution.error->stage, plan.resolution.error->message),
                         plan.resolution.error->field);
}

}  // namespace redline::app
