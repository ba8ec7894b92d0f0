// A packed random weight for tests and benchmarks of the matmul.
#pragma once

#include <cstdlib>
#include <memory>

#include "engine/kernels/matmul/matmul.h"
#include "engine/kernels/testing_data.h"

namespace redline::engine {

class AlignedBytes {
 public:
  explicit AlignedBytes(int64_t num_bytes)
      : data_(static_cast<std::byte*>(
            std::aligned_alloc(64, (static_cast<size_t>(num_bytes) + 127) / 64 * 64))) {}
  std::byte* data() const { return data_.get(); }

 private:
  struct Free {
    void operator()(std::byte* pointer) const { std::free(pointer); }
  };
  std::unique_ptr<std::byte, Free> data_;
};

struct TestingMatrix {
  TestingMatrix(DType dtype, int64_t out_features, int64_t in_features, std::mt19937& random)
      : raw(RandomWeights(dtype, out_features * in_features, random)),
        view(ViewOf(raw, dtype, {out_features, in_features})),
        packed(PackedShape(dtype, out_features, in_features)),
        memory(PackedBytes(packed)) {
    packed.data = memory.data();
    Pack();
  }
  void Pack() {
    std::memset(memory.data(), 0, static_cast<size_t>(PackedBytes(packed)));
    for (int64_t panel = 0; panel < packed.NumPanels(); ++panel)
      PackPanel(view, packed, panel, memory.data());
  }

  std::vector<std::byte> raw;
  TensorView view;
  PackedMatrix packed;
  AlignedBytes memory;
};

}  // namespace redline::engine
