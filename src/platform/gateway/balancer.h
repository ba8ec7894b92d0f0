// Which instance of a model gets the next request: the one with the fewest in flight.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>

#include "platform/gateway/snapshot.h"

namespace redline::platform {

// Thread-safe.
class Balancer {
 public:
  // Counts one request in flight at an instance until destroyed.
  class Lease {
   public:
    Lease(Balancer* balancer, GatewayInstance instance)
        : balancer_(balancer), instance_(std::move(instance)) {}
    Lease(Lease&& other) noexcept
        : balancer_(std::exchange(other.balancer_, nullptr)),
          instance_(std::move(other.instance_)) {}
    Lease& operator=(Lease&&) = delete;
    ~Lease() {
      if (balancer_ != nullptr) balancer_->Release(instance_.id);
    }
    const GatewayInstance& instance() const { return instance_; }

   private:
    Balancer* balancer_;
    GatewayInstance instance_;
  };

  // Ties go round. nullopt when every instance is in `tried` or there is none.
  std::optional<Lease> Pick(const GatewayModel& model, const std::set<std::string>& tried);
  int64_t InFlight(const std::string& instance_id) const;

 private:
  void Release(const std::string& instance_id);

  mutable std::mutex mutex_;  // guards both
  std::map<std::string, int64_t> in_flight_;
  size_t turn_ = 0;
};

}  // namespace redline::platform
