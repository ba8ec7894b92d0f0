// out[i] = gate[i] / (1 + exp(-gate[i])) * up[i], over `size` f32 values.
//
// `out` may be `gate` or `up`. Bound: exp, about 20 instructions per vector. An element's bits
// depend on its own inputs alone, not on where in the row it stands.
#pragma once

#include <cstdint>

namespace redline::engine {

struct SiluMulArgs {
  const float* gate = nullptr;
  const float* up = nullptr;
  float* out = nullptr;
  int64_t size = 0;
};

void SiluMulRef(const SiluMulArgs& args);
void SiluMulAvx2(const SiluMulArgs& args);
void SiluMulAvx512(const SiluMulArgs& args);

}  // namespace redline::engine
