// What a request costs in memory while it is served: keys and values for each of its tokens, states
// of linear attention once.
#pragma once

#include <cstdint>

#include "planner/model/model_shape.h"

namespace redline::planner {

enum class CacheDtype { kBf16, kFp8 };

// Of one token in one layer, on one of `attention_tp_size` ranks (positive). Heads of keys and
// values are divided, at least one a rank; a latent vector is whole on each:
//   latent, bf16         2 bytes for each of kv_lora_rank + qk_rope_head_dim (576 numbers)
//   latent, fp8          1 byte for each
//   with indexer, fp8    656 bytes: 512 in fp8, an fp32 scale for each 128 of them, 64 in bf16
//                        (FlashMLA's layout)
// and the indexer's key beside it: a byte a number, an fp32 scale for each 128 (132 bytes).
// Linear attention and layers that take another's choice keep no key of the indexer.
struct CacheRow {
  int64_t attention_bytes = 0;
  int64_t indexer_bytes = 0;
  int64_t Total() const { return attention_bytes + indexer_bytes; }
};
CacheRow CacheRowOf(const Attention& attention, CacheDtype dtype, int64_t attention_tp_size);

// Of one token in all layers, without the prediction layers; whatever windows the layers have.
int64_t CacheBytesPerToken(const ModelShape& shape, CacheDtype dtype, int64_t attention_tp_size);

// Of one request in one layer: the recurrent state, and the tokens that the convolution looks back
// on, in bf16. 0 where the attention keeps keys and values.
int64_t StateBytesOf(const Attention& attention, int64_t attention_tp_size);
int64_t StateBytesPerRequest(const ModelShape& shape, int64_t attention_tp_size);

}  // namespace redline::planner
