// Random numbers that are a pure function of (seed, stream, index): the same on every machine, in
// any order and from any thread. SplitMix64 (Steele, Lea, Flood 2014) under inverse transforms; the
// standard library's distributions differ from one library to the next.
#pragma once

#include <cstdint>

namespace redline::workload {

// What a number is for: no two uses see the same numbers.
enum class Stream : uint64_t {
  kInputLength = 1,
  kOutputLength,
  kArrival,
  kThinkTime,
  kSloClass,
  kPrefix,  // contents of prompts
  kPrompt,
  kAnswer,
  kBlock,
  kProbe,
  kMachine,  // how a virtual engine's machine differs from what is known (planner/virtual)
  kNoise,
};

// SplitMix64's finaliser: a bijection that spreads every bit.
uint64_t Mix(uint64_t value);
// The key of one use of one index.
uint64_t KeyOf(uint64_t seed, Stream stream, uint64_t index);

class RandomStream {
 public:
  RandomStream(uint64_t seed, Stream stream, uint64_t index) : state_(KeyOf(seed, stream, index)) {}

  uint64_t Next();
  double Uniform();      // within (0, 1), never an end of it
  double Exponential();  // mean 1
  double Normal();       // mean 0, standard deviation 1
  // Mean `shape`, scale 1 (Marsaglia and Tsang 2000). `shape` is positive.
  double Gamma(double shape);

 private:
  uint64_t state_;
};

// The standard normal distribution below `x`, and its inverse on (0, 1) to 1.2e-9 (P. Acklam).
double NormalCdf(double x);
double InverseNormalCdf(double probability);

}  // namespace redline::workload
