// Causal grouped-query attention of one sequence's new positions over its paged keys and values.
//
// q and out: rows of num_heads heads of head_dim f32; row r stands at position context_len + r and
// sees positions [0, context_len + r], its own included (already written to the cache). Heads
// [h * group, (h + 1) * group) share KV head h, group = num_heads / num_kv_heads. Keys and values
// of (page, KV head) are [page_size][head_dim] elements of `kv_dtype`, the first of them element
//   page_offsets[page] + kv_head * page_size * head_dim
// of `keys` and of `values`. They are loaded as kv_dtype.h says; all sums are f32.
//
// A *query* is one (row, head) pair; a KV head's queries are numbered row * group + head in group.
// FLOPs: 4 * head_dim per query and position. Bytes: 2 * head_dim elements per KV head and
// position, per tile of queries. Bound: memory bandwidth when decoding, FMA throughput for prefill
// chunks.
//
// Positions are taken in absolute blocks of kKvBlock (AttentionAmx: two of them) from 0 on, with an
// online softmax over blocks:
// a query's bits depend neither on the chunk it came in, on the page size, nor on other queries.
#pragma once

#include <cstdint>

#include "engine/kernels/kv_dtype.h"

namespace redline::engine {

inline constexpr int64_t kKvBlock = 32;
// Queries handled together; also the largest `query_end - query_begin` of one call. The second is
// AttentionAmx's: what it does to a block's keys and values once costs as much as 50 queries.
inline constexpr int64_t kQueryTile = 96;
inline constexpr int64_t kAmxQueryTile = 384;
inline constexpr int64_t kMaxHeadDim = 256;

struct AttentionArgs {
  const float* q = nullptr;
  int64_t q_stride = 0;
  float* out = nullptr;
  int64_t out_stride = 0;
  int64_t num_heads = 0;
  int64_t num_kv_heads = 0;
  int64_t head_dim = 0;
  KvDtype kv_dtype = KvDtype::kF32;
  const void* keys = nullptr;  // aligned to the element
  const void* values = nullptr;
  const int64_t* page_offsets = nullptr;  // in elements, one per page of the sequence
  int64_t page_size = 0;
  int64_t context_len = 0;
};

struct QueryRange {
  int64_t kv_head = 0;
  int64_t query_begin = 0;
  int64_t query_end = 0;
};

void AttentionRef(const AttentionArgs& args, const QueryRange& range);
void AttentionAvx2(const AttentionArgs& args, const QueryRange& range);
void AttentionAvx512(const AttentionArgs& args, const QueryRange& range);
void AttentionAmx(const AttentionArgs& args, const QueryRange& range);

}  // namespace redline::engine
