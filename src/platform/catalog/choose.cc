#include "platform/catalog/choose.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <span>
#include <tuple>

#include "base/strings.h"
#include "platform/catalog/gpu_fit.h"
#include "platform/catalog/staleness.h"
#include "spec/hardware_profile.h"

namespace redline::platform {
namespace {

using backends::MemoryTerm;

constexpr std::string_view kCpuDevice = "cpu";

std::string Gib(int64_t num_bytes) { return FormatBytes(static_cast<uint64_t>(num_bytes)); }

int64_t Sum(const std::vector<MemoryTerm>& terms) {
  int64_t sum = 0;
  for (const MemoryTerm& term : terms) sum += term.num_bytes;
  return sum;
}

// "weights 93.8 MiB + kv_cache 1.4 GiB + ... = 1.6 GiB".
std::string Arithmetic(const Fit& fit) {
  std::vector<std::string> parts;
  for (const MemoryTerm& term : fit.terms) parts.push_back(term.name + " " + Gib(term.num_bytes));
  return Join(parts, " + ") + " = " + Gib(fit.needed_bytes);
}

// Without a backend's own rules: the weights, and the cache of one request at full length. The
// length may be anybody's: no backend has checked it.
std::vector<MemoryTerm> GenericTerms(const spec::ModelSpec& model,
                                     const spec::Parameters& requested) {
  constexpr int64_t kLongest = int64_t{1} << 30;
  int64_t context_length = model.context_length;
  const auto found = requested.find("context_length");
  if (found != requested.end() && std::holds_alternative<int64_t>(found->second))
    context_length = std::clamp<int64_t>(std::get<int64_t>(found->second), 0, kLongest);
  return {{"weights", model.weight_bytes}, {"kv_cache", context_length * model.kv_bytes_per_token}};
}

// What one replica can use: an engine spreads over all GPUs.
int64_t MemoryOf(const backends::HardwareFacts& hardware) {
  if (hardware.device == kCpuDevice) return hardware.memory_bytes;
  const int64_t most =
      std::numeric_limits<int64_t>::max() / std::max<int64_t>(1, hardware.num_devices);
  return std::min(hardware.memory_bytes, most) * hardware.num_devices;
}

// Whose word a configuration is: what a user gives and the engine refuses is an error, what the
// library has is an obstacle.
enum class From { kLibrary, kUser };

// One profile on one node.
class Candidate {
 public:
  Candidate(const CatalogEntry& entry, const spec::Profile& profile, const Node& node, From from)
      : entry_(entry),
        profile_(profile),
        node_(node),
        from_(from),
        hardware_(node.HardwareFor(profile.hardware.device)) {}

  // Fills fit() and, when it fits, choice(). Fails only for what the user asked for.
  Status Evaluate(const spec::Parameters& user) {
    fit_.worker = node_.name;
    fit_.is_virtual = node_.is_virtual;
    fit_.available_bytes = MemoryOf(hardware_);
    config_ = profile_.engine;
    config_.requested = MergeParameters(profile_.engine.requested, user);
    mismatch_ = HardwareMismatch(profile_.hardware, hardware_);
    const auto backend = backends::FindBackend(config_.engine);
    // What an engine makes of itself is known for the hardware it is meant for.
    if (backend.ok() && (mismatch_.empty() || (*backend)->facts().is_built_in)) {
      RL_RETURN_IF_ERROR(Resolve(**backend));
    } else {
      fit_.terms = GenericTerms(entry_.spec, config_.requested);
    }
    fit_.needed_bytes = Sum(fit_.terms);
    Judge(backend.ok());
    if (fit_.fits) Explain(user);
    return OkStatus();
  }

  Assessment Take() { return {std::move(fit_), std::move(choice_)}; }

 private:
  Status Resolve(const backends::Backend& backend) {
    if (config_.version.empty()) config_.version = backend.facts().versions.front();
    if (hardware_.device != kCpuDevice && !backend.facts().is_built_in) return ResolveOnGpus();
    RL_ASSIGN_OR_RETURN(auto resolution, backend.Resolve(config_, entry_.spec, hardware_));
    config_.resolved = std::move(resolution.resolved);
    notes_ = std::move(resolution.notes);
    fit_.terms = backend.MemoryTerms(entry_.spec, config_.resolved);
    return OkStatus();
  }

