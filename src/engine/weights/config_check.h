// The bounds every configuration must keep before anything is sized by it.
#pragma once

#include "base/status.h"
#include "engine/weights/checkpoint.h"

namespace redline::engine {

// kDataLoss naming the key (config.json's) whose value is outside its domain.
Status CheckConfig(const ModelConfig& config);

// kLlama3 with the parameters (of the Llama 3 family) that give these divisors of RoPE's inverse
// frequencies; kUnimplemented when none does. GGUF stores the divisors, not the parameters.
Result<RopeScaling> Llama3ScalingFromDivisors(const std::vector<float>& divisors,
                                              double rope_theta);
// The divisor of inverse frequency `index` of `count` under `scaling` (1 without scaling).
double RopeFrequencyDivisor(const RopeScaling& scaling, double rope_theta, int64_t index,
                            int64_t count);

}  // namespace redline::engine
