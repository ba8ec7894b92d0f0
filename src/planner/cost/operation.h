// The operations that a step's time is told by.
#pragma once

#include <array>
#include <string_view>

namespace redline::planner {

enum class Operation {
  kAttentionGemm,
  kAttention,
  kDenseFfn,
  kRouter,
  kExperts,
  kSharedExperts,
  kCommunication,
  kElementwise,
  kHead,
  kLaunch,  // waiting for the host to launch kernels
  kHost,    // scheduling, sampling, what no kernel hides
  kCount,
};
inline constexpr size_t kNumOperations = static_cast<size_t>(Operation::kCount);

std::string_view NameOf(Operation operation);  // "attention_gemm"

// Seconds by operation.
struct OperationTimes {
  std::array<double, kNumOperations> seconds{};

  double& operator[](Operation operation) { return seconds[static_cast<size_t>(operation)]; }
  double operator[](Operation operation) const { return seconds[static_cast<size_t>(operation)]; }
  double Total() const;
  void Add(const OperationTimes& other, double factor = 1);
};

}  // namespace redline::planner