  Status ResolveOnGpus() {
    auto on_gpus = FitOnGpus(entry_, config_, hardware_);
    // Parameters are the user's, whoever made the profile.
    if (!on_gpus.ok() && (from_ == From::kUser || !config_.requested.empty()))
      return WithClaims(on_gpus.status());
    if (!on_gpus.ok()) {
      obstacle_ =
          fmt::format("profile {} cannot be run: {}", profile_.name, on_gpus.status().message());
      fit_.terms = GenericTerms(entry_.spec, config_.requested);
      return OkStatus();
    }
    config_ = std::move(on_gpus->engine);
    claim_ = std::move(on_gpus->claim);
    notes_ = std::move(on_gpus->why);
    obstacle_ = std::move(on_gpus->obstacle);
    fit_.terms = std::move(on_gpus->terms);
    fit_.available_bytes = on_gpus->available_bytes;
    return OkStatus();
  }

  // The engine was told of the GPUs that are left.
  Status WithClaims(const Status& status) const {
    if (node_.num_claimed_gpus == 0) return status;
    return Status(status.code(), fmt::format("{} ({})", status.message(), Claims()),
                  status.param());
  }

  std::string Claims() const {
    return fmt::format("{} GPU{} of {} taken by other deployments", node_.num_claimed_gpus,
                       node_.num_claimed_gpus == 1 ? "" : "s", node_.name);
  }

  // "host", "8 GPUs of host".
  std::string Place() const {
    if (claim_.count == 0) return node_.name;
    return fmt::format("{} GPU{} of {}", claim_.count, claim_.count == 1 ? "" : "s", node_.name);
  }

  void Judge(bool engine_is_driven) {
    std::vector<std::string> obstacles;
    if (!obstacle_.empty()) obstacles.push_back(obstacle_);
    if (obstacle_.empty() && fit_.needed_bytes > fit_.available_bytes)
      obstacles.push_back(fmt::format("needs {} ({}), {} has {}", Gib(fit_.needed_bytes),
                                      Arithmetic(fit_), Place(), Gib(fit_.available_bytes)));
    if (!mismatch_.empty())
      obstacles.push_back(fmt::format("profile {} {}", profile_.name, mismatch_));
    if (!engine_is_driven)
      obstacles.push_back("this version of Redline does not drive the engine " + config_.engine);
    fit_.fits = obstacles.empty();
    // Its own engines may be what is in the way.
    if (!fit_.fits && hardware_.device != kCpuDevice && node_.num_claimed_gpus > 0)
      obstacles.push_back(Claims());
    fit_.message = fit_.fits ? Needs() : Join(obstacles, "; ");
  }

  std::string Needs() const {
    if (claim_.count == 0)
      return fmt::format("needs {} of {}", Gib(fit_.needed_bytes), Gib(fit_.available_bytes));
    if (fit_.terms.empty())
      return fmt::format("takes {}; how much of their memory is not known", Place());
    return fmt::format("needs {} of {} on {}", Gib(fit_.needed_bytes), Gib(fit_.available_bytes),
                       Place());
  }

  void Explain(const spec::Parameters& user) {
    Choice choice{
        .profile = profile_.name, .engine = config_, .gpus = claim_, .evidence = profile_.evidence};
    for (const auto& [name, value] : user)
      choice.why.push_back(fmt::format("{} = {}: asked for.", name, backends::FormatValue(value)));
    for (const auto& [name, value] : profile_.engine.requested) {
      if (user.contains(name)) continue;
      choice.why.push_back(fmt::format("{} = {}: from the profile {}.", name,
                                       backends::FormatValue(value), profile_.name));
    }
    choice.why.insert(choice.why.end(), notes_.begin(), notes_.end());
    if (!fit_.terms.empty())
      choice.why.push_back(fmt::format("Memory: {}, of {} on {}.", Arithmetic(fit_),
                                       Gib(fit_.available_bytes), Place()));
    choice.evidence.stale = StaleReasons(profile_, SurroundingsOf(profile_, &node_));
    const auto sentences = EvidenceSentences(choice.evidence);
    choice.why.insert(choice.why.end(), sentences.begin(), sentences.end());
    choice_ = std::move(choice);
  }

