// Unpacks one output feature's weights, then one plain dot product per row.
#include <vector>

#include "engine/kernels/matmul/matmul.h"

namespace redline::engine {

void MatmulRef(const MatmulArgs& args, const MatmulPart& part, const MatmulRange& range) {
  const PackedMatrix& weight = part.weight;
  std::vector<float> weights(static_cast<size_t>(weight.in_features));
  const int64_t end = range.panel_end * kPanelColumns;
  for (int64_t n = range.panel_begin * kPanelColumns; n < end && n < weight.out_features; ++n) {
    UnpackRow(weight, n, weights.data());
    for (int64_t row = range.row_begin; row < range.row_end; ++row) {
      const float* x = args.x + row * args.x_stride;
      float sum = 0;
      for (int64_t k = 0; k < weight.in_features; ++k)
        sum += x[k] * weights[static_cast<size_t>(k)];
      if (part.bias != nullptr) sum += part.bias[n];
      args.out[row * args.out_stride + part.out_column + n] = sum;
    }
  }
}

}  // namespace redline::engine
