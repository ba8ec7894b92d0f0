// Decodes packed panels (packed_matrix.h) to f32 vectors in registers, in the order of k.
#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/kernels/matmul/packed_matrix.h"

namespace redline::engine {

template <typename Simd>
inline constexpr int kPanelVecs = static_cast<int>(kPanelColumns) / Simd::kLanes;

// How far ahead of its use a block is asked for: far enough for memory's latency, near enough to
// stay in L1. The hardware's prefetchers alone reach less than half of the bandwidth here.
inline constexpr int64_t kPrefetchBytes = 10 * 1024;

// Asks for what follows kPrefetchBytes after a block of one or two panels. Addresses beyond the
// matrix do no harm.
template <int64_t kBytes>
[[gnu::always_inline]] inline void PrefetchAhead(const std::byte* block) {
#pragma GCC unroll 32
  for (int64_t line = 0; line < kBytes; line += 64)
    __builtin_prefetch(block + kPrefetchBytes + line);
}

// WeightReader<Simd, kType>::ForEach<kPanels>(panel, k_begin, k_end, body) calls body(k, columns)
// for every k, where columns[p * kPanelVecs + v] is vector v of the p-th of kPanels (1, or the 2 of
// a pair) panels from `panel`, its first block, on. k_begin is a multiple of 32.

template <typename Simd, DType kType>
struct WeightReader {
  static constexpr int64_t kElementBytes = kType == DType::kF32 ? 4 : 2;
  static constexpr int64_t kBlockBytes = kElementBytes * kPanelColumns;

  template <int kPanels, typename Body>
  [[gnu::always_inline]] static void ForEach(const std::byte* panel, int64_t k_begin, int64_t k_end,
                                             const Body& body) {
    for (int64_t k = k_begin; k < k_end; ++k) {
      const std::byte* block = panel + k * 2 * kBlockBytes;
      PrefetchAhead<kPanels * kBlockBytes>(block);
      typename Simd::Vec columns[kPanels * kPanelVecs<Simd>];
#pragma GCC unroll 8
      for (int i = 0; i < kPanels * kPanelVecs<Simd>; ++i)
        columns[i] = LoadElements(block + i * Simd::kLanes * kElementBytes);
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
  static constexpr int64_t kBlockBytes = (2 + kQuantBlock) * kPanelColumns;

  template <int kPanels, typename Body>
  [[gnu::always_inline]] static void ForEach(const std::byte* panel, int64_t k_begin, int64_t k_end,
                                             const Body& body) {
    constexpr int kVecs = kPanelVecs<Simd>;
    for (int64_t block_k = k_begin; block_k < k_end; block_k += kQuantBlock) {
      const std::byte* block = panel + block_k / kQuantBlock * 2 * kBlockBytes;
      PrefetchAhead<kPanels * kBlockBytes>(block);
      typename Simd::Vec scales[kPanels * kVecs];
#pragma GCC unroll 8
      for (int i = 0; i < kPanels * kVecs; ++i)
        scales[i] = Simd::LoadF16(block + i / kVecs * kBlockBytes + i % kVecs * Simd::kLanes * 2);
      const std::byte* quants = block + 2 * kPanelColumns;
#pragma GCC unroll 4
      for (int64_t k = 0; k < kQuantBlock; ++k) {
        typename Simd::Vec columns[kPanels * kVecs];
#pragma GCC unroll 8
        for (int i = 0; i < kPanels * kVecs; ++i) {
          const int64_t column = k * kPanelColumns + i % kVecs * Simd::kLanes;
          columns[i] =
              Simd::Mul(Simd::LoadI8(quants + i / kVecs * kBlockBytes + column), scales[i]);
        }
        body(block_k + k, columns);
      }
    }
  }
};

// q4_0 and q4_1: with kHasMinimum the value is q * scale + minimum, else (q - 8) * scale.
template <typename Simd, bool kHasMinimum>
struct NibbleReader {
  using Vec = typename Simd::Vec;
  static constexpr int64_t kHeaderBytes = (kHasMinimum ? 4 : 2) * kPanelColumns;
  static constexpr int64_t kBlockBytes = kHeaderBytes + kQuantBlock / 2 * kPanelColumns;

  template <int kPanels, typename Body>
  [[gnu::always_inline]] static void ForEach(const std::byte* panel, int64_t k_begin, int64_t k_end,
                                             const Body& body) {
    constexpr int kColumns = kPanels * kPanelVecs<Simd>;
    for (int64_t block_k = k_begin; block_k < k_end; block_k += kQuantBlock) {
      const std::byte* block = panel + block_k / kQuantBlock * 2 * kBlockBytes;
      PrefetchAhead<kPanels * kBlockBytes>(block);
      Vec scales[kColumns];
      Vec minima[kColumns];
#pragma GCC unroll 8
      for (int i = 0; i < kColumns; ++i) {
        const std::byte* header = Column(block, i, 2);
        scales[i] = Simd::LoadF16(header);
        minima[i] = kHasMinimum ? Simd::LoadF16(header + 2 * kPanelColumns) : Simd::Zero();
      }
      for (int64_t group = 0; group < 4; ++group) {
        const std::byte* from = block + kHeaderBytes + group * kPanelColumns * 4;
        typename Simd::Words words[kColumns];
#pragma GCC unroll 8
        for (int i = 0; i < kColumns; ++i) words[i] = Simd::LoadWords(Column(from, i, 4));
#pragma GCC unroll 8
        for (int j = 0; j < 8; ++j) {
          Vec columns[kColumns];
#pragma GCC unroll 8
          for (int i = 0; i < kColumns; ++i) {
            columns[i] = Decode(words[i], scales[i], minima[i]);
            words[i] = Simd::NextNibble(words[i]);
          }
          body(block_k + group * 8 + j, columns);
        }
      }
    }
  }

  // Where vector i of one or two panels starts, in a row of `bytes` per column.
  [[gnu::always_inline]] static const std::byte* Column(const std::byte* row, int i,
                                                        int64_t bytes) {
    constexpr int kVecs = kPanelVecs<Simd>;
    return row + i / kVecs * kBlockBytes + i % kVecs * Simd::kLanes * bytes;
  }

  [[gnu::always_inline]] static Vec Decode(typename Simd::Words words, Vec scale, Vec minimum) {
    if constexpr (kHasMinimum) {
      return Simd::Fma(Simd::template LowNibble<0>(words), scale, minimum);
    } else {
      return Simd::Mul(Simd::template LowNibble<8>(words), scale);
    }
  }
};

template <typename Simd>
struct WeightReader<Simd, DType::kQ4_0> : NibbleReader<Simd, false> {};
template <typename Simd>
struct WeightReader<Simd, DType::kQ4_1> : NibbleReader<Simd, true> {};

}  // namespace redline::engine
