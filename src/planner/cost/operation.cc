#include "planner/cost/operation.h"

#include <numeric>

namespace redline::planner {

std::string_view NameOf(Operation operation) {
  static constexpr std::array<std::string_view, kNumOperations> kNames = {
      "attention_gemm", "attention",   "dense_ffn", "router", "experts", "shared_experts",
      "communication",  "elementwise", "head",      "launch", "host"};
  return kNames[static_cast<size_t>(operation)];
}

double OperationTimes::Total() const {
  return std::accumulate(seconds.begin(), seconds.end(), 0.0);
}

void OperationTimes::Add(const OperationTimes& other, double factor) {
  for (size_t index = 0; index < kNumOperations; ++index) {
    seconds[index] += factor * other.seconds[index];
  }
}

}  // namespace redline::planner
