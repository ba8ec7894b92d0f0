// The specification of kv_dtype.h, one element at a time: what every kernel stores and loads.
#pragma once

#include <cstdint>

#include "engine/kernels/kv_dtype.h"

namespace redline::engine {

template <KvDtype kDtype>
struct KvElement;

template <>
struct KvElement<KvDtype::kF32> {
  using Type = float;
  [[gnu::always_inline]] static Type Encode(float value) { return value; }
  [[gnu::always_inline]] static float Decode(Type element) { return element; }
};

template <>
struct KvElement<KvDtype::kBf16> {
  using Type = uint16_t;

  [[gnu::always_inline]] static Type Encode(float value) {
    const uint32_t bits = __builtin_bit_cast(uint32_t, value);
    const uint32_t rounded = bits + 0x7fff + ((bits >> 16) & 1);
    const bool is_nan = (bits & 0x7fffffff) > 0x7f800000;
    return static_cast<Type>((is_nan ? bits | 0x400000 : rounded) >> 16);
  }
  [[gnu::always_inline]] static float Decode(Type element) {
    return __builtin_bit_cast(float, static_cast<uint32_t>(element) << 16);
  }
};

template <>
struct KvElement<KvDtype::kFp8E4m3> {
  using Type = uint8_t;

  [[gnu::always_inline]] static Type Encode(float value) {
    constexpr uint32_t kInfinity = 0x7f800000;
    constexpr uint32_t kLowestNormal = 0x3c800000;  // 2^-6
    constexpr uint32_t kLargestCode = 0x7e;         // 448
    constexpr uint32_t kNanCode = 0x7f;
    const uint32_t bits = __builtin_bit_cast(uint32_t, value);
    const uint32_t magnitude = bits & 0x7fffffff;
    // The exponent's bias goes from 127 to 7, the 20 bits that do not fit are rounded to even.
    const uint32_t normal = (magnitude - 0x3c000000 + 0x7ffff + ((magnitude >> 20) & 1)) >> 20;
    // Adding 2^14 aligns f32's last bit with that of E4M3's subnormals, 2^-9: f32 then rounds.
    const float aligned = __builtin_bit_cast(float, magnitude) + 0x1p14f;
    const uint32_t subnormal = __builtin_bit_cast(uint32_t, aligned) - 0x46800000;
    uint32_t code = magnitude < kLowestNormal ? subnormal : normal;
    code = code > kLargestCode ? kLargestCode : code;
    code = magnitude >= kInfinity ? kNanCode : code;
    return static_cast<Type>((bits >> 24 & 0x80) | code);
  }
  [[gnu::always_inline]] static float Decode(Type element) {
    const uint32_t sign = static_cast<uint32_t>(element & 0x80) << 24;
    const uint32_t magnitude = element & 0x7f;
    if (magnitude == 0x7f) return __builtin_bit_cast(float, sign | 0x7fc00000);
    // Subnormals are multiples of 2^-9: exact.
    const float subnormal = static_cast<float>(magnitude) * 0x1p-9f;
    const uint32_t bits =
        magnitude < 8 ? __builtin_bit_cast(uint32_t, subnormal) : (magnitude << 20) + 0x3c000000;
    return __builtin_bit_cast(float, sign | bits);
  }
};

}  // namespace redline::engine
