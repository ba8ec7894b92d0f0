#include "platform/server/assessment_cache.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace redline::platform {
namespace {

// Models of the library times nodes, and the changes of some minutes.
constexpr size_t kMostAssessments = 4096;

std::string KeyOf(const backends::HardwareFacts& hardware) {
  return fmt::format("{}\n{}\n{} {} {} {}\n{}\n{}", hardware.device, hardware.device_model,
                     hardware.num_devices, hardware.memory_bytes, hardware.compute_capability,
                     hardware.total_bytes, fmt::join(hardware.isa, " "),
                     fmt::join(hardware.bytes_of_each, " "));
}

std::string KeyOf(const CatalogEntry& entry, const Node& node) {
  return fmt::format("{}\n{}\n{} {}\n{}\n{}", entry.name, node.name, node.is_virtual,
                     node.num_claimed_gpus, KeyOf(node.hardware),
                     node.cpu ? KeyOf(*node.cpu) : std::string());
}

}  // namespace

Result<Assessment> AssessmentCache::Of(const CatalogEntry& entry, const Node& node) {
  if (node.hardware.device == "cpu") return Assess(entry, node, {});
  const std::string key = KeyOf(entry, node);
  if (const auto found = known_.find(key); found != known_.end()) return found->second;
  auto assessed = Assess(entry, node, {});
  if (!assessed.ok()) return assessed;
  if (known_.size() >= kMostAssessments) known_.clear();
  known_.emplace(key, *assessed);
  return assessed;
}

}  // namespace redline::platform
