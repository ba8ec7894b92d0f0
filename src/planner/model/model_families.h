// How the layers of each model_type follow from its config.json. A family is a reader and a line in
// model_families.cc.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "planner/model/config_fields.h"
#include "planner/model/model_shape.h"

namespace redline::planner {

// What a reader fills in; errors go to the fields.
struct LayerPlan {
  int64_t hidden_size = 0;
  int64_t num_layers = 0;
  std::vector<LayerGroup> layers;  // one for each layer
  PredictionLayers prediction;     // its layer's number is set by the reader of the whole
  // Of the prediction layers in the checkpoint's names: "mtp.layers"; "": they follow the others.
  std::string_view prediction_path;

  void AddLayer(const Attention& attention, const Ffn& ffn) {
    layers.push_back({.num_layers = 1, .attention = attention, .ffn = ffn});
  }
};

using LayerReader = void (*)(ConfigFields& fields, LayerPlan& plan);

struct ModelFamily {
  std::string_view model_type;  // of config.json
  LayerReader read_layers;
};
std::span<const ModelFamily> ModelFamilies();
// nullptr: not known.
const ModelFamily* FindModelFamily(std::string_view model_type);

// The bounds of every dimension: far above any model, and small enough for products of two.
constexpr int64_t kMostLayers = 512;
constexpr int64_t kMostHidden = 1 << 20;
constexpr int64_t kMostHeads = 1 << 14;
constexpr int64_t kMostHeadDim = 1 << 14;
constexpr int64_t kMostExperts = 1 << 16;
constexpr int64_t kMostPredictionLayers = 16;

// gqa_families.cc
void ReadLlama(ConfigFields& fields, LayerPlan& plan);
void ReadMistral(ConfigFields& fields, LayerPlan& plan);
void ReadMixtral(ConfigFields& fields, LayerPlan& plan);
void ReadQwen2(ConfigFields& fields, LayerPlan& plan);
void ReadQwen3(ConfigFields& fields, LayerPlan& plan);
void ReadQwen3Moe(ConfigFields& fields, LayerPlan& plan);
void ReadGlm4Moe(ConfigFields& fields, LayerPlan& plan);
void ReadGptOss(ConfigFields& fields, LayerPlan& plan);
void ReadMiniMaxM2(ConfigFields& fields, LayerPlan& plan);
// latent_families.cc
void ReadDeepSeek(ConfigFields& fields, LayerPlan& plan);
// hybrid_families.cc
void ReadQwen3Hybrid(ConfigFields& fields, LayerPlan& plan);

// What several families share.
GroupedQueryAttention ReadGroupedQuery(ConfigFields& fields, const LayerPlan& plan);
DenseFfn ReadDense(ConfigFields& fields);
// n_routed_experts, n_shared_experts and the correction of the scores: DeepSeek's names.
MoeFfn ReadDeepSeekMoe(ConfigFields& fields);

}  // namespace redline::planner
