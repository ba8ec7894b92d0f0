// Which kernels this process uses: one table of functions per instruction set, chosen once.
#pragma once

#include <array>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "engine/kernels/attention/attention.h"
#include "engine/kernels/kv_store/kv_store.h"
#include "engine/kernels/matmul/matmul.h"
#include "engine/kernels/reduce/reduce.h"
#include "engine/kernels/rms_norm/rms_norm.h"
#include "engine/kernels/rope/rope.h"
#include "engine/kernels/silu_mul/silu_mul.h"

namespace redline::engine {

// Of every set, slowest first, whether this machine can execute it or not.
inline constexpr std::array<std::string_view, 8> kKernelNames = {
    "ref", "avx2", "avx2_int8", "avx_vnni", "avx512", "avx512_vnni", "avx512_bf16", "amx"};

// How close to f64 a set's products come. Everything else is f32 in all of them.
enum class Arithmetic {
  kF32,   // f32 throughout
  kInt8,  // rows that are multiplied with quantised weights become bytes (int8_row.h), and in
          // avx512_bf16 those that are multiplied with bf16 weights bf16
  kBf16,  // operands of matmul (but for weights in f32) and of attention become bf16
};

// The implementations of every operation for one instruction set. Immutable; passed by reference.
struct KernelSet {
  std::string_view name;     // one of kKernelNames
  std::string_view vectors;  // the set that computes in f32 with the same vectors; may be itself
  Arithmetic arithmetic;
  decltype(&MatmulRef) matmul;
  RowForms rows;
  decltype(&AttentionRef) attention;
  int64_t query_tile;  // most queries of a call of attention
  decltype(&KvStoreRef) kv_store;
  decltype(&RmsNormRef) rms_norm;
  decltype(&RopeRef) rope;
  decltype(&SiluMulRef) silu_mul;
  decltype(&ArgmaxRef) argmax;
  decltype(&LogSumExpRef) log_sum_exp;
  GatedMatmul gated_matmul = {};
};

// Every set this machine can execute, slowest first as a rule ("ref" always).
std::vector<const KernelSet*> AvailableKernels();
// The set that `isa_name` names; empty: the one that the environment's REDLINE_ISA names; neither:
// the fastest: the last, but avx512_bf16 only where a short measurement, made once, finds bf16's
// dot products faster than f32's FMA (twice as fast on some CPUs, half as fast on others).
// kInvalidArgument naming those available when there is none or this machine lacks it,
// with the parameter "kernels" or "REDLINE_ISA".
Result<const KernelSet*> SelectKernels(std::string_view isa_name = {});

}  // namespace redline::engine
