#include "platform/gateway/balancer.h"

namespace redline::platform {

std::optional<Balancer::Lease> Balancer::Pick(const GatewayModel& model,
                                              const std::set<std::string>& tried) {
  std::lock_guard lock(mutex_);
  const size_t count = model.instances.size();
  const GatewayInstance* best = nullptr;
  int64_t least = 0;
  ++turn_;
  for (size_t offset = 0; offset < count; ++offset) {
    const GatewayInstance& candidate = model.instances[(turn_ + offset) % count];
    if (tried.contains(candidate.id)) continue;
    const auto found = in_flight_.find(candidate.id);
    const int64_t load = found == in_flight_.end() ? 0 : found->second;
    if (best == nullptr || load < least) {
      best = &candidate;
      least = load;
    }
  }
  if (best == nullptr) return std::nullopt;
  ++in_flight_[best->id];
  return Lease(this, *best);
}

int64_t Balancer::InFlight(const std::string& instance_id) const {
  std::lock_guard lock(mutex_);
  const auto found = in_flight_.find(instance_id);
  return found == in_flight_.end() ? 0 : found->second;
}

void Balancer::Release(const std::string& instance_id) {
  std::lock_guard lock(mutex_);
  const auto found = in_flight_.find(instance_id);
  if (found != in_flight_.end() && --found->second == 0) in_flight_.erase(found);
}

}  // namespace redline::platform
