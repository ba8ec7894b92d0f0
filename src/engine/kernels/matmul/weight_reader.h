// Decodes packed panels (packed_matrix.h) to f32 vectors in registers, in the order of k.
#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/kernels/matmul/packed_matrix.h"

namespace redline::engine {

template <typename Simd>
inline constexpr int kPanelVecs = static_cast<int>(kPanelColumns) / Simd::kLanes;

// WeightReader<Simd, kType>::ForEach<kPanels>(panel, panel_bytes, k_begin, k_end, body) calls
// body(k, columns) for every k, where columns[p * kPanelVecs + v] is vector v of the p-th of
// kPanels neighbouring panels. k_begin is a multiple of 32.

// One 32-column vector set of plain elements.
template <typename Simd, DType kType>
struct WeightReader {
  template <int kPanels, typename Body>
  [[gnu::always_inline]] static void ForEach(const std::byte* panel, int64_t panel_bytes,
                                             int64_t k_begin, int64_t k_end, const Body& body) {
    constexpr int kVecs = kPanelVecs<Simd>;
    constexpr int64_t kElementBytes = kType == DType::kF32 ? 4 : 2;
    for (int64_t k = k_begin; k < k_end; ++k) {
      typename Simd::Vec columns[kPanels * kVecs];
#pragma GCC unroll 8
      for (int i = 0; i < kPanels * kVecs; ++i) {
        const int64_t column = k * kPanelColumns + i % kVecs * Simd::kLanes;
        columns[i] = LoadElements(panel + i / kVecs * panel_bytes + column * kElementBytes);
      }
      body(k, columns);
    }
  }

  [[gnu::always_inline]] static typename Simd::Vec LoadElements(const std::byte* from) {
    if constexpr (kType == DType::kF32) {
      return Simd::Load(reinterpret_cast<const float*>(from));
    } else if constexpr (kType == DType::kF16) {
      return Simd::LoadF16(from);
    } else {
      return Simd::LoadBF16(from);
    }
  }
};

template <typename Simd>
struct WeightReader<Simd, DType::kQ8_0> {
  template <int kPanels, typename Body>
  [[gnu::always_inline]] static void ForEach(const std::byte* panel, int64_t panel_bytes,
                                             int64_t k_begin, int64_t k_end, const Body& body) {
    constexpr int kVecs = kPanelVecs<Simd>;
    constexpr int64_t kBlockBytes = (2 + kQuantBlock) * kPanelColumns;
    for (int64_t block_k = k_begin; block_k < k_end; block_k += kQuantBlock) {
      const std::byte* block = panel + block_k / kQuantBlock * kBlockBytes;
      typename Simd::Vec scales[kPanels * kVecs];
#pragma GCC unroll 8
      for (int i = 0; i < kPanels * kVecs; ++i)
        scales[i] = Simd::LoadF16(block + i / kVecs * panel_bytes + i % kVecs * Simd::kLanes * 2);
      const std::byte* quants = block + 2 * kPanelColumns;
      for (int64_t k = 0; k < kQuantBlock; ++k) {
        typename Simd::Vec columns[kPanels * kVecs];
#pragma GCC unroll 8
        for (int i = 0; i < kPanels * kVecs; ++i) {
          const int64_t column = k * kPanelColumns + i % kVecs * Simd::kLanes;
          columns[i] =
              Simd::Mul(Simd::LoadI8(quants + i / kVecs * panel_bytes + column), scales[i]);
        }
        body(block_k + k, columns);
      }
    }
  }
};

// q4_0 and q4_1: with kHasMinimum the value is q * scale + minimum, else (q - 8) * scale.
template <typename Simd, bool kHasMinimum>
struct NibbleReader {
  template <int kPanels, typename Body>
  [[gnu::always_inline]] static void ForEach(const std::byte* panel, int64_t panel_bytes,
                                             int64_t k_begin, int64_t k_end, const Body& body) {
    constexpr int kVecs = kPanelVecs<Simd>;
    constexpr int64_t kHeaderBytes = (kHasMinimum ? 4 : 2) * kPanelColumns;
    constexpr int64_t kBlockBytes = kHeaderBytes + kQuantBlock / 2 * kPanelColumns;
    constexpr int64_t kWordBytes = 4;
    for (int64_t block_k = k_begin; block_k < k_end; block_k += kQuantBlock) {
      const std::byte* block = panel + block_k / kQuantBlock * kBlockBytes;
      typename Simd::Vec scales[kPanels * kVecs];
      typename Simd::Vec minima[kPanels * kVecs];
#pragma GCC unroll 8
      for (int i = 0; i < kPanels * kVecs; ++i) {
        const std::byte* header = block + i / kVecs * panel_bytes + i % kVecs * Simd::kLanes * 2;
        scales[i] = Simd::LoadF16(header);
        minima[i] = kHasMinimum ? Simd::LoadF16(header + 2 * kPanelColumns) : Simd::Zero();
      }
      for (int64_t group = 0; group < 4; ++group) {
        typename Simd::Words words[kPanels * kVecs];
#pragma GCC unroll 8
        for (int i = 0; i < kPanels * kVecs; ++i) {
          const int64_t column = group * kPanelColumns + i % kVecs * Simd::kLanes;
          words[i] =
              Simd::LoadWords(block + kHeaderBytes + i / kVecs * panel_bytes + column * kWordBytes);
        }
#pragma GCC unroll 8
        for (int j = 0; j < 8; ++j) {
          typename Simd::Vec columns[kPanels * kVecs];
#pragma GCC unroll 8
          for (int i = 0; i < kPanels * kVecs; ++i) {
            columns[i] =
                kHasMinimum ? Simd::Fma(Simd::template LowNibble<0>(words[i]), scales[i], minima[i])
                            : Simd::Mul(Simd::template LowNibble<8>(words[i]), scales[i]);
            words[i] = Simd::NextNibble(words[i]);
          }
          body(block_k + group * 8 + j, columns);
        }
      }
    }
  }
};

template <typename Simd>
struct WeightReader<Simd, DType::kQ4_0> : NibbleReader<Simd, false> {};
template <typename Simd>
struct WeightReader<Simd, DType::kQ4_1> : NibbleReader<Simd, true> {};

}  // namespace redline::engine
