#include "engine/kernels/cpu_features.h"

#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>

namespace redline::engine {
namespace {

// XCR0: which register states the operating system saves.
constexpr uint64_t kXmmYmm = 0x6;
constexpr uint64_t kOpmaskZmm = 0xe0;
constexpr uint64_t kTiles = 0x60000;
// CPUID leaf 7, EDX; clang 14's cpuid.h lacks them.
constexpr uint32_t kAmxBf16 = 1U << 22;
constexpr uint32_t kAmxTile = 1U << 24;
constexpr uint32_t kAmxInt8 = 1U << 25;

// Linux gives a process the large state of tiles when it asks for it, for all its threads.
bool AskForTiles() {
  constexpr int kRequestPermission = 0x1023;  // ARCH_REQ_XCOMP_PERM
  constexpr int kTileData = 18;
  return syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
}

uint64_t ReadXcr0() {
  uint32_t low = 0;
  uint32_t high = 0;
  __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return (static_cast<uint64_t>(high) << 32) | low;
}

bool HasAll(uint32_t bits, uint32_t wanted) { return (bits & wanted) == wanted; }

}  // namespace

CpuFeatures DetectCpuFeatures() {
  CpuFeatures features;
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  if (!__get_cpuid(1, &eax, &ebx, &ecx, &edx)) return features;
  if (!HasAll(ecx, bit_OSXSAVE | bit_AVX | bit_FMA | bit_F16C)) return features;
  const uint64_t xcr0 = ReadXcr0();
  if ((xcr0 & kXmmYmm) != kXmmYmm) return features;
  if (!__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx)) return features;
  features.avx2 = HasAll(ebx, bit_AVX2);
  features.avx512 = features.avx2 && (xcr0 & kOpmaskZmm) == kOpmaskZmm &&
                    HasAll(ebx, bit_AVX512F | bit_AVX512BW | bit_AVX512VL | bit_AVX512DQ);
  features.avx512_vnni = features.avx512 && HasAll(ecx, bit_AVX512VNNI);
  const bool has_f16 = HasAll(edx, bit_AVX512FP16) && HasAll(ecx, bit_AVX512VBMI);
  const bool has_tiles = HasAll(edx, kAmxTile | kAmxBf16 | kAmxInt8) && (xcr0 & kTiles) == kTiles;
  if (!__get_cpuid_count(7, 1, &eax, &ebx, &ecx, &edx)) return features;
  features.avx_vnni = features.avx2 && HasAll(eax, bit_AVXVNNI);
  features.avx512_bf16 = features.avx512 && HasAll(eax, bit_AVX512BF16);
  features.amx =
      features.avx512_vnni && features.avx512_bf16 && has_f16 && has_tiles && AskForTiles();
  return features;
}

}  // namespace redline::engine
