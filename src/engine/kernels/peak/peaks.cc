#include "engine/kernels/cpu_features.h"
#include "engine/kernels/peak/peak.h"

namespace redline::engine {
namespace {

// Of one step on one chain.
constexpr int64_t kFp32Scalar = 2;
constexpr int64_t kFp32Of256 = 2 * 8;
constexpr int64_t kInt8Of256 = 2 * 32;
constexpr int64_t kFp32Of512 = 2 * 16;
constexpr int64_t kInt8Of512 = 2 * 64;
constexpr int64_t kBf16Of512 = 2 * 32;
constexpr int64_t kBf16OfTiles = 4 * 2 * 16 * 16 * 32;

}  // namespace

std::vector<PeakPath> AvailablePeaks() {
  const CpuFeatures cpu = DetectCpuFeatures();
  std::vector<PeakPath> paths = {{"ref", "fp32", PeakFp32Ref, kFp32Scalar * kPeakChains}};
  if (cpu.avx2) {
    paths.push_back({"avx2", "fp32", PeakFp32Avx2, kFp32Of256 * kPeakChains});
    paths.push_back({"avx2", "int8", PeakInt8Avx2, kInt8Of256 * kPeakInt8Chains});
  }
  if (cpu.avx_vnni)
    paths.push_back({"avx_vnni", "int8", PeakInt8AvxVnni, kInt8Of256 * kPeakChains});
  if (cpu.avx512) paths.push_back({"avx512", "fp32", PeakFp32Avx512, kFp32Of512 * kPeakChains});
  if (cpu.avx512_vnni)
    paths.push_back({"avx512_vnni", "int8", PeakInt8Avx512Vnni, kInt8Of512 * kPeakChains});
  if (cpu.avx512_bf16)
    paths.push_back({"avx512_bf16", "bf16", PeakBf16Avx512, kBf16Of512 * kPeakChains});
  if (cpu.amx) paths.push_back({"amx", "bf16", PeakBf16Amx, kBf16OfTiles});
  return paths;
}

ReadPath FastestRead() {
  const CpuFeatures cpu = DetectCpuFeatures();
  return cpu.avx512 ? ReadAvx512 : cpu.avx2 ? ReadAvx2 : ReadRef;
}

}  // namespace redline::engine
