#include "platform/catalog/staleness.h"

#include <fmt/format.h>

#include "backends/backend.h"
#include "base/strings.h"

namespace redline::platform {
namespace {

std::string RecordedIn(const spec::Evidence& evidence, const char* name) {
  const auto found = evidence.environment.find(name);
  return found == evidence.environment.end() ? "" : found->second;
}

bool HasVersion(const std::string& engine) { return engine.find('@') != std::string::npos; }

bool IsOnGpus(const spec::Profile& profile) { return profile.hardware.device != "cpu"; }

}  // namespace

Surroundings SurroundingsOf(const spec::Profile& profile, const Node* node) {
  Surroundings now;
  std::string version = profile.engine.version;
  const auto backend = backends::FindBackend(profile.engine.engine);
  if (version.empty() && backend.ok()) version = (*backend)->facts().versions.front();
  if (!version.empty()) now.engine = profile.engine.engine + "@" + version;
  if (node == nullptr) return now;
  const backends::HardwareFacts& hardware = node->HardwareFor(profile.hardware.device);
  if (hardware.device != profile.hardware.device) return now;
  now.device_model = hardware.device_model;
  // Of GPUs others may have some: how many there are is asked when one is chosen.
  if (!IsOnGpus(profile)) now.num_devices = hardware.num_devices;
  now.driver = node->driver;
  return now;
}

std::vector<std::string> StaleReasons(const spec::Profile& profile, const Surroundings& now) {
  std::vector<std::string> reasons;
  const spec::Evidence& evidence = profile.evidence;
  if (evidence.kind == spec::Evidence::Kind::kNone) return reasons;
  const char* verb = evidence.kind == spec::Evidence::Kind::kMeasured ? "measured" : "predicted";
  const auto compare = [&](const std::string& then, const std::string& today, const char* form) {
    if (!then.empty() && !today.empty() && then != today)
      reasons.push_back(fmt::format(fmt::runtime(form), fmt::arg("verb", verb),
                                    fmt::arg("then", then), fmt::arg("now", today)));
  };
  if (HasVersion(evidence.engine))
    compare(evidence.engine, now.engine, "It was {verb} with {then}; {now} would run.");
  compare(evidence.fingerprint, spec::FingerprintOf(profile.engine),
          "The profile was changed after it was {verb} ({then} then, {now} now).");
  if (evidence.kind != spec::Evidence::Kind::kMeasured) return reasons;
  if (IsOnGpus(profile)) {
    // Recorded as the driver's own files have them: "8 x NVIDIA H200".
    const auto compare_part = [&](const char* name, const std::string& today, const char* form) {
      const std::string then = RecordedIn(evidence, name);
      if (!today.empty() && then.find(today) == std::string::npos) compare(then, today, form);
    };
    compare_part("gpus", now.device_model, "It was {verb} on {then}; here are {now}.");
    compare_part("nvidia_driver", now.driver,
                 "It was {verb} with the driver {then}; here is {now}.");
    return reasons;
  }
  compare(RecordedIn(evidence, "cpu"), now.device_model, "It was {verb} on {then}; this is {now}.");
  if (now.num_devices > 0)
    compare(RecordedIn(evidence, "cpus"), std::to_string(now.num_devices),
            "It was {verb} with {then} CPUs; here are {now}.");
  return reasons;
}

std::vector<std::string> EvidenceSentences(const spec::Evidence& evidence) {
  if (evidence.kind == spec::Evidence::Kind::kNone)
    return {"Evidence: none; nobody has measured this profile yet."};
  std::vector<std::string> sentences = {
      fmt::format("Evidence: {} ({}, {}{}{}).", evidence.summary, NameOf(evidence.kind),
                  evidence.source, evidence.engine.empty() ? "" : ", " + evidence.engine,
                  evidence.date.empty() ? "" : ", " + evidence.date)};
  for (const std::string& flaw : evidence.flaws) sentences.push_back("Its flaw: " + flaw);
  for (const std::string& reason : evidence.stale) sentences.push_back("Stale: " + reason);
  return sentences;
}

}  // namespace redline::platform
