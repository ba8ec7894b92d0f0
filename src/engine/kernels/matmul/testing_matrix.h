// A packed random weight for tests and benchmarks of the matmul.
#pragma once

#include <cstdlib>
#include <memory>

#include "engine/kernels/matmul/matmul.h"
#include "engine/kernels/testing_data.h"

namespace redline::engine {

struct TestingMatrix {
  TestingMatrix(DType dtype, int64_t out_features, int64_t in_features, std::mt19937& random)
      : raw(RandomWeights(dtype, out_features * in_features, random)),
        view(ViewOf(raw, dtype, {out_features, in_features})),
        packed(PackedShape(dtype, out_features, in_features)) {
    const auto num_bytes = static_cast<size_t>(PackedBytes(packed));
    memory.reset(static_cast<std::byte*>(std::aligned_alloc(64, num_bytes)));
    packed.data = memory.get();
    std::memset(memory.get(), 0, num_bytes);
    for (int64_t panel = 0; panel < packed.NumPanels(); ++panel)
      PackPanel(view, packed, panel, memory.get());
  }

  std::vector<std::byte> raw;
  TensorView view;
  PackedMatrix packed;
  struct Free {
    void operator()(std::byte* pointer) const { std::free(pointer); }
  };
  std::unique_ptr<std::byte, Free> memory;
};

}  // namespace redline::engine
