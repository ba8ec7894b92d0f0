#include "platform/profiles/tuned_profile.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "backends/native/native.h"
#include "base/strings.h"
#include "net/json_body.h"
#include "platform/catalog/gpu_plan.h"
#include "platform/profiles/profile_store.h"
#include "spec/hardware_profile.h"
#include "spec/json.h"
#include "spec/json_fields.h"

namespace redline::platform {

// ---- result.json, as far as a profile is made of it (lab/tune/tune_json.cc writes it)

struct TunedConfiguration {
  std::string engine;
  std::vector<std::string> arguments;
  std::map<std::string, std::string> environment;

  bool operator==(const TunedConfiguration&) const = default;
};

struct TunedRun {
  std::string fault;
  std::map<std::string, double> figures;
};

struct TunedTrial {
  TunedConfiguration configuration;
  std::vector<TunedRun> runs;
  std::string resolved;
};

struct TunedRounds {
  std::vector<double> baseline;
  std::vector<double> winner;
};

struct TuneResultFile {
  std::string model;
  std::string workload;
  std::string hardware;
  bool is_virtual = false;
  std::string goal;
  bool has_winner = false;
  TunedConfiguration winner;
  TunedConfiguration baseline;
  double ratio = 0;
  double low = 0;
  double high = 0;
  double confidence = 0;
  TunedRounds last_comparison;
  std::string ended_by;
  std::vector<TunedTrial> trial_log;
  std::string command;
  std::map<std::string, std::string> environment;
  std::string date;
};

template <typename Visitor>
void VisitFields(Visitor& visit, spec::Is<TunedConfiguration> auto& configuration) {
  visit("engine", configuration.engine);
  visit("arguments", configuration.arguments);
  visit("environment", configuration.environment);
}
template <typename Visitor>
void VisitFields(Visitor& visit, spec::Is<TunedRun> auto& run) {
  visit("fault", run.fault);
  visit("figures", run.figures);
}
template <typename Visitor>
void VisitFields(Visitor& visit, spec::Is<TunedTrial> auto& trial) {
  visit("configuration", trial.configuration);
  visit("runs", trial.runs);
  visit("resolved", trial.resolved);
}
template <typename Visitor>
void VisitFields(Visitor& visit, spec::Is<TunedRounds> auto& rounds) {
  visit("baseline", rounds.baseline);
  visit("winner", rounds.winner);
}
template <typename Visitor>
void VisitFields(Visitor& visit, spec::Is<TuneResultFile> auto& file) {
  visit("model", file.model);
  visit("workload", file.workload);
  visit("hardware", file.hardware);
  visit("virtual", file.is_virtual);
  visit("goal", file.goal);
  visit("has_winner", file.has_winner);
  visit("winner", file.winner);
  visit("baseline", file.baseline);
  visit("ratio", file.ratio);
  visit("low", file.low);
  visit("high", file.high);
  visit("confidence", file.confidence);
  visit("last_comparison", file.last_comparison);
  visit("ended_by", file.ended_by);
  visit("trial_log", file.trial_log);
  visit("command", file.command);
  visit("environment", file.environment);
  visit("date", file.date);
}

namespace {

using nlohmann::json;

constexpr size_t kMostFigures = 64;
constexpr size_t kMostText = 4096;

// By the library's name, the hub's, or the planner's, which is that of its config.json.
Result<const CatalogEntry*> EntryOf(const Catalog& catalog, const std::string& model) {
  auto found = catalog.Find(model);
  if (found.ok()) return found;
  for (const CatalogEntry& entry : catalog.entries()) {
    if (!entry.config.empty() && entry.config == model) return &entry;
  }
  return found;
}

Status CheckHasWinner(const TuneResultFile& file, const PublishWishes& wishes) {
  if (!file.has_winner)
    return FailedPrecondition(fmt::format(
        "the run found no winner ({}), so there is nothing to publish: the baseline is what runs "
        "without a profile",
        file.ended_by.empty() ? "it does not say why" : Excerpt(file.ended_by, 200)));
  const bool is_interval = std::isfinite(file.low) && std::isfinite(file.high) &&
                           file.low <= file.ratio && file.ratio <= file.high;
  if (!is_interval || file.low <= 1)
    return InvalidArgument(
        fmt::format("ratio {} with low {} and high {}: of a winner, the whole interval is above 1",
                    file.ratio, file.low, file.high),
        "low");
  if (file.confidence <= 0 || file.confidence >= 1)
    return InvalidArgument(fmt::format("confidence {} must lie between 0 and 1", file.confidence),
                           "confidence");
  if (file.is_virtual && !wishes.accepts_virtual)
    return FailedPrecondition(
        "the run was virtual: nothing was measured, so there is no evidence to publish. As a "
        "prediction, marked as such, it is published with --virtual-evidence "
        "(\"virtual_evidence\": true)");
  return OkStatus();
}

// "tuned-throughput-sharegpt", whatever the workload is called.
std::string NameFrom(const std::string& goal, const std::string& workload) {
  constexpr size_t kMostName = 63;
  std::string name;
  for (const char character : ToLower("tuned-" + goal + "-" + workload)) {
    const bool is_plain =
        (character >= 'a' && character <= 'z') || (character >= '0' && character <= '9');
    if (is_plain || (!name.empty() && name.back() != '-')) name += is_plain ? character : '-';
  }
  name = name.substr(0, kMostName);
  while (!name.empty() && name.back() == '-') name.pop_back();
  return name;
}

// The means of what the winner's runs came to, and the ratio with its interval.
spec::Parameters FiguresOf(const TuneResultFile& file) {
  std::map<std::string, std::pair<double, int>> sums;
  for (const TunedTrial& trial : file.trial_log) {
    if (trial.configuration != file.winner) continue;
    for (const TunedRun& run : trial.runs) {
      if (!run.fault.empty() && run.fault != "none") continue;
      for (const auto& [name, value] : run.figures) {
        const bool is_number = std::isfinite(value) && value > 0 && name.size() <= 64;
        if (!is_number || (sums.size() >= kMostFigures && !sums.contains(name))) continue;
        sums[name].first += value;
        ++sums[name].second;
      }
    }
  }
  spec::Parameters figures;
  for (const auto& [name, sum] : sums) figures[name] = sum.first / sum.second;
  figures["ratio"] = file.ratio;
  figures["ratio_low"] = file.low;
  figures["ratio_high"] = file.high;
  figures["ratio_confidence"] = file.confidence;
  if (!file.last_comparison.winner.empty())
    figures["ratio_rounds"] = static_cast<int64_t>(file.last_comparison.winner.size());
  return figures;
}

spec::Parameters ResolvedOf(const TuneResultFile& file) {
  constexpr net::JsonLimits kResolvedLimits{
      .max_bytes = 64 << 10, .max_depth = 8, .max_values = 4096};
  for (const TunedTrial& trial : file.trial_log) {
    if (trial.configuration != file.winner || trial.resolved.empty()) continue;
    const auto parsed = net::ParseJsonObject(trial.resolved, kResolvedLimits);
    if (!parsed.ok()) return {};  // an engine that nothing resolves
    const auto resolved = spec::ParametersFromJson(*parsed);
    return resolved.ok() ? *resolved : spec::Parameters();
  }
  return {};
}

std::string TextOf(const TunedConfiguration& configuration) {
  return configuration.arguments.empty()
             ? configuration.engine + " at its defaults"
             : configuration.engine + " " + Join(configuration.arguments, " ");
}

std::string SummaryOf(const TuneResultFile& file) {
  const std::string what =
      file.goal == "latency" ? "requests one after the other in a second" : "total tokens/s";
  return fmt::format(
      "{}x{:.2f} ({:.2f} to {:.2f} at {:g}%, {} rounds in turns) {} over {}, {} on {}",
      file.is_virtual ? "VIRTUAL, computed and not measured: " : "", file.ratio, file.low,
      file.high, file.confidence * 100, file.last_comparison.winner.size(), what,
      Excerpt(TextOf(file.baseline), 200), Excerpt(file.workload), Excerpt(file.hardware));
}

Result<std::string> WorkloadOf(const json& result) {
  const auto found = result.find("workload_spec");
  if (found == result.end() || !found->is_object())
    return InvalidArgument("\"workload_spec\" is missing: the workload that was run",
                           "workload_spec");
  const auto workload = spec::WorkloadFromJson(spec::DumpJson(*found));
  if (!workload.ok()) return workload.status().WithContext("workload_spec");
  return spec::ToJson(*workload);
}

int64_t CpusOf(const TuneResultFile& file) {
  const auto found = file.environment.find("cpus");
  const auto number = found == file.environment.end() ? std::nullopt : ParseInt64(found->second);
  return number && *number > 0 ? *number : 1;
}

// The machine it was measured on, or the GPUs of it that the engine takes.
Result<spec::HardwareMatch> HardwareOf(const CatalogEntry& entry, const TuneResultFile& file,
                                       const spec::EngineConfig& engine) {
  spec::HardwareMatch match;
  if (!file.is_virtual) {
    match.models = {file.hardware};
    match.min_devices = CpusOf(file);
    return match;
  }
  const auto hardware = spec::FindHardwareProfile(file.hardware);
  if (!hardware.ok()) return hardware.status().WithContext("hardware");
  match.device = "nvidia";
  match.models = {spec::GpuOf(*hardware)};
  match.min_devices = hardware->num_gpus;
  const auto plan = PlanEngine(entry, engine, *hardware, FlagEffects::kSkip);
  if (plan.ok() && !plan->resolution.error && plan->placement.num_gpus > 0)
    match.min_devices = std::min<int64_t>(plan->placement.num_gpus, hardware->num_gpus);
  return match;
}

// The version of a native engine is the product's, which the environment tells.
std::string EngineThatRan(const TuneResultFile& file) {
  const auto found = file.environment.find("redline");
  const bool is_told = found != file.environment.end();
  return file.winner.engine == "native" && is_told ? "native@" + found->second : file.winner.engine;
}

Status CheckTexts(const TuneResultFile& file) {
  const std::pair<const char*, const std::string*> texts[] = {{"workload", &file.workload},
                                                              {"hardware", &file.hardware},
                                                              {"command", &file.command},
                                                              {"date", &file.date},
                                                              {"ended_by", &file.ended_by}};
  for (const auto& [name, text] : texts) {
    if (text->size() > kMostText)
      return InvalidArgument(
          fmt::format("{} takes {} bytes; {} are the most", name, text->size(), kMostText), name);
  }
  for (const auto& [name, value] : file.environment) {
    if (name.size() + value.size() > kMostText)
      return InvalidArgument(fmt::format("environment.{} takes {} bytes; {} are the most",
                                         Excerpt(name), value.size(), kMostText),
                             "environment");
  }
  return OkStatus();
}

Result<spec::Evidence> EvidenceOf(const TuneResultFile& file, const json& result,
                                  const spec::EngineConfig& engine, const PublishWishes& wishes) {
  spec::Evidence evidence;
  evidence.kind =
      file.is_virtual ? spec::Evidence::Kind::kPredicted : spec::Evidence::Kind::kMeasured;
  evidence.summary = SummaryOf(file);
  evidence.source = wishes.source.empty() ? "redline tune" : wishes.source;
  evidence.date = file.date;
  evidence.engine = EngineThatRan(file);
  evidence.figures = FiguresOf(file);
  evidence.environment = file.environment;
  evidence.goal = file.goal;
  evidence.command = file.command;
  evidence.fingerprint = spec::FingerprintOf(engine);
  evidence.resolved = ResolvedOf(file);
  RL_ASSIGN_OR_RETURN(evidence.workload, WorkloadOf(result));
  RL_ASSIGN_OR_RETURN(
      evidence.baseline,
      ConfigOfWords(file.baseline.engine, file.baseline.arguments, file.baseline.environment));
  // The machine that computed a virtual run says nothing of the one it is about.
  if (file.is_virtual)
    std::erase_if(evidence.environment, [](const auto& each) { return each.first != "redline"; });
  if (file.is_virtual)
    evidence.flaws.emplace_back("The run was virtual: its times are computed, by a planner.");
  if (!wishes.goal.empty() && wishes.goal != file.goal)
    evidence.flaws.push_back(
        fmt::format("It was tuned for {}, and is published for {}.", file.goal, wishes.goal));
  return evidence;
}

}  // namespace

Result<spec::EngineConfig> ConfigOfWords(const std::string& engine,
                                         const std::vector<std::string>& words,
                                         const std::map<std::string, std::string>& environment) {
  const size_t at = engine.find('@');
  spec::EngineConfig config{.engine = engine.substr(0, at), .environment = environment};
  const auto backend = backends::FindBackend(config.engine);
  if (backend.ok() && (*backend)->facts().is_built_in) {
    RL_ASSIGN_OR_RETURN(config.requested, backends::NativeParametersOf(words));
    return config;
  }
  if (at != std::string::npos) config.version = engine.substr(at + 1);
  config.arguments = words;
  return config;
}

Result<TunedProfile> ProfileOfTuneResult(const Catalog& catalog, const json& result,
                                         const PublishWishes& wishes) {
  if (!result.is_object() || !result.contains("winner") || !result.contains("has_winner"))
    return InvalidArgument("it is no result of redline tune, which has a winner and a baseline",
                           "winner");
  RL_ASSIGN_OR_RETURN(const auto file,
                      spec::FieldsFromJson<TuneResultFile>(result, spec::UnknownKeys::kIgnore));
  RL_RETURN_IF_ERROR(CheckTexts(file));
  RL_RETURN_IF_ERROR(CheckHasWinner(file, wishes));
  TunedProfile tuned;
  RL_ASSIGN_OR_RETURN(tuned.entry, EntryOf(catalog, file.model));
  spec::Profile& profile = tuned.profile;
  profile.goal = wishes.goal.empty() ? file.goal : wishes.goal;
  profile.name = wishes.name.empty() ? NameFrom(profile.goal, file.workload) : wishes.name;
  profile.workload = file.workload;
  auto engine = ConfigOfWords(file.winner.engine, file.winner.arguments, file.winner.environment);
  if (!engine.ok()) return engine.status().WithContext("winner.arguments");
  profile.engine = std::move(engine).value();
  RL_ASSIGN_OR_RETURN(profile.hardware, HardwareOf(*tuned.entry, file, profile.engine));
  RL_ASSIGN_OR_RETURN(profile.evidence, EvidenceOf(file, result, profile.engine, wishes));
  RL_ASSIGN_OR_RETURN(tuned.profile, CheckProfile(*tuned.entry, std::move(profile)));
  return tuned;
}

}  // namespace redline::platform
