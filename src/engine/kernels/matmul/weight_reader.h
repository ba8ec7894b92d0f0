// Decodes packed panels (packed_matrix.h) to f32 vectors in registers, in the order of k.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

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
// a pair) panels from `panel`, its first block, on. k_begin is a multiple of 32. A quantised
// weight's f32 value is exact but for the addition of its minimum, as in DTypeInfo's formulas.

template <typename Simd, DType kType>
struct PlainReader {
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

template <typename Simd, DType kType>
struct QuantReader {
  using Vec = typename Simd::Vec;
  using Words = typename Simd::Words;
  static constexpr DTypeInfo kInfo = InfoOf(kType);
  static constexpr PackedLayout kLayout = PackedLayoutOf(kInfo);
  static constexpr int64_t kSubElements = kInfo.sub_block_elements;
  static constexpr int64_t kNumSubBlocks = kInfo.block_elements / kSubElements;
  static constexpr int kVecs = kPanelVecs<Simd>;

  template <int kPanels, typename Body>
  [[gnu::always_inline]] static void ForEach(const std::byte* panel, int64_t k_begin, int64_t k_end,
                                             const Body& body) {
    for (int64_t k = k_begin; k < k_end; k += kSubElements) {
      const auto add_k = [&](int64_t i, const auto& columns) __attribute__((always_inline)) {
        body(k + i, columns);
      };
      SubBlock<kPanels>(panel, k, add_k);
    }
  }

  // The sub-block that begins at `k`: calls body(i, columns) for its elements, each a call of its
  // own in which the compiler knows whether i is odd.
  template <int kPanels, typename Body>
  [[gnu::always_inline]] static void SubBlock(const std::byte* panel, int64_t k, const Body& body) {
    constexpr int kColumns = kPanels * kVecs;
    const std::byte* block = panel + k / kInfo.block_elements * 2 * kLayout.block_bytes;
    const int64_t sub_block = k % kInfo.block_elements / kSubElements;
    Prefetch<kPanels>(block, sub_block);
    Vec scales[kColumns];
    Vec minima[kColumns];
    LoadScales(block, sub_block, scales, minima);
    const auto decode = [&](int64_t i, Vec(&columns)[kColumns]) __attribute__((always_inline)) {
#pragma GCC unroll 8
      for (int c = 0; c < kColumns; ++c) columns[c] = Value(columns[c], scales[c], minima[c]);
      body(i, columns);
    };
    const std::byte* quants = Quants(block, sub_block);
    if constexpr (kInfo.bits == 4) {
      ForEachNibble<kColumns>(quants, decode);
    } else {
      const auto decode_quad = [&](int64_t quad, const Words(&words)[kColumns])
          __attribute__((always_inline)) {
        DecodeByte<0>(4 * quad, words, decode);
        DecodeByte<1>(4 * quad, words, decode);
        DecodeByte<2>(4 * quad, words, decode);
        DecodeByte<3>(4 * quad, words, decode);
      };
      ForEachQuad<kColumns>(quants, decode_quad);
    }
  }

  // A sub-block's share of its block.
  template <int kPanels>
  [[gnu::always_inline]] static void Prefetch(const std::byte* block, int64_t sub_block) {
    constexpr int64_t kShare = kLayout.block_bytes / kNumSubBlocks;
#pragma GCC unroll 2
    for (int i = 0; i < kPanels; ++i)
      PrefetchAhead<kShare>(block + i * kLayout.block_bytes + sub_block * kShare);
  }

  // Of one or two panels. What is added to scale * q: the minimum, or the offset's share.
  template <int kColumns>
  [[gnu::always_inline]] static void LoadScales(const std::byte* block, int64_t sub_block,
                                                Vec (&scales)[kColumns], Vec (&minima)[kColumns]) {
#pragma GCC unroll 8
    for (int i = 0; i < kColumns; ++i) LoadScale(block, i, sub_block, &scales[i], &minima[i]);
  }

  static const std::byte* Quants(const std::byte* block, int64_t sub_block) {
    return block + kLayout.sub_blocks + sub_block * kLayout.sub_block_bytes;
  }

  // Calls body(quad, words) for the quads of a sub-block whose q are at `from`, in their order.
  template <int kColumns, typename Body>
  [[gnu::always_inline]] static void ForEachQuad(const std::byte* from, const Body& body) {
    if constexpr (kInfo.bits == 8) {
#pragma GCC unroll 8
      for (int64_t quad = 0; quad < kSubElements / 4; ++quad) {
        Words words[kColumns];
        LoadWords(from + quad * kWordsBytes, words);
        body(quad, words);
      }
    } else {
      ForEachSplitQuad<kColumns>(from, body);
    }
  }

 private:
  // Where vector i of one or two panels starts, in a row of `bytes` per column.
  [[gnu::always_inline]] static const std::byte* Column(const std::byte* row, int i,
                                                        int64_t bytes) {
    return row + i / kVecs * kLayout.block_bytes + i % kVecs * Simd::kLanes * bytes;
  }

