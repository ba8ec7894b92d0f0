#include "planner/model/cache_bytes.h"

#include <algorithm>

namespace redline::planner {
namespace {

constexpr int64_t kBf16 = 2;
constexpr int64_t kFp32 = 4;
constexpr int64_t kNumbersOfScale = 128;

int64_t PartOfHeads(int64_t num_heads, int64_t ranks) { return (num_heads + ranks - 1) / ranks; }

int64_t Scaled(int64_t numbers) {
  return numbers + (numbers + kNumbersOfScale - 1) / kNumbersOfScale * kFp32;
}

CacheRow RowOf(const GroupedQueryAttention& attention, CacheDtype dtype, int64_t ranks) {
  const int64_t number_bytes = dtype == CacheDtype::kFp8 ? 1 : kBf16;
  return {.attention_bytes =
              2 * PartOfHeads(attention.num_kv_heads, ranks) * attention.head_dim * number_bytes};
}

CacheRow RowOf(const LatentAttention& attention, CacheDtype dtype, int64_t) {
  CacheRow row;
  const int64_t numbers = attention.kv_lora_rank + attention.qk_rope_head_dim;
  const bool is_fp8 = dtype == CacheDtype::kFp8;
  row.attention_bytes = is_fp8 ? numbers : numbers * kBf16;
  if (!attention.indexer) return row;
  if (is_fp8)
    row.attention_bytes = Scaled(attention.kv_lora_rank) + attention.qk_rope_head_dim * kBf16;
  if (!attention.indexer->is_shared) row.indexer_bytes = Scaled(attention.indexer->head_dim);
  return row;
}

CacheRow RowOf(const LinearAttention&, CacheDtype, int64_t) { return {}; }

}  // namespace

CacheRow CacheRowOf(const Attention& attention, CacheDtype dtype, int64_t attention_tp_size) {
  return std::visit([&](const auto& each) { return RowOf(each, dtype, attention_tp_size); },
                    attention);
}

int64_t CacheBytesPerToken(const ModelShape& shape, CacheDtype dtype, int64_t attention_tp_size) {
  int64_t bytes = 0;
  for (const LayerGroup& group : shape.groups)
    bytes += group.num_layers * CacheRowOf(group.attention, dtype, attention_tp_size).Total();
  return bytes;
}

int64_t StateBytesOf(const Attention& attention, int64_t attention_tp_size) {
  const auto* linear = std::get_if<LinearAttention>(&attention);
  if (linear == nullptr) return 0;
  const int64_t keys = PartOfHeads(linear->num_key_heads, attention_tp_size);
  const int64_t values = PartOfHeads(linear->num_value_heads, attention_tp_size);
  const int64_t state =
      values * linear->key_head_dim * linear->value_head_dim * linear->state_bytes;
  const int64_t channels = 2 * keys * linear->key_head_dim + values * linear->value_head_dim;
  return state + channels * (linear->conv_kernel_size - 1) * kBf16;
}

int64_t StateBytesPerRequest(const ModelShape& shape, int64_t attention_tp_size) {
  int64_t bytes = 0;
  for (const LayerGroup& group : shape.groups)
    bytes += group.num_layers * StateBytesOf(group.attention, attention_tp_size);
  return bytes;
}

}  // namespace redline::planner
