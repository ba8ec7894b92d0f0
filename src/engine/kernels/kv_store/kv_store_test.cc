// What is stored and loaded, to the bit, against definitions written in other words than the
// kernels' own: tables of codes, and a search for the nearest one in exact arithmetic.
#include "engine/kernels/kv_store/kv_store.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cfloat>
#include <cmath>
#include <limits>

#include "engine/kernels/kv_dtype_info.h"
#include "engine/kernels/registry.h"
#include "engine/kernels/testing_data.h"

namespace redline::engine {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

// Of a code without its sign; NaN for 0x7f.
double ValueOfE4m3(int code) {
  if (code == 0x7f) return std::nan("");
  const int exponent = code >> 3;
  const int mantissa = code & 7;
  return exponent == 0 ? std::ldexp(mantissa, -9) : std::ldexp(8 + mantissa, exponent - 10);
}

double ValueOfBf16(int code) { return BF16ToF32(static_cast<uint16_t>(code)); }

// The finite codes of a format in the order of their values, from 0 on.
struct Format {
  double (*value_of)(int code);
  int largest_code;   // finite
  int overflow_code;  // for what rounds beyond it
  int infinity_code;
  int nan_code;
  int sign_bit;
};
constexpr Format kBf16Format = {ValueOfBf16, 0x7f7f, 0x7f80, 0x7f80, 0x7fc0, 0x8000};
constexpr Format kE4m3Format = {ValueOfE4m3, 0x7e, 0x7e, 0x7f, 0x7f, 0x80};

// Nearest code, ties to the even one. f32 and these sums are exact in f64.
int NearestMagnitude(const Format& format, double magnitude) {
  int low = 0;
  int high = format.largest_code;
  while (low < high) {  // the largest code that is not above
    const int middle = (low + high + 1) / 2;
    if (format.value_of(middle) <= magnitude) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  const double below = format.value_of(low);
  // The distance to what would be the next code, were there one.
  const double step = low == format.largest_code ? below - format.value_of(low - 1)
                                                 : format.value_of(low + 1) - below;
  const bool up = magnitude - below == step / 2 ? low % 2 == 1 : magnitude - below > step / 2;
  if (!up) return low;
  return low == format.largest_code ? format.overflow_code : low + 1;
}

int Nearest(const Format& format, float value) {
  const int sign = std::signbit(value) ? format.sign_bit : 0;
  if (std::isnan(value)) return sign | format.nan_code;
  if (std::isinf(value)) return sign | format.infinity_code;
  return sign | NearestMagnitude(format, std::fabs(static_cast<double>(value)));
}

// Values where rounding decides, a dense sweep over all exponents, and what is not a number.
std::vector<float> HardValues(const Format& format) {
  std::vector<float> values = {0,
                               kInfinity,
                               std::nanf(""),
                               std::nanf("12345"),
                               464,
                               480,
                               1e30f,
                               std::numeric_limits<float>::denorm_min(),
                               std::numeric_limits<float>::max()};
  for (int code = 0; code <= format.largest_code; ++code) {
    const double value = format.value_of(code);
    const double next = code == format.largest_code ? 2 * value - format.value_of(code - 1)
                                                    : format.value_of(code + 1);
    const auto tie = static_cast<float>((value + next) / 2);
    for (const float at : {static_cast<float>(value), tie})
      for (const float near : {at, std::nextafter(at, 0.0f), std::nextafter(at, kInfinity)})
        values.push_back(near);
  }
  for (uint64_t bits = 0; bits < 0x7f800000; bits += 4093)
    values.push_back(std::bit_cast<float>(static_cast<uint32_t>(bits)));
  for (uint32_t bits = 0x3b000000; bits < 0x44000000; bits += 97)  // E4M3's range, more densely
    values.push_back(std::bit_cast<float>(bits));
  const size_t count = values.size();
  for (size_t i = 0; i < count; ++i) values.push_back(-values[i]);
  return values;
}

class KvStoreTest : public testing::TestWithParam<const KernelSet*> {
 protected:
  // `values` as one head; element i of the result is what value i became.
  template <typename Element>
  std::vector<Element> Store(const std::vector<float>& values, KvDtype dtype) {
    std::vector<Element> stored(values.size());
    GetParam()->kv_store({.heads = values.data(),
                          .num_heads = 1,
                          .head_dim = static_cast<int64_t>(values.size()),
                          .dtype = dtype,
                          .out = stored.data()});
    return stored;
  }
  // Attention to a single position gives its value: weight 1, sum 1.
  template <typename Element>
  std::vector<float> Load(const std::vector<Element>& elements, KvDtype dtype) {
    const auto head_dim = static_cast<int64_t>(elements.size());
    const std::vector<float> q(elements.size(), 0.0f);
    const std::vector<Element> keys(elements.size(), 0);
    std::vector<float> out(elements.size());
    const int64_t page_offset = 0;
    GetParam()->attention({.q = q.data(),
                           .q_stride = head_dim,
                           .out = out.data(),
                           .out_stride = head_dim,
                           .num_heads = 1,
                           .num_kv_heads = 1,
                           .head_dim = head_dim,
                           .kv_dtype = dtype,
                           .keys = keys.data(),
                           .values = elements.data(),
                           .page_offsets = &page_offset,
                           .page_size = 1},
                          {0, 0, 1});
    return out;
  }
  template <typename Element>
  void ExpectLoads(KvDtype dtype, int num_codes, double (*value_of)(int)) {
    for (int first = 0; first < num_codes; first += 256) {
      std::vector<Element> codes(256);
      for (int i = 0; i < 256; ++i) codes[static_cast<size_t>(i)] = static_cast<Element>(first + i);
      const std::vector<float> loaded = Load(codes, dtype);
      for (int i = 0; i < 256; ++i) {
        double expected = value_of(first + i);
        // Tiles take subnormals for 0.
        if (GetParam()->arithmetic == Arithmetic::kBf16 && std::abs(expected) < FLT_MIN)
          expected = 0;
        const double actual = loaded[static_cast<size_t>(i)];
        EXPECT_TRUE(actual == expected || (std::isnan(actual) && std::isnan(expected)))
            << first + i << ": " << actual << ", not " << expected;
      }
    }
  }
};

TEST_P(KvStoreTest, Bf16RoundsToNearestEven) {
  const std::vector<float> values = HardValues(kBf16Format);
  const auto stored = Store<uint16_t>(values, KvDtype::kBf16);
  for (size_t i = 0; i < values.size(); ++i) {
    if (std::isnan(values[i])) {
      EXPECT_TRUE(std::isnan(BF16ToF32(stored[i])));
    } else {
      ASSERT_EQ(stored[i], Nearest(kBf16Format, values[i])) << values[i];
    }
  }
}

TEST_P(KvStoreTest, E4m3RoundsToNearestEvenAndSaturates) {
  const std::vector<float> values = HardValues(kE4m3Format);
  const auto stored = Store<uint8_t>(values, KvDtype::kFp8E4m3);
  for (size_t i = 0; i < values.size(); ++i)
    ASSERT_EQ(stored[i], Nearest(kE4m3Format, values[i])) << values[i];
}

TEST_P(KvStoreTest, E4m3KnownValues) {
  const std::vector<std::pair<float, int>> cases = {
      {0.0f, 0x00},       {-0.0f, 0x80},      {1.0f, 0x38},      {-1.5f, 0xbc},
      {448.0f, 0x7e},     {449.0f, 0x7e},     {464.0f, 0x7e},    {1e9f, 0x7e},
      {-1e9f, 0xfe},      {0x1p-6f, 0x08},    {0x1p-9f, 0x01},   {0x1p-10f, 0x00},
      {0x3p-10f, 0x02},   {0x1.1p-10f, 0x01}, {0x1.ep-7f, 0x08}, {kInfinity, 0x7f},
      {-kInfinity, 0xff}, {1.0625f, 0x38},    {1.1875f, 0x3a},   {240.0f, 0x77}};
  std::vector<float> values;
  for (const auto& [value, code] : cases) values.push_back(value);
  const auto stored = Store<uint8_t>(values, KvDtype::kFp8E4m3);
  for (size_t i = 0; i < cases.size(); ++i) EXPECT_EQ(stored[i], cases[i].second) << cases[i].first;
}

TEST_P(KvStoreTest, F32IsCopied) {
  const std::vector<float> values = HardValues(kE4m3Format);
  const auto stored = Store<uint32_t>(values, KvDtype::kF32);
  for (size_t i = 0; i < values.size(); ++i)
    ASSERT_EQ(stored[i], std::bit_cast<uint32_t>(values[i]));
}

TEST_P(KvStoreTest, EveryBf16Loads) { ExpectLoads<uint16_t>(KvDtype::kBf16, 1 << 16, ValueOfBf16); }

TEST_P(KvStoreTest, EveryE4m3Loads) {
  ExpectLoads<uint8_t>(KvDtype::kFp8E4m3, 256, [](int code) {
    return code < 0x80 ? ValueOfE4m3(code) : -ValueOfE4m3(code - 0x80);
  });
}

TEST_P(KvStoreTest, HeadsGoToTheirRowsAndNowhereElse) {
  std::mt19937 random(3);
  for (const KvDtypeInfo& info : KvDtypes()) {
    for (const int64_t head_dim : {2, 20, 64, 80}) {
      const int64_t stride = head_dim + 6;
      const std::vector<float> heads = RandomFloats(3 * head_dim, random);
      std::vector<std::byte> cache(static_cast<size_t>(3 * stride * info.element_bytes),
                                   std::byte{0xaa});
      std::vector<std::byte> expected = cache;
      GetParam()->kv_store({heads.data(), 3, head_dim, info.dtype, cache.data(), stride});
      for (int64_t i = 0; i < 3 * head_dim; ++i) {
        const int64_t element = i / head_dim * stride + i % head_dim;
        AvailableKernels().front()->kv_store(
            {&heads[static_cast<size_t>(i)], 1, 1, info.dtype,
             &expected[static_cast<size_t>(element * info.element_bytes)], 0});
      }
      EXPECT_EQ(cache, expected) << info.name << " " << head_dim;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(AllVariants, KvStoreTest, testing::ValuesIn(AvailableKernels()),
                         [](const auto& variant) { return std::string(variant.param->name); });

TEST(KvDtypeTest, NamesParse) {
  for (const KvDtypeInfo& info : KvDtypes()) {
    EXPECT_EQ(ParseKvDtype(info.name).value(), info.dtype);
    EXPECT_EQ(&InfoOf(info.dtype), &info);
  }
  EXPECT_EQ(ParseKvDtype("auto").value(), std::nullopt);
  const Status status = ParseKvDtype("fp8_e5m2").status();
  EXPECT_EQ(status.code(), Code::kInvalidArgument);
  EXPECT_EQ(status.param(), "kv_cache_dtype");
  for (const char* word : {"fp8_e5m2", "auto", "f32", "bf16", "fp8_e4m3"})
    EXPECT_NE(status.message().find(word), std::string::npos) << status.message();
}

}  // namespace
}  // namespace redline::engine