  [[gnu::always_inline]] static void LoadScale(const std::byte* block, int i, int64_t sub_block,
                                               Vec* scale, Vec* minimum) {
    const auto load = [&](int64_t at) __attribute__((always_inline)) {
      return Simd::LoadF16(Column(block + at, i, 2));
    };
    const auto load_sub = [&](int64_t at) __attribute__((always_inline)) {
      return Simd::LoadI8(Column(block + at + sub_block * kPanelColumns, i, 1));
    };
    *scale = load(0);
    if constexpr (kInfo.HasSubBlocks()) *scale = Simd::Mul(*scale, load_sub(kLayout.sub_scales));
    if constexpr (kInfo.HasMinimum()) {
      *minimum = load(kLayout.minima);
      if constexpr (kInfo.HasSubBlocks()) {
        const Vec factor = Simd::Sub(Simd::Zero(), load_sub(kLayout.sub_minima));
        *minimum = Simd::Mul(*minimum, factor);
      }
    } else {
      *minimum = Simd::Mul(*scale, Simd::Set1(-kLayout.offset));  // an exact power of two
    }
  }

  [[gnu::always_inline]] static Vec Value(Vec quant, Vec scale, Vec minimum) {
    return Simd::Fma(quant, scale, minimum);
  }

  // Calls decode(k, quants) for every k of a sub-block of nibbles.
  template <int kColumns, typename Decode>
  [[gnu::always_inline]] static void ForEachNibble(const std::byte* from, const Decode& decode) {
    for (int64_t k = 0; k < kSubElements; k += 8) {
      Words words[kColumns];
      LoadWords(from + k / 8 * kWordsBytes, words);
      DecodeNibbles<0>(k, words, decode);
    }
  }

  template <int kNibble, int kColumns, typename Decode>
  [[gnu::always_inline]] static void DecodeNibbles(int64_t k, const Words (&words)[kColumns],
                                                   const Decode& decode) {
    Vec quants[kColumns];
#pragma GCC unroll 8
    for (int i = 0; i < kColumns; ++i)
      quants[i] =
          Simd::LowNibble(Simd::template ShiftRight<PackedBitsOf(0, kNibble).shift>(words[i]));
    decode(k + kNibble, quants);
    if constexpr (kNibble + 1 < 8) DecodeNibbles<kNibble + 1>(k, words, decode);
  }

  // Of 4, 5 and 6 bits.
  template <int kColumns, typename Body>
  [[gnu::always_inline]] static void ForEachSplitQuad(const std::byte* from, const Body& body) {
    constexpr int kLowBits = kLayout.low_bits;
    constexpr int kFirstUpper = kLowBits == 0 ? 0 : 1;
    Words low[kColumns];
    if constexpr (kLowBits != 0) LoadWords(from, low);
#pragma GCC unroll 4
    for (int64_t pair = 0; pair < kSubElements / 8; ++pair) {
      const std::byte* from_upper = from + (kFirstUpper + pair) * kWordsBytes;
      Words upper[kColumns];
      LoadWords(from_upper, upper);
#pragma GCC unroll 8
      for (Words& words : upper) words = Simd::template ShiftLeft<kLowBits>(words);
      Assemble(&upper, &low);
      body(2 * pair, upper);
      LoadWords(from_upper, upper);  // again: registers are scarce
#pragma GCC unroll 8
      for (Words& words : upper) words = Simd::template ShiftRight<4 - kLowBits>(words);
      Assemble(&upper, &low);
      body(2 * pair + 1, upper);
    }
  }

  // Quads of q from words in which their upper bits are in place, among others, and the next of the
  // lowest bits in `low`.
  template <int kColumns>
  [[gnu::always_inline]] static void Assemble(Words (*upper)[kColumns], Words (*low)[kColumns]) {
    constexpr uint32_t kEveryByte = 0x01010101;
    constexpr uint32_t kLowMask = (1u << kLayout.low_bits) - 1;
    constexpr uint32_t kUpperMask = 15u << kLayout.low_bits;
#pragma GCC unroll 8
    for (int i = 0; i < kColumns; ++i) {
      (*upper)[i] = Simd::And((*upper)[i], kUpperMask * kEveryByte);
      if constexpr (kLayout.low_bits == 0) continue;
      (*upper)[i] = Simd::Or((*upper)[i], Simd::And((*low)[i], kLowMask * kEveryByte));
      (*low)[i] = Simd::template ShiftRight<kLayout.low_bits>((*low)[i]);
    }
  }

  template <int kByte, int kColumns, typename Decode>
  [[gnu::always_inline]] static void DecodeByte(int64_t k, const Words (&quad)[kColumns],
                                                const Decode& decode) {
    Vec quants[kColumns];
#pragma GCC unroll 8
    for (int i = 0; i < kColumns; ++i) quants[i] = Simd::template ByteOf<kByte>(quad[i]);
    decode(k + kByte, quants);
  }

  static constexpr int64_t kWordsBytes = 4 * kPanelColumns;
  template <int kColumns>
  [[gnu::always_inline]] static void LoadWords(const std::byte* from, Words (&words)[kColumns]) {
#pragma GCC unroll 8
    for (int i = 0; i < kColumns; ++i) words[i] = Simd::LoadWords(Column(from, i, 4));
  }
};

template <typename Simd, DType kType>
using WeightReader = std::conditional_t<InfoOf(kType).IsQuantized(), QuantReader<Simd, kType>,
                                        PlainReader<Simd, kType>>;

}  // namespace redline::engine
