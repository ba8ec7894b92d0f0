#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "backends/backend.h"
#include "platform/catalog/catalog.h"

namespace redline::platform {
namespace {

// Engines a profile may name although this version does not drive them yet: their entries are
// shown, with the reason why they cannot be deployed.
constexpr std::array<std::string_view, 4> kNamedEngines = {"sglang", "vllm", "tensorrt_llm",
                                                           "llama_cpp"};

class Linter {
 public:
  explicit Linter(const CatalogEntry& entry) : entry_(entry) {}

  std::vector<std::string> Run() {
    Require(!entry_.display_name.empty(), "has no display_name");
    Require(!entry_.summary.en.empty() && !entry_.summary.zh.empty(),
            "needs a summary in English and in Chinese");
    Require(!entry_.license.empty(), "has no license");
    Require(entry_.spec.weight_bytes > 0 && entry_.spec.kv_bytes_per_token > 0,
            "needs weight_bytes and kv_bytes_per_token to tell whether it fits");
    Require(!entry_.sources.empty(), "has no source");
    for (const auto& source : entry_.sources) CheckSource(source);
    for (const auto& profile : entry_.profiles) CheckProfile(profile);
    return std::move(problems_);
  }

 private:
  void Require(bool condition, const std::string& problem) {
    if (!condition) problems_.push_back(entry_.name + " " + problem);
  }

  void CheckSource(const spec::ModelSource& source) {
    for (const auto& [path, member] : source.members) {
      const bool known = std::any_of(entry_.files.begin(), entry_.files.end(),
                                     [&](const auto& file) { return file.path == path; });
      Require(
          known,
          fmt::format("has a source with a member for \"{}\", which is none of its files", path));
    }
  }

  void CheckProfile(const spec::Profile& profile) {
    const bool has_evidence = profile.evidence.kind != spec::Evidence::Kind::kNone;
    const bool explained = !profile.evidence.summary.empty() && !profile.evidence.source.empty();
    const std::string name = "profile " + profile.name;
    Require(has_evidence == explained,
            name + (has_evidence ? " has evidence without summary and source"
                                 : " has a summary but no kind of evidence"));
    Require(profile.engine.resolved.empty(), name + " has resolved parameters");
    const auto backend = backends::FindBackend(profile.engine.engine);
    if (backend.ok()) return CheckParameters(profile, **backend);
    const bool named = std::find(kNamedEngines.begin(), kNamedEngines.end(),
                                 profile.engine.engine) != kNamedEngines.end();
    Require(named, name + ": " + backend.status().message());
  }

  void CheckParameters(const spec::Profile& profile, const backends::Backend& backend) {
    Require(!entry_.files.empty(), "has a profile for " + profile.engine.engine + " but no files");
    const backends::HardwareFacts hardware = {.device = profile.hardware.device,
                                              .num_devices = profile.hardware.min_devices,
                                              .memory_bytes = int64_t{1} << 40};
    const auto resolved = backend.Resolve(profile.engine, entry_.spec, hardware);
    Require(resolved.ok(), "profile " + profile.name + ": " + resolved.status().message());
  }

  const CatalogEntry& entry_;
  std::vector<std::string> problems_;
};

}  // namespace

std::vector<std::string> Lint(const CatalogEntry& entry) { return Linter(entry).Run(); }

}  // namespace redline::platform
