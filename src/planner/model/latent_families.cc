// DeepSeek V3 and what is built like it: V3.1, R1, V3.2 (with an indexer), Kimi-K2, GLM-5.
#include <string>
#include <vector>

#include "planner/model/model_families.h"

namespace redline::planner {
namespace {

constexpr int64_t kLargestRank = 1 << 16;
constexpr int64_t kMostTopK = 1 << 24;

LatentAttention ReadLatent(ConfigFields& fields) {
  LatentAttention attention;
  attention.num_heads = fields.Need("num_attention_heads", kMostHeads);
  attention.q_lora_rank = fields.Take("q_lora_rank", 0, kLargestRank);
  attention.kv_lora_rank = fields.Need("kv_lora_rank", kLargestRank);
  attention.qk_nope_head_dim = fields.Need("qk_nope_head_dim", kMostHeadDim);
  attention.qk_rope_head_dim = fields.Need("qk_rope_head_dim", kMostHeadDim);
  attention.v_head_dim = fields.Need("v_head_dim", kMostHeadDim);
  if (!fields.Has("index_topk")) return attention;
  attention.indexer = Indexer{.num_heads = fields.Need("index_n_heads", kMostHeads),
                              .head_dim = fields.Need("index_head_dim", kMostHeadDim),
                              .top_k = fields.Need("index_topk", kMostTopK)};
  if (attention.q_lora_rank == 0)
    fields.Refuse("q_lora_rank", "must be there with index_topk: the indexer reads it");
  return attention;
}

// One word for each layer, where the file has the list.
std::vector<std::string> TakeWordsOfLayers(ConfigFields& fields, const char* key,
                                           const LayerPlan& plan) {
  std::vector<std::string> words = fields.TakeWords(key, kMostLayers);
  if (!words.empty() && static_cast<int64_t>(words.size()) != plan.num_layers)
    fields.Refuse(key, "must have one word for each of num_hidden_layers");
  return words;
}

}  // namespace

void ReadDeepSeek(ConfigFields& fields, LayerPlan& plan) {
  const LatentAttention attention = ReadLatent(fields);
  const MoeFfn moe = ReadDeepSeekMoe(fields);
  const int64_t first_sparse = fields.Take("first_k_dense_replace", 0, kMostLayers);
  const int64_t frequency = fields.Take("moe_layer_freq", 1, kMostLayers, 1);
  const auto ffns = TakeWordsOfLayers(fields, "mlp_layer_types", plan);
  const auto indexers = TakeWordsOfLayers(fields, "indexer_types", plan);
  if (!fields.ok()) return;
  for (int64_t layer = 0; layer < plan.num_layers; ++layer) {
    const auto at = static_cast<size_t>(layer);
    const bool is_dense =
        ffns.empty() ? layer < first_sparse || layer % frequency != 0 : ffns[at] == "dense";
    LatentAttention of_layer = attention;
    if (of_layer.indexer && !indexers.empty())
      of_layer.indexer->is_shared = indexers[at] == "shared";
    plan.AddLayer(of_layer, is_dense ? Ffn(ReadDense(fields)) : Ffn(moe));
  }
  plan.prediction = {
      .num_layers = fields.Take("num_nextn_predict_layers", 0, kMostPredictionLayers),
      .layer = {.num_layers = 1, .attention = attention, .ffn = moe}};
}

}  // namespace redline::planner
