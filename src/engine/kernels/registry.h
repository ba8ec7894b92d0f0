// Which kernels this process uses: one table of functions per instruction set, chosen once.
#pragma once

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

// The implementations of every operation for one instruction set. Immutable; passed by reference.
struct KernelSet {
  std::string_view name;     // "ref", "avx2", "avx2_int8", "avx_vnni", "avx512", "avx512_vnni"
  std::string_view vectors;  // the set that computes in f32 with the same vectors; may be itself
  decltype(&MatmulRef) matmul;
  RowForms rows;
  decltype(&AttentionRef) attention;
  decltype(&KvStoreRef) kv_store;
  decltype(&RmsNormRef) rms_norm;
  decltype(&RopeRef) rope;
  decltype(&SiluMulRef) silu_mul;
  decltype(&ArgmaxRef) argmax;
  decltype(&LogSumExpRef) log_sum_exp;
};

// Every set this machine can execute, slowest first ("ref" always).
std::vector<const KernelSet*> AvailableKernels();
// The set that `isa_name` names; empty: the one that the environment's REDLINE_ISA names; neither:
// the fastest. kInvalidArgument naming those available when there is none or this machine lacks it.
Result<const KernelSet*> SelectKernels(std::string_view isa_name = {});

}  // namespace redline::engine
