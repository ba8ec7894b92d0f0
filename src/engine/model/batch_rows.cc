#include "engine/model/batch_rows.h"

#include <algorithm>

namespace redline::engine {
namespace {

// Tiles of a slice are smaller where its threads would have too few of them.
constexpr int64_t kTasksPerThread = 2;
constexpr int64_t kLeastTile = 96;
// A slice of one tile is a whole task if each thread has that many times its positions to read, so
// that tasks even out: the KV heads of a page lie side by side, and what the processor reads ahead
// of one is of use for the next.
constexpr int64_t kWholeSlicesPerThread = 3;

int64_t PositionsOf(const SequenceSlice& slice) {
  return slice.context_len + static_cast<int64_t>(slice.tokens.size());
}

void AddAttention(int64_t slice, int64_t num_kv_heads, int64_t queries_per_kv_head,
                  const BatchRows::AttentionDivision& division, bool is_small,
                  std::vector<AttentionTask>* tasks) {
  const int64_t even =
      queries_per_kv_head * num_kv_heads / (kTasksPerThread * division.num_threads);
  const int64_t tile =
      std::min(division.query_tile, std::max(kLeastTile, even / kLeastTile * kLeastTile));
  if (is_small && queries_per_kv_head <= tile) {
    tasks->push_back(
        {.slice = slice, .queries = {0, 0, queries_per_kv_head}, .num_kv_heads = num_kv_heads});
    return;
  }
  for (int64_t begin = 0; begin < queries_per_kv_head; begin += tile) {
    const int64_t end = std::min(begin + tile, queries_per_kv_head);
    for (int64_t kv_head = 0; kv_head < num_kv_heads; ++kv_head)
      tasks->push_back({.slice = slice, .queries = {kv_head, begin, end}});
  }
}

}  // namespace

void BatchRows::Build(const Batch& batch, const KvCache& kv, const AttentionDivision& division) {
  const int64_t num_heads = division.num_heads;
  const int64_t num_kv_heads = kv.layout().num_kv_heads;
  int64_t all_positions = 0;
  for (const SequenceSlice& slice : batch.slices) all_positions += PositionsOf(slice);
  rows.clear();
  slices.clear();
  page_offsets.clear();
  attention.clear();
  attention_pairs = 0;
  logits_rows.clear();
  for (const SequenceSlice& slice : batch.slices) {
    const auto slice_index = static_cast<int64_t>(slices.size());
    slices.push_back({.first_row = static_cast<int64_t>(rows.size()),
                      .context_len = slice.context_len,
                      .first_page = static_cast<int64_t>(page_offsets.size())});
    int64_t position = slice.context_len;
    for (const TokenId token : slice.tokens)
      rows.push_back({.token = token, .slice = slice_index, .position = position++});
    for (const PageId page : slice.pages) page_offsets.push_back(kv.PageOffset(page));
    const auto num_tokens = static_cast<int64_t>(slice.tokens.size());
    AddAttention(slice_index, num_kv_heads, num_tokens * (num_heads / num_kv_heads), division,
                 PositionsOf(slice) * kWholeSlicesPerThread * division.num_threads <= all_positions,
                 &attention);
    attention_pairs += num_tokens * num_heads * PositionsOf(slice);
    const auto end_row = static_cast<int64_t>(rows.size());
    for (int64_t row = end_row - slice.num_logits; row < end_row; ++row) logits_rows.push_back(row);
  }
}

}  // namespace redline::engine
