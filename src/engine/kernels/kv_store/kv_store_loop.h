// kv_store.h for any instruction set, named by the tag `Isa`: kv_element.h's definition, which the
// compiler vectorises. One source, so the sets cannot differ.
#pragma once

#include "engine/kernels/kv_store/kv_element.h"
#include "engine/kernels/kv_store/kv_store.h"

namespace redline::engine {

template <typename Isa, KvDtype kDtype>
void StoreHeads(const KvStoreArgs& args) {
  using Element = KvElement<kDtype>;
  const int64_t head_dim = args.head_dim;
  for (int64_t head = 0; head < args.num_heads; ++head) {
    const float* __restrict from = args.heads + head * head_dim;
    auto* __restrict to = static_cast<typename Element::Type*>(args.out) + head * args.out_stride;
    for (int64_t i = 0; i < head_dim; ++i) to[i] = Element::Encode(from[i]);
  }
}

template <typename Isa>
void StoreHeadsOf(const KvStoreArgs& args) {
  switch (args.dtype) {
    case KvDtype::kF32:
      return StoreHeads<Isa, KvDtype::kF32>(args);
    case KvDtype::kBf16:
      return StoreHeads<Isa, KvDtype::kBf16>(args);
    case KvDtype::kFp8E4m3:
      return StoreHeads<Isa, KvDtype::kFp8E4m3>(args);
  }
}

}  // namespace redline::engine
