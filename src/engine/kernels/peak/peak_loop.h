// The loop of peak.h over any vector type. Only plain code: it is compiled with instruction-set
// flags.
#pragma once

#include <cstdint>

namespace redline::engine {

// acc = step(acc) on kChains chains, `rounds` times; step must depend on acc, or hide its operands
// from the compiler, so that nothing can be moved out of the loop.
template <int kChains, typename Vec, typename Step>
[[gnu::always_inline]] inline Vec RunChains(int64_t rounds, Vec zero, const Step& step) {
  Vec acc[kChains];
#pragma GCC unroll 16
  for (int i = 0; i < kChains; ++i) {
    acc[i] = zero;
    asm volatile("" : "+x"(acc[i]));  // else the compiler finds that all chains are the same one
  }
  for (int64_t round = 0; round < rounds; ++round) {
#pragma GCC unroll 16
    for (int i = 0; i < kChains; ++i) acc[i] = step(acc[i]);
  }
  Vec sum = acc[0];
#pragma GCC unroll 16
  for (int i = 1; i < kChains; ++i) sum = sum + acc[i];
  return sum;
}

}  // namespace redline::engine
