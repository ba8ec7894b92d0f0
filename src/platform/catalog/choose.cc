#include "platform/catalog/choose.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "base/strings.h"

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

// One profile on one node.
class Candidate {
 public:
  Candidate(const CatalogEntry& entry, const spec::Profile& profile, const Node& node)
      : entry_(entry),
        profile_(profile),
        node_(node),
        hardware_(node.HardwareFor(profile.hardware.device)) {}

  // Fills fit() and, when it fits, choice(). Fails only for what the user asked for.
  Status Evaluate(const spec::Parameters& user) {
    fit_.worker = node_.name;
    fit_.available_bytes = MemoryOf(hardware_);
    config_ = profile_.engine;
    config_.requested = MergeParameters(profile_.engine.requested, user);
    const auto backend = backends::FindBackend(config_.engine);
    // What an engine makes of itself is known for the hardware it is meant for.
    if (backend.ok() && (HardwareMismatch(profile_.hardware, hardware_).empty() ||
                         (*backend)->facts().is_built_in)) {
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
    RL_ASSIGN_OR_RETURN(auto resolution, backend.Resolve(config_, entry_.spec, hardware_));
    config_.resolved = std::move(resolution.resolved);
    notes_ = std::move(resolution.notes);
    fit_.terms = backend.MemoryTerms(entry_.spec, config_.resolved);
    return OkStatus();
  }

  void Judge(bool engine_is_driven) {
    std::vector<std::string> obstacles;
    if (fit_.needed_bytes > fit_.available_bytes)
      obstacles.push_back(fmt::format("needs {} ({}), {} has {}", Gib(fit_.needed_bytes),
                                      Arithmetic(fit_), node_.name, Gib(fit_.available_bytes)));
    const std::string mismatch = HardwareMismatch(profile_.hardware, hardware_);
    if (!mismatch.empty())
      obstacles.push_back(fmt::format("profile {} {}", profile_.name, mismatch));
    if (!engine_is_driven)
      obstacles.push_back("this version of Redline does not drive the engine " + config_.engine);
    fit_.fits = obstacles.empty();
    fit_.message =
        fit_.fits ? fmt::format("needs {} of {}", Gib(fit_.needed_bytes), Gib(fit_.available_bytes))
                  : Join(obstacles, "; ");
  }

  void Explain(const spec::Parameters& user) {
    Choice choice{.profile = profile_.name, .engine = config_, .evidence = profile_.evidence};
    for (const auto& [name, value] : user)
      choice.why.push_back(fmt::format("{} = {}: asked for.", name, backends::FormatValue(value)));
    for (const auto& [name, value] : profile_.engine.requested) {
      if (user.contains(name)) continue;
      choice.why.push_back(fmt::format("{} = {}: from the profile {}.", name,
                                       backends::FormatValue(value), profile_.name));
    }
    choice.why.insert(choice.why.end(), notes_.begin(), notes_.end());
    choice.why.push_back(fmt::format("Memory: {}, of {} on {}.", Arithmetic(fit_),
                                     Gib(fit_.available_bytes), node_.name));
    choice.why.push_back(profile_.evidence.kind == spec::Evidence::Kind::kNone
                             ? "Evidence: none; nobody has measured this profile yet."
                             : fmt::format("Evidence: {} ({}).", profile_.evidence.summary,
                                           profile_.evidence.source));
    choice_ = std::move(choice);
  }

  const CatalogEntry& entry_;
  const spec::Profile& profile_;
  const Node& node_;
  const backends::HardwareFacts& hardware_;  // of the node, that the profile would run on
  spec::EngineConfig config_;
  std::vector<std::string> notes_;
  Fit fit_;
  std::optional<Choice> choice_;
};

Result<Assessment> AssessProfile(const CatalogEntry& entry, const spec::Profile& profile,
                                 const Node& node, const Wishes& wishes, std::string because) {
  Candidate candidate(entry, profile, node);
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
  if (!wishes.profile.empty())
    return InvalidArgument("\"engine\" stands instead of \"profile\": leave one of them out",
                           "engine");
  const size_t at = wishes.engine.find('@');
  spec::Profile profile;
  profile.name = "custom";
  profile.hardware.device = node.hardware.device;
  profile.engine.engine = wishes.engine.substr(0, at);
  if (at != std::string::npos) profile.engine.version = wishes.engine.substr(at + 1);
  profile.engine.arguments = wishes.arguments;
  profile.engine.environment = wishes.environment;
  RL_RETURN_IF_ERROR(backends::FindBackend(profile.engine.engine).status());
  return AssessProfile(entry, profile, node, wishes,
                       fmt::format("Engine {}: asked for.", wishes.engine));
}

Status CheckEngineWishes(const Wishes& wishes) {
  if (!wishes.engine.empty()) return OkStatus();
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
  const auto is_model = [&](const std::string& model) {
    return hardware.device_model.find(model) != std::string::npos;
  };
  const bool matches =
      match.device == hardware.device && match.min_devices <= hardware.num_devices &&
      match.min_device_memory_bytes <= hardware.memory_bytes &&
      (match.models.empty() || std::any_of(match.models.begin(), match.models.end(), is_model));
  if (matches) return "";
  std::string wanted = fmt::format("{} x {}", match.min_devices, match.device);
  if (!match.models.empty()) wanted += " " + Join(match.models, " or ");
  if (match.min_device_memory_bytes > 0)
    wanted += fmt::format(" with {} each", Gib(match.min_device_memory_bytes));
  return fmt::format("is for {}, this node has {} x {}", wanted, hardware.num_devices,
                     hardware.device);
}

// When nothing fits, what is told of is the profile that came nearest: the last one whose hardware
// matches (profiles become smaller), else the first.
Result<Assessment> Assess(const CatalogEntry& entry, const Node& node, const Wishes& wishes) {
  RL_RETURN_IF_ERROR(CheckEngineWishes(wishes));
  if (!wishes.engine.empty()) return AssessEngine(entry, node, wishes);
  if (!wishes.profile.empty()) return AssessWanted(entry, node, wishes);
  std::optional<Assessment> nearest;
  std::string because = "it is the first that is for this hardware and fits.";
  for (const spec::Profile& profile : entry.profiles) {
    RL_ASSIGN_OR_RETURN(auto assessment,
                        AssessProfile(entry, profile, node, wishes,
                                      fmt::format("Profile {}: {}", profile.name, because)));
    if (assessment.choice) return assessment;
    const auto& hardware = node.HardwareFor(profile.hardware.device);
    if (HardwareMismatch(profile.hardware, hardware).empty()) {
      because = fmt::format("{} {}.", profile.name, assessment.fit.message);
      nearest = std::move(assessment);
    } else if (!nearest) {
      nearest = std::move(assessment);
    }
  }
  return *std::move(nearest);
}

}  // namespace redline::platform
