// A batch as a forward pass sees it: one row per token, and the attention work over them.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/kernels/attention/attention.h"
#include "engine/model/kv_cache.h"
#include "engine/model/model.h"

namespace redline::engine {

struct BatchRow {
  TokenId token = 0;
  int64_t slice = 0;
  int64_t position = 0;
};

struct SliceRows {
  int64_t first_row = 0;
  int64_t context_len = 0;
  int64_t first_page = 0;  // of the slice, in BatchRows::page_offsets
};

struct AttentionTask {
  int64_t slice = 0;
  QueryRange queries;  // of each of num_kv_heads heads from queries.kv_head on
  int64_t num_kv_heads = 1;
};

// Rebuilt for every batch; keeps its memory. Owner: the thread that calls Forward.
struct BatchRows {
  struct AttentionDivision {
    int64_t num_heads = 0;
    int64_t query_tile = 0;  // KernelSet's
    int64_t num_threads = 1;
  };
  void Build(const Batch& batch, const KvCache& kv, const AttentionDivision& division);

  std::vector<BatchRow> rows;
  std::vector<SliceRows> slices;
  std::vector<int64_t> page_offsets;  // KvCache::PageOffset of every slice's pages
  std::vector<AttentionTask> attention;
  int64_t attention_pairs = 0;       // of a query and a position it may see, over all tasks
  std::vector<int64_t> logits_rows;  // the rows whose logits are wanted
};

}  // namespace redline::engine
