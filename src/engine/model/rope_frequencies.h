// The angles of rotary position embeddings, with a model's frequency scaling.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/weights/checkpoint.h"

namespace redline::engine {

// Radians per position of each of the head_dim / 2 pairs: theta^(-2 i / head_dim), scaled as
// config.json's rope_scaling says ("linear": all by 1 / factor; "llama3": low frequencies by
// 1 / factor, high ones not at all, a ramp between).
std::vector<double> RopeFrequencies(const ModelConfig& config);

// cos and sin of every pair at `position`; both head_dim / 2 floats.
void RopeAngles(const std::vector<double>& frequencies, int64_t position, float* cos, float* sin);

}  // namespace redline::engine
