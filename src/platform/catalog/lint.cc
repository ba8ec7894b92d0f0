#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "backends/backend.h"
#include "base/strings.h"
#include "platform/catalog/catalog.h"
#include "platform/catalog/lint_engine.h"

namespace redline::platform {
namespace {

// Engines a profile may name although this version does not start them yet: their entries are
// shown, with the reason why they cannot be deployed.
constexpr std::array<std::string_view, 2> kNamedEngines = {"sglang", "vllm"};

constexpr std::array<std::string_view, 4> kGoals = {"throughput", "latency", "long_context",
                                                    "balanced"};

class Linter {
 public:
  explicit Linter(const CatalogEntry& entry) : entry_(entry) {}

  std::vector<Defect> Run() {
    Require(!entry_.display_name.empty(), "incomplete", "has no display_name");
    Require(!entry_.summary.en.empty() && !entry_.summary.zh.empty(), "incomplete",
            "needs a summary in English and in Chinese");
    Require(!entry_.license.empty(), "incomplete", "has no license");
    Require(entry_.spec.weight_bytes > 0 && entry_.spec.kv_bytes_per_token > 0, "incomplete",
            "needs weight_bytes and kv_bytes_per_token to tell whether it fits");
    Require(!entry_.sources.empty(), "incomplete", "has no source");
    for (const auto& source : entry_.sources) CheckSource(source);
    for (const auto& profile : entry_.profiles) CheckProfile(profile);
    return std::move(defects_);
  }

 private:
  void Require(bool condition, const char* rule, const std::string& problem) {
    if (!condition) defects_.push_back({profile_, rule, entry_.name + " " + problem});
  }

  void CheckSource(const spec::ModelSource& source) {
    for (const auto& [path, member] : source.members) {
      const bool known = std::any_of(entry_.files.begin(), entry_.files.end(),
                                     [&](const auto& file) { return file.path == path; });
      Require(
          known, "source",
          fmt::format("has a source with a member for \"{}\", which is none of its files", path));
    }
  }

  void CheckProfile(const spec::Profile& profile) {
    profile_ = profile.name;
    CheckEvidence(profile);
    Require(profile.engine.resolved.empty(), "resolved", "has resolved parameters in a profile");
    Require(profile.goal.empty() ||
                std::find(kGoals.begin(), kGoals.end(), profile.goal) != kGoals.end(),
            "goal",
            fmt::format("has a profile for \"{}\"; goals are {}", profile.goal,
                        Join(std::vector<std::string>(kGoals.begin(), kGoals.end()), ", ")));
    const auto backend = backends::FindBackend(profile.engine.engine);
    if (backend.ok()) return CheckParameters(profile, **backend);
    const bool named = std::find(kNamedEngines.begin(), kNamedEngines.end(),
                                 profile.engine.engine) != kNamedEngines.end();
    if (named) return LintEngineProfile(entry_, profile, defects_);
    Require(false, "unknown_engine", backend.status().message());
  }

  // A figure nobody can look up is none.
  void CheckEvidence(const spec::Profile& profile) {
    const spec::Evidence& evidence = profile.evidence;
    const bool has_text = !evidence.summary.empty() || !evidence.source.empty();
    if (evidence.kind == spec::Evidence::Kind::kNone)
      return Require(!has_text && evidence.figures.empty(), "evidence",
                     "has figures or a summary, but no kind of evidence: measured or predicted");
    Require(!evidence.summary.empty() && !evidence.source.empty(), "evidence",
            "has evidence without summary and source");
    const bool is_native = backends::FindBackend(profile.engine.engine).ok();
    if (evidence.kind != spec::Evidence::Kind::kMeasured || is_native) return;
    Require(!evidence.date.empty() && !evidence.figures.empty(), "evidence",
            "has a measurement without date and figures");
    const std::string engine = profile.engine.engine + "@" + profile.engine.version;
    Require(evidence.engine == engine, "evidence",
            fmt::format("shows a measurement of \"{}\" for {}", evidence.engine, engine));
  }

  void CheckParameters(const spec::Profile& profile, const backends::Backend& backend) {
    Require(!entry_.files.empty(), "source",
            "has a profile for " + profile.engine.engine + " but no files");
    const backends::HardwareFacts hardware = {.device = profile.hardware.device,
                                              .num_devices = profile.hardware.min_devices,
                                              .memory_bytes = int64_t{1} << 40};
    const auto resolved = backend.Resolve(profile.engine, entry_.spec, hardware);
    Require(resolved.ok(), "refused", resolved.status().message());
  }

  const CatalogEntry& entry_;
  std::string profile_;  // that is being checked; "": the entry
  std::vector<Defect> defects_;
};

}  // namespace

std::vector<Defect> Lint(const CatalogEntry& entry) { return Linter(entry).Run(); }

}  // namespace redline::platform
