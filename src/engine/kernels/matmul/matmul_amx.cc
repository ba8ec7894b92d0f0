#include "engine/kernels/matmul/gated_bf16_tiles.h"
#include "engine/kernels/matmul/matmul_bf16_tiles.h"

namespace redline::engine {

void MatmulAmx(const MatmulArgs& args, const MatmulPart& part, const MatmulRange& range) {
  WithDType(part.weight.dtype, [&](auto dtype) {
    constexpr DType kType = decltype(dtype)::value;
    if constexpr (kType == DType::kF32) {
      MatmulAvx512(args, part, range);
    } else {
      MatmulBf16Tiles<kType>(args, part, range).Run();
    }
  });
}

void GatedMatmulAmx(const GatedMatmulArgs& args, const MatmulRange& range) {
  WithDType(args.gate.dtype, [&](auto dtype) {
    constexpr DType kType = decltype(dtype)::value;
    if constexpr (kType != DType::kF32) GatedBf16Tiles<kType>(args, range).Run();
  });
}

bool CanGateAmx(const PackedMatrix& gate, const PackedMatrix& up, const PackedMatrix& down) {
  return gate.dtype != DType::kF32 && gate.dtype == up.dtype && down.dtype != DType::kF32 &&
         gate.in_features % kTileK == 0 && gate.out_features % kPanelColumns == 0;
}

void Bf16RowsAmx(const RowGroup& group, std::byte* out) {
  constexpr int64_t kLanes = Avx512::kLanes;
  const __m512 scale = Avx512::Set1(kBf16RowScale);
  for (int64_t row = 0; row < group.num_rows; ++row) {
    const float* x = group.x + row * group.x_stride;
    std::byte* to = out + row * kTileRowBytes;
    for (int64_t k = 0; k < group.in_features; k += kTileK) {
      const __m512 low = Avx512::LoadPartial(x + k, group.in_features - k);
      const __m512 high = Avx512::LoadPartial(x + k + kLanes, group.in_features - k - kLanes);
      _mm512_store_si512(to, ToBf16(Avx512::Mul(low, scale), Avx512::Mul(high, scale)));
      to += kTileBytes;
    }
  }
}

}  // namespace redline::engine
