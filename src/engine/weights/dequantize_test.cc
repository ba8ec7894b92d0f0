#include "engine/weights/dequantize.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>

#include "base/files.h"

namespace redline::engine {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

std::string Bits16(uint16_t bits) {
  return {static_cast<char>(bits & 255), static_cast<char>(bits >> 8)};
}

std::vector<float> Decode(DType dtype, const std::string& bytes, int64_t count) {
  std::vector<float> out(static_cast<size_t>(count));
  Dequantize(dtype, reinterpret_cast<const std::byte*>(bytes.data()), count, out.data());
  return out;
}

TEST(F16, KnownValues) {
  const struct {
    uint16_t bits;
    float value;
  } cases[] = {
      {0x0000, 0.0f},      {0x3c00, 1.0f},      {0xc000, -2.0f},      {0x3555, 0.333251953125f},
      {0x7bff, 65504.0f},  {0x0400, 0x1p-14f},  {0x0001, 0x1p-24f},   {0x03ff, 1023 * 0x1p-24f},
      {0x8001, -0x1p-24f}, {0x7c00, kInfinity}, {0xfc00, -kInfinity},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(F16ToF32(c.bits), c.value) << c.bits;
    EXPECT_EQ(F32ToF16(c.value), c.bits) << c.value;
  }
  EXPECT_TRUE(std::signbit(F16ToF32(0x8000)));
  EXPECT_TRUE(std::isnan(F16ToF32(0x7e00)));
  EXPECT_TRUE(std::isnan(F16ToF32(F32ToF16(std::numeric_limits<float>::quiet_NaN()))));
}

TEST(F16, EveryValueSurvivesTheRoundTrip) {
  for (uint32_t bits = 0; bits < 65536; ++bits) {
    const float value = F16ToF32(static_cast<uint16_t>(bits));
    if (std::isnan(value)) continue;
    ASSERT_EQ(F32ToF16(value), bits);
  }
}

TEST(F16, RoundsToNearestEven) {
  const struct {
    float value;
    uint16_t bits;
  } cases[] = {
      {1.0f + 0x1p-11f, 0x3c00},             // halfway between 1 and its neighbour: to even
      {1.0f + 3 * 0x1p-11f, 0x3c02},         // halfway, odd below: up
      {1.0f + 0x1p-11f + 0x1p-20f, 0x3c01},  // just above halfway
      {65519.996f, 0x7bff},                  // the last value that rounds down to the maximum
      {65520.0f, 0x7c00},                    // overflow
      {0x1p-25f, 0x0000},                    // half the least subnormal: to even
      {0x1p-25f + 0x1p-40f, 0x0001},
      {1e-10f, 0x0000},
      {1e30f, 0x7c00},
  };
  for (const auto& c : cases) EXPECT_EQ(F32ToF16(c.value), c.bits) << c.value;
}

TEST(BF16, RoundsToNearestEven) {
  EXPECT_EQ(BF16ToF32(0x3f80), 1.0f);
  EXPECT_EQ(F32ToBF16(1.0f), 0x3f80);
  EXPECT_EQ(F32ToBF16(1.0f + 0x1p-8f), 0x3f80);
  EXPECT_EQ(F32ToBF16(1.0f + 3 * 0x1p-8f), 0x3f82);
  EXPECT_EQ(F32ToBF16(-kInfinity), 0xff80);
  EXPECT_TRUE(std::isnan(BF16ToF32(F32ToBF16(std::bit_cast<float>(0x7f800001u)))));
}

TEST(Dequantize, PlainTypes) {
  EXPECT_EQ(Decode(DType::kF32, std::string("\0\0\x80\x3f\0\0\x20\xc0", 8), 2),
            (std::vector<float>{1.0f, -2.5f}));
  EXPECT_EQ(Decode(DType::kF16, Bits16(0x3c00) + Bits16(0xc100), 2),
            (std::vector<float>{1.0f, -2.5f}));
  EXPECT_EQ(Decode(DType::kBF16, Bits16(0x3f80) + Bits16(0xc020), 2),
            (std::vector<float>{1.0f, -2.5f}));
}

TEST(Dequantize, Q8_0) {
  std::string block = Bits16(0x3800);  // 0.5
  for (int i = 0; i < 32; ++i) block += static_cast<char>(i * 8 - 128);
  const std::vector<float> values = Decode(DType::kQ8_0, block, 32);
  for (int i = 0; i < 32; ++i)
    EXPECT_EQ(values[static_cast<size_t>(i)], 0.5f * static_cast<float>(i * 8 - 128));
}

// Byte i holds i in its low nibble (element i) and 15 - i in its high nibble (element i + 16).
std::string Nibbles() {
  std::string packed;
  for (int i = 0; i < 16; ++i) packed += static_cast<char>(i | (15 - i) << 4);
  return packed;
}

TEST(Dequantize, Q4_0) {
  const std::vector<float> values = Decode(DType::kQ4_0, Bits16(0x4000) + Nibbles(), 32);  // 2.0
  for (size_t i = 0; i < 16; ++i) {
    EXPECT_EQ(values[i], 2.0f * (static_cast<float>(i) - 8));
    EXPECT_EQ(values[i + 16], 2.0f * (7 - static_cast<float>(i)));
  }
}

TEST(Dequantize, Q4_1TakesEveryBlocksOwnScaleAndMinimum) {
  const std::string first = Bits16(0x4000) + Bits16(0xbc00) + Nibbles();   // 2.0, -1.0
  const std::string second = Bits16(0x3c00) + Bits16(0x4400) + Nibbles();  // 1.0, 4.0
  const std::vector<float> values = Decode(DType::kQ4_1, first + second, 64);
  for (size_t i = 0; i < 16; ++i) {
    const auto low = static_cast<float>(i);
    EXPECT_EQ(values[i], 2 * low - 1);
    EXPECT_EQ(values[i + 16], 2 * (15 - low) - 1);
    EXPECT_EQ(values[i + 32], low + 4);
    EXPECT_EQ(values[i + 48], 19 - low);
  }
}

std::string FromHex(const std::string& hex) {
  std::string bytes;
  for (size_t i = 0; i < hex.size(); i += 2)
    bytes += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  return bytes;
}

// Random blocks and blocks of extremes against ggml's Python implementation (make_quant_goldens.py
// in tests/reference), bit for bit.
TEST(Dequantize, AgreesWithGgmlBitForBit) {
  const auto text = ReadFile("tests/reference/golden_quants.json");
  ASSERT_TRUE(text.ok()) << text.status().ToString();
  size_t num_formats = 0;
  const nlohmann::json golden = nlohmann::json::parse(*text);
  for (const auto& format : golden["formats"]) {
    const auto* info = std::find_if(kDTypes.begin(), kDTypes.end(), [&](const DTypeInfo& row) {
      return row.name == format["dtype"].get<std::string>();
    });
    ASSERT_NE(info, kDTypes.end()) << format["dtype"];
    const std::string blocks = FromHex(format["blocks"]);
    const std::string expected = FromHex(format["values"]);
    const std::vector<float> values = Decode(static_cast<DType>(info - kDTypes.begin()), blocks,
                                             static_cast<int64_t>(expected.size() / sizeof(float)));
    const auto* bits = reinterpret_cast<const char*>(values.data());
    for (size_t i = 0; i < values.size(); ++i) {
      ASSERT_EQ(std::memcmp(bits + 4 * i, expected.data() + 4 * i, 4), 0)
          << info->name << " element " << i << " is " << values[i];
    }
    ++num_formats;
  }
  EXPECT_EQ(num_formats, std::count_if(kDTypes.begin(), kDTypes.end(),
                                       [](const DTypeInfo& row) { return row.IsQuantized(); }));
}

// Two blocks of finite scales and any quants.
std::string SoundBlocks(const DTypeInfo& info) {
  std::string block(static_cast<size_t>(info.block_bytes), '\x7f');
  for (const int64_t at : {info.scale_at, info.minimum_at}) {
    if (at >= 0) block.replace(static_cast<size_t>(at), 2, Bits16(0x7bff));
  }
  return block + block;
}

Status CheckRows(DType dtype, const std::string& bytes) {
  return CheckFinite({.name = "weights",
                      .dtype = dtype,
                      .shape = {2, InfoOf(dtype).block_elements},
                      .data = reinterpret_cast<const std::byte*>(bytes.data()),
                      .num_bytes = static_cast<int64_t>(bytes.size())});
}

TEST(CheckFinite, LooksAtEveryScaleAndMinimum) {
  for (size_t i = 0; i < kNumDTypes; ++i) {
    const DTypeInfo& info = kDTypes[i];
    if (!info.IsQuantized()) continue;
    const std::string sound = SoundBlocks(info);
    EXPECT_TRUE(CheckRows(static_cast<DType>(i), sound).ok()) << info.name;
    for (const int64_t at : {info.scale_at, info.minimum_at}) {
      if (at < 0) continue;
      for (const uint16_t bits : {0x7c00, 0xfc00, 0x7e00}) {
        std::string bad = sound;
        bad.replace(static_cast<size_t>(info.block_bytes + at), 2, Bits16(bits));
        EXPECT_EQ(CheckRows(static_cast<DType>(i), bad).code(), Code::kDataLoss)
            << info.name << " at " << at << ": " << bits;
      }
    }
  }
}

TEST(CheckFinite, FindsNanAndInfinityInPlainTypes) {
  const struct {
    DType dtype;
    std::string good;
    std::string bad;
  } cases[] = {
      {DType::kF32, std::string("\0\0\x80\x3f", 4), std::string("\0\0\xc0\x7f", 4)},
      {DType::kF32, std::string("\xff\xff\x7f\x7f", 4), std::string("\0\0\x80\xff", 4)},
      {DType::kF16, Bits16(0x7bff), Bits16(0x7c00)},
      {DType::kBF16, Bits16(0x7f7f), Bits16(0xff80)},
  };
  for (const auto& c : cases) {
    EXPECT_TRUE(CheckRows(c.dtype, c.good + c.good).ok()) << InfoOf(c.dtype).name;
    const Status status = CheckRows(c.dtype, c.good + c.bad);
    EXPECT_EQ(status.code(), Code::kDataLoss) << InfoOf(c.dtype).name;
    EXPECT_NE(status.message().find("weights"), std::string::npos);
  }
}

}  // namespace
}  // namespace redline::engine
