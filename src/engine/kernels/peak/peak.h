// Rates of a core's arithmetic units: independent chains in registers, nothing else. And of its
// loads: memory read once, from beginning to end.
//
// Shapes: none; operands stay in registers. Operations: 2 for each multiply-add of a lane. Bound:
// the units' issue rate; what a matrix product of the same instructions can reach at most. int8 is
// a product of unsigned with signed bytes, summed in 32 bits, as quantised matrix products have it.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace redline::engine {

// One kind of arithmetic of one instruction set that this machine can execute.
struct PeakPath {
  std::string_view isa;  // "ref", "avx2", "avx_vnni", "avx512", "avx512_vnni", "avx512_bf16",
                         // "amx"
  std::string_view arithmetic;  // "fp32", "int8", "bf16"
  // Runs `rounds` rounds on the calling thread; returns a value that hangs on all of them, so that
  // none is left out.
  float (*run)(int64_t rounds);
  int64_t operations_per_round = 0;
};

// Slowest instruction set first.
std::vector<PeakPath> AvailablePeaks();

// The sum of the 64-bit words of `num_bytes`, a multiple of 512, at an address that is one of 64.
// Bound: the bandwidth of where they are.
using ReadPath = uint64_t (*)(const void* data, int64_t num_bytes);
ReadPath FastestRead();

// Lanes of a vector times the multiply-adds in each, times 2, times the chains.
inline constexpr int kPeakChains = 12;     // FMA: latency 4 or 5 at two a cycle
inline constexpr int kPeakInt8Chains = 8;  // three instructions a step leave fewer registers

uint64_t ReadRef(const void* data, int64_t num_bytes);
uint64_t ReadAvx2(const void* data, int64_t num_bytes);
uint64_t ReadAvx512(const void* data, int64_t num_bytes);

float PeakFp32Ref(int64_t rounds);
float PeakFp32Avx2(int64_t rounds);
float PeakInt8Avx2(int64_t rounds);
float PeakInt8AvxVnni(int64_t rounds);
float PeakFp32Avx512(int64_t rounds);
float PeakInt8Avx512Vnni(int64_t rounds);
float PeakBf16Avx512(int64_t rounds);
float PeakBf16Amx(int64_t rounds);

}  // namespace redline::engine
