#include "platform/catalog/offers.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/strings.h"

namespace redline::platform {
namespace {

// Engines' decisions take tens of milliseconds each.
constexpr size_t kMostSmallerModels = 3;

// Another profile of the same model.
void OfferProfile(const CatalogEntry& entry, const Node& node, const Wishes& wishes,
                  std::vector<std::string>& offers) {
  const bool is_plain = wishes.profile.empty() && wishes.goal.empty() && wishes.engine.empty();
  if (is_plain && wishes.parameters.empty()) return;
  const auto assessed = Assess(entry, node, {});
  if (!assessed.ok() || !assessed->choice) return;
  const spec::Profile* profile = entry.FindProfile(assessed->choice->profile);
  const bool has_goal = profile != nullptr && !profile->goal.empty();
  offers.push_back(fmt::format("{} with its profile {}{}: {} (--profile {})", entry.name,
                               assessed->choice->profile, has_goal ? " for " + profile->goal : "",
                               assessed->fit.message, assessed->choice->profile));
}

// The fewest devices of the node's kind for which there is a profile.
void OfferMoreDevices(const CatalogEntry& entry, const Node& node, const Wishes& wishes,
                      std::vector<std::string>& offers) {
  const spec::Profile* least = nullptr;
  for (const spec::Profile& profile : entry.profiles) {
    if (!wishes.goal.empty() && profile.goal != wishes.goal) continue;
    backends::HardwareFacts more = node.HardwareFor(profile.hardware.device);
    if (profile.hardware.min_devices <= more.num_devices) continue;
    more.num_devices = profile.hardware.min_devices;
    if (!HardwareMismatch(profile.hardware, more).empty()) continue;
    if (least == nullptr || profile.hardware.min_devices < least->hardware.min_devices)
      least = &profile;
  }
  if (least == nullptr) return;
  offers.push_back(fmt::format("{} on {} devices like those of {}, which has {} free: profile {}",
                               entry.name, least->hardware.min_devices, node.name,
                               node.HardwareFor(least->hardware.device).num_devices, least->name));
}

// The largest of the smaller models that fit.
void OfferSmallerModel(const Catalog& catalog, const CatalogEntry& entry, const Node& node,
                       std::vector<std::string>& offers) {
  std::vector<const CatalogEntry*> smaller;
  for (const CatalogEntry& each : catalog.entries()) {
    const bool is_for_it =
        std::any_of(each.profiles.begin(), each.profiles.end(), [&](const spec::Profile& profile) {
          return HardwareMismatch(profile.hardware, node.HardwareFor(profile.hardware.device))
              .empty();
        });
    if (is_for_it && each.spec.weight_bytes < entry.spec.weight_bytes) smaller.push_back(&each);
  }
  std::sort(smaller.begin(), smaller.end(), [](const auto* left, const auto* right) {
    return left->spec.weight_bytes > right->spec.weight_bytes;
  });
  if (smaller.size() > kMostSmallerModels) smaller.resize(kMostSmallerModels);
  for (const CatalogEntry* each : smaller) {
    const auto assessed = Assess(*each, node, {});
    if (!assessed.ok() || !assessed->choice) continue;
    offers.push_back(fmt::format("a smaller model, {}: {}", each->name, assessed->fit.message));
    return;
  }
}

}  // namespace

std::vector<std::string> OffersFor(const Catalog& catalog, const CatalogEntry& entry,
                                   const Node& node, const Wishes& wishes) {
  std::vector<std::string> offers;
  OfferProfile(entry, node, wishes, offers);
  OfferMoreDevices(entry, node, wishes, offers);
  OfferSmallerModel(catalog, entry, node, offers);
  return offers;
}

Node NodeOf(const spec::HardwareProfile& hardware) {
  const int64_t bytes = hardware.gpu_memory_mib << 20;
  Node node{.name = hardware.name,
            .hardware = {.device = "nvidia",
                         .device_model = hardware.gpu,
                         .num_devices = hardware.num_gpus,
                         .memory_bytes = bytes}};
  node.hardware.compute_capability = hardware.compute_capability;
  node.hardware.total_bytes = bytes;
  node.hardware.bytes_of_each.assign(static_cast<size_t>(hardware.num_gpus), bytes);
  return node;
}

std::string WithOffers(const std::string& message, const std::vector<std::string>& offers) {
  return offers.empty() ? message : message + "; what would fit: " + Join(offers, "; or ");
}

}  // namespace redline::platform
