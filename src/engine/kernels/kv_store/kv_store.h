// Writes one position's keys (or values) into the KV cache, as kv_dtype.h says.
//
// heads: [num_heads][head_dim] f32. Head h goes to head_dim elements of `dtype` at element
// h * out_stride of `out`. Bytes: 4 + the element's per value; bound: memory bandwidth.
#pragma once

#include <cstdint>

#include "engine/kernels/kv_dtype.h"

namespace redline::engine {

struct KvStoreArgs {
  const float* heads = nullptr;
  int64_t num_heads = 0;
  int64_t head_dim = 0;
  KvDtype dtype = KvDtype::kF32;
  void* out = nullptr;  // aligned to the element
  int64_t out_stride = 0;
};

void KvStoreRef(const KvStoreArgs& args);
void KvStoreAvx2(const KvStoreArgs& args);
void KvStoreAvx512(const KvStoreArgs& args);

}  // namespace redline::engine
