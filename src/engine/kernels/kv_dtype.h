// Element types of the KV cache.
//
// What storing and loading do to a value, to the bit, on every instruction set:
//   f32       nothing
//   bf16      rounded to nearest even; what overflows becomes infinity, NaN stays NaN
//   fp8_e4m3  OCP E4M3, NVIDIA's "fn": exponent bias 7, subnormals, up to 448, no infinities.
//             Rounded to nearest even; finite values beyond 448 become 448 of their sign. NaN stays
//             NaN and infinities become NaN: a numerical error must surface, not be clipped.
// The scale is 1, as in SGLang without a file of scales.
#pragma once

#include <cstdint>

namespace redline::engine {

enum class KvDtype : uint8_t { kF32, kBf16, kFp8E4m3 };

}  // namespace redline::engine
