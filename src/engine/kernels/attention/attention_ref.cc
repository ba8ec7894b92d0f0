// Two passes per query: all scores, then softmax and the weighted sum of values.
#include <algorithm>
#include <cmath>
#include <vector>

#include "engine/kernels/attention/attention.h"
#include "engine/kernels/kv_store/kv_element.h"

namespace redline::engine {
namespace {

// Row of `position` in `pool` (the keys or the values), as f32.
template <KvDtype kDtype>
void LoadRow(const AttentionArgs& args, const void* pool, int64_t kv_head, int64_t position,
             std::vector<float>& row) {
  using Element = KvElement<kDtype>;
  const auto* from = static_cast<const typename Element::Type*>(pool) +
                     args.page_offsets[position / args.page_size] +
                     (kv_head * args.page_size + position % args.page_size) * args.head_dim;
  for (float& value : row) value = Element::Decode(*from++);
}

float Dot(const float* left, const std::vector<float>& right) {
  float sum = 0;
  for (size_t i = 0; i < right.size(); ++i) sum += left[i] * right[i];
  return sum;
}

template <KvDtype kDtype>
void OneQuery(const AttentionArgs& args, int64_t kv_head, int64_t row, int64_t head) {
  const float* q = args.q + row * args.q_stride + head * args.head_dim;
  float* out = args.out + row * args.out_stride + head * args.head_dim;
  const int64_t num_positions = args.context_len + row + 1;
  const float scale = 1.0f / std::sqrt(static_cast<float>(args.head_dim));
  std::vector<float> cached(static_cast<size_t>(args.head_dim));
  std::vector<float> weights(static_cast<size_t>(num_positions));
  for (int64_t position = 0; position < num_positions; ++position) {
    LoadRow<kDtype>(args, args.keys, kv_head, position, cached);
    weights[static_cast<size_t>(position)] = scale * Dot(q, cached);
  }
  const float largest = *std::max_element(weights.begin(), weights.end());
  float sum = 0;
  for (float& weight : weights) sum += weight = std::exp(weight - largest);
  std::fill(out, out + args.head_dim, 0.0f);
  for (int64_t position = 0; position < num_positions; ++position) {
    const float weight = weights[static_cast<size_t>(position)] / sum;
    LoadRow<kDtype>(args, args.values, kv_head, position, cached);
    for (size_t i = 0; i < cached.size(); ++i) out[i] += weight * cached[i];
  }
}

template <KvDtype kDtype>
void Run(const AttentionArgs& args, const QueryRange& range) {
  const int64_t group = args.num_heads / args.num_kv_heads;
  for (int64_t query = range.query_begin; query < range.query_end; ++query)
    OneQuery<kDtype>(args, range.kv_head, query / group, range.kv_head * group + query % group);
}

}  // namespace

void AttentionRef(const AttentionArgs& args, const QueryRange& range) {
  switch (args.kv_dtype) {
    case KvDtype::kF32:
      return Run<KvDtype::kF32>(args, range);
    case KvDtype::kBf16:
      return Run<KvDtype::kBf16>(args, range);
    case KvDtype::kFp8E4m3:
      return Run<KvDtype::kFp8E4m3>(args, range);
  }
}

}  // namespace redline::engine
