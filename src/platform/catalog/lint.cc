#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "backends/backend.h"
#include "backends/model_configs.h"
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

bool IsDate(const std::string& text) {
  int year = 0;
  int month = 0;
  int day = 0;
  int length = 0;
  const int read = std::sscanf(text.c_str(), "%4d-%2d-%2d%n", &year, &month, &day, &length);
  return read == 3 && length == 10 && text.size() == 10 &&
         std::chrono::year_month_day(std::chrono::year(year), std::chrono::month(month),
                                     std::chrono::day(day))
             .ok();
}

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
    CheckConfig();
    for (const auto& source : entry_.sources) CheckSource(source);
    for (const auto& profile : entry_.profiles) CheckProfile(profile);
    return std::move(defects_);
  }

  std::vector<Defect> RunOn(const spec::Profile& profile) {
    CheckProfile(profile);
    return std::move(defects_);
  }

 private:
  // The shapes by which memory is reckoned are those of the config.json by which engines decide.
  void CheckConfig() {
    if (entry_.config.empty()) return;
    const auto config = backends::FindModelConfig(entry_.config);
    if (!config.ok()) return;  // a defect of each profile that needs it
    const std::pair<const char*, int64_t> dimensions[] = {
        {"num_hidden_layers", entry_.spec.num_hidden_layers},
        {"hidden_size", entry_.spec.hidden_size},
        {"num_attention_heads", entry_.spec.num_attention_heads},
        {"num_key_value_heads", entry_.spec.num_key_value_heads},
        {"vocab_size", entry_.spec.vocab_size}};
    for (const auto& [name, value] : dimensions) {
      const int64_t theirs = config->value(name, value);
      Require(value == theirs, "spec",
              fmt::format("has {} {}, and {} in the config.json of {}", name, value, theirs,
                          entry_.config));
    }
  }

  void Require(bool condition, const char* rule, const std::string& problem) {
    if (!condition) defects_.push_back({profile_, rule, entry_.name + " " + problem});
  }

  void CheckSource(const spec::ModelSource& source) {
    for (const auto& member : source.members) {
      const std::string& path = member.first;
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
    Require(profile.evidence.stale.empty(), "evidence",
            "says itself what is stale of its evidence, which is found out where it is read");
    Require(profile.goal.empty() ||
                std::find(kGoals.begin(), kGoals.end(), profile.goal) != kGoals.end(),
            "goal",
            fmt::format("has a profile for \"{}\"; goals are {}", profile.goal,
                        Join(std::vector<std::string>(kGoals.begin(), kGoals.end()), ", ")));
    const auto backend = backends::FindBackend(profile.engine.engine);
    if (backend.ok() && ((*backend)->facts().is_built_in || profile.hardware.device == "cpu"))
      return CheckParameters(profile, **backend);
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
    for (const auto& [name, value] : evidence.figures) {
      const double* number = std::get_if<double>(&value);
      const int64_t* whole = std::get_if<int64_t>(&value);
      Require((number != nullptr && std::isfinite(*number) && *number > 0) ||
                  (whole != nullptr && *whole > 0),
              "evidence",
              fmt::format("shows {} {}, which is no measured number", name,
                          backends::FormatValue(value)));
    }
    Require(
        evidence.date.empty() || IsDate(evidence.date), "evidence",
        fmt::format("has the date \"{}\"; dates are written 2025-12-26", Excerpt(evidence.date)));
    const auto backend = backends::FindBackend(profile.engine.engine);
    const bool is_native = backend.ok() && (*backend)->facts().is_built_in;
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

std::vector<Defect> LintProfile(const CatalogEntry& entry, const spec::Profile& profile) {
  return Linter(entry).RunOn(profile);
}

}  // namespace redline::platform
