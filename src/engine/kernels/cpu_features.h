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
  // Tiles of bf16, with AVX512_BF16; the operating system lets this process use them.
  bool amx_bf16 = false;
};
CpuFeatures DetectCpuFeatures();

}  // namespace redline::engine
