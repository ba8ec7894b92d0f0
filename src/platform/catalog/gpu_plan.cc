#include "platform/catalog/gpu_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "backends/model_configs.h"
#include "base/strings.h"
#include "platform/catalog/choose.h"
#include "platform/catalog/staleness.h"

namespace redline::platform {
namespace {

std::string RepoOf(const CatalogEntry& entry) {
  for (const spec::ModelSource& source : entry.sources) {
    if (source.kind == "huggingface") return source.repo;
  }
  return entry.name;
}

std::string Described(const spec::Profile& profile) {
  return fmt::format("{} ({}, {} x {})", profile.name,
                     profile.goal.empty() ? "any goal" : profile.goal, profile.hardware.min_devices,
                     profile.hardware.models.empty() ? profile.hardware.device
                                                     : Join(profile.hardware.models, "/"));
}

Status NoProfile(const CatalogEntry& entry, const GpuWishes& wishes) {
  std::vector<std::string> names;
  for (const spec::Profile& profile : entry.profiles) names.push_back(Described(profile));
  return NotFound(
      fmt::format("{} has no profile{} for {}; it has {}. An engine and its arguments can be given "
                  "instead: --engine sglang -- ARGS",
                  entry.name, wishes.goal.empty() ? "" : " for the goal " + wishes.goal,
                  wishes.hardware.name, Join(names, ", ")),
      wishes.goal.empty() ? "hardware" : "goal");
}

// Of those for this hardware and goal, the first that uses most of it; a user's before the
// library's. Without `other`; nullptr: there is none.
const spec::Profile* BestFor(const CatalogEntry& entry, const GpuWishes& wishes,
                             const spec::Profile* other) {
  const spec::Profile* best = nullptr;
  for (const spec::Profile& profile : entry.profiles) {
    if (&profile == other || !IsFor(profile.hardware, wishes.hardware)) continue;
    if (!wishes.goal.empty() && profile.goal != wishes.goal) continue;
    const bool is_behind = best != nullptr && entry.IsUsers(*best) && !entry.IsUsers(profile);
    if (best == nullptr ||
        (!is_behind && profile.hardware.min_devices > best->hardware.min_devices))
      best = &profile;
  }
  return best;
}

std::string OtherwiseSentenceOf(const CatalogEntry& entry, const GpuWishes& wishes,
                                const spec::Profile& chosen) {
  const spec::Profile* next = BestFor(entry, wishes, &chosen);
  if (next == nullptr)
    return fmt::format("Otherwise: {} has no other profile for {}{}.", entry.name,
                       wishes.hardware.name,
                       wishes.goal.empty() ? "" : " with the goal " + wishes.goal);
  return fmt::format("Otherwise: profile {}; {} (--profile {}).", Described(*next),
                     WhyNext(entry, chosen, *next), next->name);
}

Result<const spec::Profile*> ChooseProfile(const CatalogEntry& entry, const GpuWishes& wishes,
                                           std::vector<std::string>& why) {
  if (!wishes.profile.empty()) {
    if (const spec::Profile* profile = entry.FindProfile(wishes.profile)) {
      why.push_back(fmt::format("Profile {}: asked for.", profile->name));
      if (!IsFor(profile->hardware, wishes.hardware))
        why.push_back(fmt::format("It was made for other hardware than {}.", wishes.hardware.name));
      return profile;
    }
    std::vector<std::string> names;
    for (const spec::Profile& profile : entry.profiles) names.push_back(profile.name);
    return NotFound(
        fmt::format("{} has no profile \"{}\"; it has {}{}", entry.name, Excerpt(wishes.profile),
                    Join(names, ", "), DidYouMean(wishes.profile, names)),
        "profile");
  }
  const spec::Profile* chosen = BestFor(entry, wishes, nullptr);
  if (chosen == nullptr) return NoProfile(entry, wishes);
  why.push_back(fmt::format("Profile {}: the first for {}{}.", chosen->name, wishes.hardware.name,
                            wishes.goal.empty() ? "" : " with the goal " + wishes.goal));
  return chosen;
}

void ExplainMemory(const GpuPlan& plan, const spec::HardwareProfile& hardware,
                   std::vector<std::string>& why) {
  const auto size = [](int64_t num_bytes) { return FormatBytes(static_cast<uint64_t>(num_bytes)); };
  if (!plan.obstacle.empty()) return why.push_back("It would not start: " + plan.obstacle + ".");
  if (plan.placement.num_gpus < hardware.num_gpus)
    why.push_back(
        fmt::format("It uses {} of {} GPUs.", plan.placement.num_gpus, hardware.num_gpus));
  std::vector<std::string> terms;
  for (const auto& term : plan.memory.terms)
    terms.push_back(term.name + " " + size(term.num_bytes));
  why.push_back(fmt::format("Memory of a GPU: {} = {} ({} {}), computed.", Join(terms, " + "),
                            size(plan.memory.total_bytes), plan.placement.memory_flag,
                            plan.placement.memory_fraction));
  why.push_back(fmt::format("Room for {} tokens of context at once ({} bytes each on a rank).",
                            plan.memory.kv_tokens, plan.memory.kv_bytes_per_token));
}

}  // namespace

bool IsFor(const spec::HardwareMatch& match, const spec::HardwareProfile& hardware) {
  const std::string gpu = spec::GpuOf(hardware);
  const bool is_model = match.models.empty() || std::find(match.models.begin(), match.models.end(),
                                                          gpu) != match.models.end();
  return match.device == "nvidia" && is_model && match.min_devices <= hardware.num_gpus &&
         match.min_device_memory_bytes <= hardware.gpu_memory_mib << 20;
}

Result<EngineRequest> RequestFor(const CatalogEntry& entry, const spec::EngineConfig& config,
                                 const spec::HardwareProfile& hardware) {
  const std::string name =
      config.version.empty() ? config.engine : config.engine + "@" + config.version;
  RL_ASSIGN_OR_RETURN(const backends::EngineVersion engine, backends::FindEngineVersion(name));
  EngineRequest request{.resolver = engine.resolver, .request = {}};
  request.request.version = engine.version;
  request.request.environment = config.environment;
  request.request.hardware = hardware;
  if (entry.config.empty())
    return NotFound(fmt::format("{} has no config.json in the catalogue, by which {} decides",
                                entry.name, config.engine),
                    "model");
  RL_ASSIGN_OR_RETURN(request.request.model_config, backends::FindModelConfig(entry.config));
  // The program's own words are no arguments of the engine's parser.
  for (const std::string& word : engine.resolver->program(RepoOf(entry))) {
    const bool is_argument = word.starts_with("--") || word == RepoOf(entry);
    if (is_argument) request.request.arguments.push_back(word);
  }
  request.request.arguments.insert(request.request.arguments.end(), config.arguments.begin(),
                                   config.arguments.end());
  return request;
}

Result<GpuPlan> PlanEngine(const CatalogEntry& entry, const spec::EngineConfig& config,
                           const spec::HardwareProfile& hardware, FlagEffects flags) {
  GpuPlan plan;
  RL_ASSIGN_OR_RETURN(const EngineRequest engine, RequestFor(entry, config, hardware));
  plan.engine = fmt::format("{}@{}", engine.resolver->name, engine.request.version);
  plan.environment = config.environment;
  plan.command = engine.resolver->program(RepoOf(entry));
  plan.command.insert(plan.command.end(), config.arguments.begin(), config.arguments.end());
  plan.resolution = engine.resolver->resolve(engine.request);
  if (plan.resolution.error) return plan;
  if (flags == FlagEffects::kExplain)
    plan.flags = ExplainFlags(*engine.resolver, engine.request, plan.resolution);
  plan.placement = engine.resolver->placement(plan.resolution);
  plan.memory =
      backends::MemoryOfGpu(entry.spec, engine.request.model_config, plan.placement, hardware);
  plan.obstacle = WhyItDoesNotFit(plan.memory, plan.placement, hardware);
  ExplainMemory(plan, hardware, plan.why);
  return plan;
}

Result<GpuPlan> PlanOnGpus(const CatalogEntry& entry, const GpuWishes& wishes) {
  std::vector<std::string> why;
  spec::EngineConfig config;
  const spec::Profile* profile = nullptr;
  if (wishes.engine.empty()) {
    RL_ASSIGN_OR_RETURN(profile, ChooseProfile(entry, wishes, why));
    config = profile->engine;
    config.arguments.insert(config.arguments.end(), wishes.arguments.begin(),
                            wishes.arguments.end());
  } else {
    config.engine = wishes.engine;
    config.arguments = wishes.arguments;
    why.emplace_back("Engine and arguments: asked for.");
  }
  RL_ASSIGN_OR_RETURN(GpuPlan plan,
                      PlanEngine(entry, config, wishes.hardware, FlagEffects::kExplain));
  plan.why.insert(plan.why.begin(), why.begin(), why.end());
  if (profile != nullptr) {
    plan.profile = profile->name;
    plan.evidence = profile->evidence;
    plan.evidence.stale = StaleReasons(*profile, SurroundingsOf(*profile, nullptr));
  }
  if (plan.resolution.error) return plan;
  const auto sentences = EvidenceSentences(plan.evidence);
  plan.why.insert(plan.why.end(), sentences.begin(), sentences.end());
  if (profile != nullptr && wishes.profile.empty())
    plan.why.push_back(OtherwiseSentenceOf(entry, wishes, *profile));
  return plan;
}

}  // namespace redline::platform
