#include "planner/model/weight_totals.h"

#include <fmt/format.h>

#include <numeric>

namespace redline::planner {
namespace {

constexpr double kMostParameters = 1e15;

int64_t NumbersOf(const WeightTensor& tensor) {
  return tensor.rows * tensor.columns * tensor.count;
}

// Calls visit(tensor, how often it is there, what of its layer is not quantised).
template <typename Visit>
void ForEachTensor(const ModelShape& shape, const Visit& visit) {
  visit(EmbeddingOf(shape), 1, ModuleSet());
  if (!shape.has_tied_embeddings) visit(HeadOf(shape), 1, ModuleSet());
  visit(FinalNormOf(shape), 1, ModuleSet());
  for (const LayerGroup& group : shape.groups)
    for (const WeightTensor& tensor : TensorsOfLayer(shape.hidden_size, group))
      visit(tensor, group.num_layers, group.unquantized);
  const PredictionLayers& prediction = shape.prediction;
  if (prediction.num_layers == 0) return;
  for (const WeightTensor& tensor : TensorsOfPredictionLayer(shape.hidden_size, prediction.layer))
    visit(tensor, prediction.num_layers, prediction.layer.unquantized);
}

}  // namespace

int64_t ByTensorClass::Total() const {
  return std::accumulate(values_.begin(), values_.end(), int64_t{0});
}

NumberFormat FormatOfTensor(const WeightFormat& format, ModuleSet unquantized,
                            const WeightTensor& tensor) {
  if (tensor.stored) return *tensor.stored;
  if (tensor.is_float32) return {.kind = NumberFormat::Kind::kFloat32};
  const bool is_quantized = tensor.module != Module::kNone && !unquantized.Has(tensor.module);
  return is_quantized ? format.quantized : format.base;
}

int64_t BytesOfTensor(const WeightFormat& format, ModuleSet unquantized,
                      const WeightTensor& tensor) {
  return tensor.count *
         BytesOfMatrix(FormatOfTensor(format, unquantized, tensor), tensor.rows, tensor.columns);
}

ByTensorClass ParametersOf(const ModelShape& shape) {
  ByTensorClass parameters;
  ForEachTensor(shape, [&parameters](const WeightTensor& tensor, int64_t times, ModuleSet) {
    parameters[tensor.tensor_class] += times * NumbersOf(tensor);
  });
  return parameters;
}

ByTensorClass BytesOf(const ModelShape& shape) {
  ByTensorClass bytes;
  ForEachTensor(shape, [&](const WeightTensor& tensor, int64_t times, ModuleSet unquantized) {
    bytes[tensor.tensor_class] += times * BytesOfTensor(shape.format, unquantized, tensor);
  });
  return bytes;
}

std::map<std::string, int64_t> BytesByFormat(const ModelShape& shape) {
  std::map<std::string, int64_t> bytes;
  ForEachTensor(shape, [&](const WeightTensor& tensor, int64_t times, ModuleSet unquantized) {
    const NumberFormat format = FormatOfTensor(shape.format, unquantized, tensor);
    bytes[std::string(NameOf(format))] +=
        times * tensor.count * BytesOfMatrix(format, tensor.rows, tensor.columns);
  });
  return bytes;
}

int64_t ScalesOf(const ModelShape& shape) {
  int64_t scales = 0;
  ForEachTensor(shape, [&](const WeightTensor& tensor, int64_t times, ModuleSet unquantized) {
    const NumberFormat format = FormatOfTensor(shape.format, unquantized, tensor);
    scales += times * tensor.count * ScalesOfMatrix(format, tensor.rows, tensor.columns);
  });
  return scales;
}

int64_t ActiveParametersOf(const ModelShape& shape) {
  const ByTensorClass parameters = ParametersOf(shape);
  int64_t active = parameters.Total() - parameters[TensorClass::kPrediction];
  if (!shape.has_tied_embeddings) active -= parameters[TensorClass::kEmbedding];
  for (const LayerGroup& group : shape.groups) {
    const auto* moe = std::get_if<MoeFfn>(&group.ffn);
    if (moe == nullptr) continue;
    for (const WeightTensor& tensor : TensorsOfLayer(shape.hidden_size, group)) {
      if (tensor.tensor_class != TensorClass::kRoutedExperts) continue;
      active -= group.num_layers * tensor.rows * tensor.columns *
                (moe->num_experts - moe->experts_per_token);
    }
  }
  return active;
}

int64_t CopiedParametersOf(const ModelShape& shape) {
  return shape.prediction.num_layers * 2 * shape.vocab_size * shape.hidden_size;
}

Status CheckSize(const ModelShape& shape) {
  double parameters = 0;
  ForEachTensor(shape, [&parameters](const WeightTensor& tensor, int64_t times, ModuleSet) {
    parameters += static_cast<double>(tensor.rows) * static_cast<double>(tensor.columns) *
                  static_cast<double>(tensor.count) * static_cast<double>(times);
  });
  if (parameters <= kMostParameters) return OkStatus();
  return InvalidArgument(
      fmt::format("the dimensions of config.json make {:.3g} parameters; at most {:.0g} are taken",
                  parameters, kMostParameters),
      "hidden_size");
}

}  // namespace redline::planner