  const CatalogEntry& entry_;
  const spec::Profile& profile_;
  const Node& node_;
  const From from_;
  const backends::HardwareFacts& hardware_;  // of the node, that the profile would run on
  std::string mismatch_;                     // why the profile is not for it
  spec::EngineConfig config_;
  spec::GpuClaim claim_;
  std::string obstacle_;  // that the engine's resolver knows of
  std::vector<std::string> notes_;
  Fit fit_;
  std::optional<Choice> choice_;
};

Result<Assessment> AssessProfile(const CatalogEntry& entry, const spec::Profile& profile,
                                 const Node& node, const Wishes& wishes, std::string because) {
  Candidate candidate(entry, profile, node, wishes.engine.empty() ? From::kLibrary : From::kUser);
  RL_RETURN_IF_ERROR(candidate.Evaluate(wishes.parameters));
  Assessment assessment = candidate.Take();
  if (assessment.choice)
    assessment.choice->why.insert(assessment.choice->why.begin(), std::move(because));
  return assessment;
}

Result<Assessment> AssessWanted(const CatalogEntry& entry, const Node& node, const Wishes& wishes) {
  const spec::Profile* profile = entry.FindProfile(wishes.profile);
  if (profile != nullptr)
    return AssessProfile(entry, *profile, node, wishes,
                         fmt::format("Profile {}: asked for.", profile->name));
  std::vector<std::string> names;
  for (const auto& each : entry.profiles) names.push_back(each.name);
  return NotFound(fmt::format("{} has no profile \"{}\"; it has {}{}", entry.name,
                              EscapeControl(wishes.profile), Join(names, ", "),
                              DidYouMean(wishes.profile, names)),
                  "profile");
}

// The engine and arguments that were asked for, as a profile that is for any hardware.
Result<Assessment> AssessEngine(const CatalogEntry& entry, const Node& node, const Wishes& wishes) {
  if (!wishes.profile.empty() || !wishes.goal.empty())
    return InvalidArgument(
        "\"engine\" stands instead of \"profile\" and \"goal\": leave one of them out", "engine");
  const size_t at = wishes.engine.find('@');
  spec::Profile profile;
  profile.name = "custom";
  profile.engine.engine = wishes.engine.substr(0, at);
  profile.hardware.device =
      RunsOnGpus(profile.engine.engine) ? node.hardware.device : std::string(kCpuDevice);
  if (at != std::string::npos) profile.engine.version = wishes.engine.substr(at + 1);
  profile.engine.arguments = wishes.arguments;
  profile.engine.environment = wishes.environment;
  RL_RETURN_IF_ERROR(backends::FindBackend(profile.engine.engine).status());
  return AssessProfile(entry, profile, node, wishes,
                       fmt::format("Engine {}: asked for.", wishes.engine));
}

bool HoldsNul(const std::string& text) { return text.find('\0') != std::string::npos; }

// As the shells and the C library take it.
bool IsVariableName(const std::string& name) {
  constexpr std::string_view kAllowed =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_";
  return !name.empty() && !(name.front() >= '0' && name.front() <= '9') &&
         name.find_first_not_of(kAllowed) == std::string::npos;
}

// They go through the kernel's exec, which has limits of its own, much further away.
Status CheckWords(const Wishes& wishes) {
  constexpr size_t kMostBytes = 64 << 10;
  size_t num_bytes = 0;
  for (const std::string& word : wishes.arguments) {
    num_bytes += word.size() + 1;
    if (HoldsNul(word))
      return InvalidArgument(
          fmt::format("the argument \"{}\" holds a NUL byte, which no program can be given",
                      Excerpt(word)),
          "arguments");
  }
  for (const auto& [name, value] : wishes.environment) {
    num_bytes += name.size() + value.size() + 2;
    if (!IsVariableName(name) || HoldsNul(value))
      return InvalidArgument(
          fmt::format("\"{}\" is no variable: its name is letters, digits and _, its value any "
                      "text without NUL bytes",
                      Excerpt(name)),
          "environment");
  }
  if (num_bytes <= kMostBytes) return OkStatus();
  return InvalidArgument(fmt::format("arguments and environment take {} bytes; {} are the most",
                                     num_bytes, kMostBytes),
                         "arguments");
}

Status CheckEngineWishes(const Wishes& wishes) {
  if (!wishes.engine.empty()) return CheckWords(wishes);
  if (!wishes.arguments.empty())
    return InvalidArgument(
        "\"arguments\" are an engine's own: name it with \"engine\", such as vllm@0.13.0",
        "arguments");
  if (!wishes.environment.empty())
    return InvalidArgument(
        "\"environment\" is an engine's: name it with \"engine\", such as vllm@0.13.0",
        "environment");
  return OkStatus();
}

// Whether the device is one of these models; true for none. A processor's name is told in one way.
bool IsOneOf(const std::vector<std::string>& models, const backends::HardwareFacts& hardware) {
  if (models.empty()) return true;
  if (hardware.device == kCpuDevice)
    return std::find(models.begin(), models.end(), hardware.device_model) != models.end();
  const auto known = spec::HardwareProfileOf({.name = hardware.device_model,
                                              .compute_capability = hardware.compute_capability,
                                              .memory_bytes = hardware.total_bytes,
                                              .count = std::max<int64_t>(1, hardware.num_devices)});
  return known.ok() && std::find(models.begin(), models.end(), spec::GpuOf(*known)) != models.end();
}

bool IsForGpus(const spec::Profile& profile) { return profile.hardware.device != kCpuDevice; }

// The profiles for the goal, in the order in which they are tried.
std::vector<const spec::Profile*> InOrder(const CatalogEntry& entry, const Wishes& wishes) {
  std::vector<const spec::Profile*> profiles;
  for (const spec::Profile& profile : entry.profiles) {
    if (wishes.goal.empty() || profile.goal == wishes.goal) profiles.push_back(&profile);
  }
  std::stable_sort(profiles.begin(), profiles.end(), [&](const auto* left, const auto* right) {
    const auto rank = [&](const spec::Profile& profile) {
      return std::make_tuple(!IsForGpus(profile), !entry.IsUsers(profile),
                             IsForGpus(profile) ? -profile.hardware.min_devices : 0);
    };
    return rank(*left) < rank(*right);
  });
  return profiles;
}

Status NoProfileForGoal(const CatalogEntry& entry, const std::string& goal) {
  std::vector<std::string> goals;
  for (const spec::Profile& profile : entry.profiles) {
    if (!profile.goal.empty() && std::find(goals.begin(), goals.end(), profile.goal) == goals.end())
      goals.push_back(profile.goal);
  }
  return NotFound(
      fmt::format(
          "{} has no profile for the goal \"{}\"; {}{}", entry.name, Excerpt(goal),
          goals.empty() ? "its profiles have none" : "there are some for " + Join(goals, ", "),
          DidYouMean(goal, goals)),
      "goal");
}

}  // namespace

const backends::HardwareFacts& Node::HardwareFor(std::string_view device) const {
  return cpu && device == kCpuDevice ? *cpu : hardware;
}

spec::Parameters MergeParameters(const spec::Parameters& profile, const spec::Parameters& user) {
  spec::Parameters merged = user;
  merged.insert(profile.begin(), profile.end());
  return merged;
}

std::string HardwareMismatch(const spec::HardwareMatch& match,
                             const backends::HardwareFacts& hardware) {
  const bool matches =
      match.device == hardware.device && match.min_devices <= hardware.num_devices &&
      match.min_device_memory_bytes <= std::max(hardware.total_bytes, hardware.memory_bytes) &&
      IsOneOf(match.models, hardware);
  if (matches) return "";
  std::string wanted = fmt::format("{} x {}", match.min_devices, match.device);
  if (!match.models.empty()) wanted += " " + Join(match.models, " or ");
  if (match.min_device_memory_bytes > 0)
    wanted += fmt::format(" with {} each", Gib(match.min_device_memory_bytes));
  // The name of a CPU matters to those profiles alone that were measured on one.
  const bool has_model = hardware.device != kCpuDevice || !match.models.empty();
  const std::string model = has_model ? " " + hardware.device_model : "";
  return fmt::format("is for {}, this node has {} x {}{}", wanted, hardware.num_devices,
                     hardware.device, model);
}

namespace {

std::string OtherwiseSentence(const Alternative& next, const spec::Profile& profile) {
  const std::string goal = next.goal.empty() ? "" : " for " + next.goal;
  const std::string evidence =
      profile.evidence.kind == spec::Evidence::Kind::kNone ? "none" : profile.evidence.summary;
  return fmt::format("Otherwise: profile {}{} fits, too; {} (--profile {}; its evidence: {}).",
                     next.profile, goal, next.reason, next.profile, evidence);
}

// Adds to the choice the next of `rest` that would fit.
void AddNext(const CatalogEntry& entry, const Node& node, const Wishes& wishes,
             std::span<const spec::Profile* const> rest, const spec::Profile& chosen,
             Choice& choice) {
  for (const spec::Profile* each : rest) {
    if (!HardwareMismatch(each->hardware, node.HardwareFor(each->hardware.device)).empty())
      continue;
    const auto assessed = AssessProfile(entry, *each, node, wishes, "");
    if (!assessed.ok()) continue;
    Alternative other{.profile = each->name, .goal = each->goal, .fits = assessed->fit.fits};
    other.reason = other.fits ? WhyNext(entry, chosen, *each) : assessed->fit.message;
    if (other.fits) choice.why.push_back(OtherwiseSentence(other, *each));
    choice.alternatives.push_back(std::move(other));
    if (choice.alternatives.back().fits) return;
  }
}

}  // namespace

std::string WhyNext(const CatalogEntry& entry, const spec::Profile& chosen,
                    const spec::Profile& next) {
  if (IsForGpus(chosen) && !IsForGpus(next)) return "it would leave the GPUs idle";
  if (entry.IsUsers(chosen) && !entry.IsUsers(next))
    return "profiles that were published here come before the library's";
  if (IsForGpus(chosen) && next.hardware.min_devices < chosen.hardware.min_devices)
    return fmt::format("it is for {} GPUs, the chosen one for {}", next.hardware.min_devices,
                       chosen.hardware.min_devices);
  return fmt::format("it comes after {}", chosen.name);
}

// When nothing fits, what is told of is the profile that came nearest: the last one whose hardware
// matches (profiles become smaller), else the first.
Result<Assessment> Assess(const CatalogEntry& entry, const Node& node, const Wishes& wishes) {
  RL_RETURN_IF_ERROR(CheckEngineWishes(wishes));
  if (!wishes.engine.empty()) return AssessEngine(entry, node, wishes);
  if (!wishes.profile.empty()) return AssessWanted(entry, node, wishes);
  std::optional<Assessment> nearest;
  std::vector<Alternative> passed_over;
  const auto profiles = InOrder(entry, wishes);
  if (profiles.empty()) return NoProfileForGoal(entry, wishes.goal);
  std::string because = wishes.goal.empty()
                            ? "it is the first that is for this hardware and fits."
                            : "it is the first for " + wishes.goal + " on this hardware that fits.";
  for (size_t index = 0; index < profiles.size(); ++index) {
    const spec::Profile& profile = *profiles[index];
    RL_ASSIGN_OR_RETURN(auto assessment,
                        AssessProfile(entry, profile, node, wishes,
                                      fmt::format("Profile {}: {}", profile.name, because)));
    if (assessment.choice) {
      assessment.choice->alternatives = std::move(passed_over);
      AddNext(entry, node, wishes, std::span(profiles).subspan(index + 1), profile,
              *assessment.choice);
      return assessment;
    }
    const auto& hardware = node.HardwareFor(profile.hardware.device);
    if (HardwareMismatch(profile.hardware, hardware).empty()) {
      because = fmt::format("{} {}.", profile.name, assessment.fit.message);
      passed_over.push_back(
          {.profile = profile.name, .goal = profile.goal, .reason = assessment.fit.message});
      nearest = std::move(assessment);
    } else if (!nearest) {
      nearest = std::move(assessment);
    }
  }
  return *std::move(nearest);
}

}  // namespace redline::platform
