// What this CPU and its operating system can run.
#pragma once

namespace redline::engine {

struct CpuFeatures {
  bool avx2 = false;    // AVX2, FMA and F16C; YMM state saved by the OS
  bool avx512 = false;  // AVX-512 F, BW, VL, DQ besides; ZMM state saved by the OS
  // Dot products of bytes and of bf16, each beside the set it extends.
  bool avx_vnni = false;
  bool avx512_vnni = false;
  bool avx512_bf16 = false;
  // AMX with bf16 and int8, and what every CPU with it has: AVX512 with VNNI, BF16, FP16 and VBMI.
  // This process may use tiles.
  bool amx = false;
};
CpuFeatures DetectCpuFeatures();

}  // namespace redline::engine
