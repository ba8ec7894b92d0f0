// Two passes per query: all scores, then softmax and the weighted sum of values.
#include <algorithm>
#include <cmath>
#include <vector>

#include "engine/kernels/attention/attention.h"

namespace redline::engine {
namespace {

// Row of `position` in `pool` (the keys or the values).
const float* CacheRow(const AttentionArgs& args, const float* pool, int64_t kv_head,
                      int64_t position) {
  return pool + args.page_offsets[position / args.page_size] +
         (kv_head * args.page_size + position % args.page_size) * args.head_dim;
}

float Dot(const float* left, const float* right, int64_t size) {
  float sum = 0;
  for (int64_t i = 0; i < size; ++i) sum += left[i] * right[i];
  return sum;
}

void OneQuery(const AttentionArgs& args, int64_t kv_head, int64_t row, int64_t head) {
  const float* q = args.q + row * args.q_stride + head * args.head_dim;
  float* out = args.out + row * args.out_stride + head * args.head_dim;
  const int64_t num_positions = args.context_len + row + 1;
  const float scale = 1.0f / std::sqrt(static_cast<float>(args.head_dim));
  std::vector<float> weights(static_cast<size_t>(num_positions));
  for (int64_t position = 0; position < num_positions; ++position) {
    weights[static_cast<size_t>(position)] =
        scale * Dot(q, CacheRow(args, args.keys, kv_head, position), args.head_dim);
  }
  const float largest = *std::max_element(weights.begin(), weights.end());
  float sum = 0;
  for (float& weight : weights) sum += weight = std::exp(weight - largest);
  std::fill(out, out + args.head_dim, 0.0f);
  for (int64_t position = 0; position < num_positions; ++position) {
    const float weight = weights[static_cast<size_t>(position)] / sum;
    const float* value = CacheRow(args, args.values, kv_head, position);
    for (int64_t i = 0; i < args.head_dim; ++i) out[i] += weight * value[i];
  }
}

}  // namespace

void AttentionRef(const AttentionArgs& args, const QueryRange& range) {
  const int64_t group = args.num_heads / args.num_kv_heads;
  for (int64_t query = range.query_begin; query < range.query_end; ++query)
    OneQuery(args, range.kv_head, query / group, range.kv_head * group + query % group);
}

}  // namespace redline::engine
