#include "engine/model/batch_rows.h"

#include <gtest/gtest.h>

#include <set>
#include <tuple>

namespace redline::engine {
namespace {

constexpr int64_t kNumKvHeads = 3;
constexpr int64_t kGroup = 3;

struct Sequence {
  int64_t num_tokens;
  int64_t context_len;
};

struct Case {
  std::string name;
  std::vector<Sequence> sequences;
  std::vector<bool> is_whole;  // for each, whether its KV heads are one task
};

BatchRows RowsOf(const std::vector<Sequence>& sequences, int64_t num_threads) {
  static const std::vector<TokenId> tokens(2000);
  Batch batch;
  for (const auto& [num_tokens, context_len] : sequences) {
    batch.slices.push_back({.tokens = std::span(tokens).first(static_cast<size_t>(num_tokens)),
                            .context_len = context_len});
  }
  const auto kv =
      KvCache::Create({.num_layers = 1, .num_kv_heads = kNumKvHeads, .head_dim = 8}, 1, 16).value();
  BatchRows rows;
  rows.Build(batch, *kv,
             {.num_heads = kNumKvHeads * kGroup, .query_tile = 384, .num_threads = num_threads});
  return rows;
}

TEST(BatchRowsTest, AttentionIsDividedWithoutGapsOrOverlaps) {
  const std::vector<Case> cases = {
      {"one that decodes", {{1, 1000}}, {false}},
      {"few", {{1, 100}, {1, 100}, {1, 100}}, {false, false, false}},
      {"many", std::vector<Sequence>(8, {1, 300}), std::vector<bool>(8, true)},
      {"many, one long",
       {{1, 8000}, {1, 300}, {1, 300}, {1, 300}, {1, 300}, {1, 300}, {1, 300}, {1, 300}},
       {false, true, true, true, true, true, true, true}},
      {"a prompt and one that decodes", {{512, 0}, {1, 500}}, {false, false}},
      {"a prompt and a short one that decodes", {{512, 0}, {1, 90}}, {false, true}},
      {"a long prompt", {{2000, 0}}, {false}},
  };
  for (const Case& each : cases) {
    const BatchRows rows = RowsOf(each.sequences, 2);
    std::set<std::tuple<int64_t, int64_t, int64_t>> seen;
    std::vector<bool> is_whole(each.sequences.size());
    for (const AttentionTask& task : rows.attention) {
      if (task.num_kv_heads > 1) is_whole[static_cast<size_t>(task.slice)] = true;
      for (int64_t head = 0; head < task.num_kv_heads; ++head) {
        for (int64_t query = task.queries.query_begin; query < task.queries.query_end; ++query)
          EXPECT_TRUE(seen.emplace(task.slice, task.queries.kv_head + head, query).second);
      }
    }
    int64_t num_tokens = 0;
    for (const Sequence& sequence : each.sequences) num_tokens += sequence.num_tokens;
    EXPECT_EQ(std::ssize(seen), num_tokens * kGroup * kNumKvHeads) << each.name;
    EXPECT_EQ(is_whole, each.is_whole) << each.name;
  }
}

}  // namespace
}  // namespace redline::engine
