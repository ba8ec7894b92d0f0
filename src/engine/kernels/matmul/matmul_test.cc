#include "engine/kernels/matmul/matmul.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>

#include "engine/kernels/kv_store/kv_element.h"
#include "engine/kernels/matmul/parallel_matmul.h"
#include "engine/kernels/matmul/testing_matrix.h"

namespace redline::engine {
namespace {

// |error| <= kTolerance * sum over k of |x w|: an f32 chain of up to 700 roundings of 6e-8 each.
// The x are those that the set multiplies.
constexpr double kTolerance = 2e-6;

class MatmulTest : public testing::TestWithParam<std::tuple<const KernelSet*, DType>> {
 protected:
  const KernelSet& kernels() const { return *std::get<0>(GetParam()); }
  DType dtype() const { return std::get<1>(GetParam()); }

  // Quantised rows are whole blocks; others have any length.
  int64_t RandomInFeatures() {
    const int64_t block = InfoOf(dtype()).block_elements;
    return RandomInt(1, 700 / block, random_) * block;
  }

  std::mt19937 random_{20260101};
};

// The numbers that a set multiplies instead of the `count` at `x`, written down once more, and by
// how much each may be off.
struct RoundedRow {
  std::vector<double> values;
  std::vector<double> errors;
};

float RoundToBf16(float value) { return BF16ToF32(KvElement<KvDtype::kBf16>::Encode(value)); }

// Quantised weights are rounded from halfway away from zero, others are to the even one. Formats
// with f16 scales alone are rounded to f16 before, 64 times as large.
float RoundWeightToBf16(DType dtype, float value) {
  const DTypeInfo& info = InfoOf(dtype);
  if (!info.IsQuantized()) return RoundToBf16(value);
  if (!info.HasSubBlocks()) value = F16ToF32(F32ToF16(64 * value)) / 64;
  return std::bit_cast<float>((std::bit_cast<uint32_t>(value) + 0x8000) & 0xffff0000);
}

RoundedRow RoundRow(RowForm form, const float* x, int64_t count) {
  RoundedRow row = {.values = {x, x + count}, .errors = std::vector<double>(count)};
  if (form == RowForm::kBf16) {
    for (size_t i = 0; i < row.values.size(); ++i) {
      row.values[i] = RoundToBf16(x[i]);
      row.errors[i] = std::abs(x[i] - row.values[i]);
    }
  }
  if (form != RowForm::kInt8) return row;
  for (int64_t begin = 0; begin < count; begin += kRowFormBlock) {
    float largest = 0;
    for (int64_t k = begin; k < begin + kRowFormBlock; ++k)
      largest = std::max(largest, std::abs(x[k]));
    const float scale = largest / 127;
    for (int64_t k = begin; k < begin + kRowFormBlock; ++k) {
      const auto i = static_cast<size_t>(k);
      row.values[i] = scale == 0 ? 0 : double{scale} * std::nearbyintf(x[k] * (127 / largest));
      row.errors[i] = scale * 0.5001;
    }
  }
  return row;
}

void ExpectProduct(const KernelSet& kernels, const TestingMatrix& matrix, const float* x,
                   const float* bias, const float* out) {
  const int64_t in_features = matrix.packed.in_features;
  const std::vector<float> weights = DequantizeTensor(matrix.view);
  const RowForm form = kernels.rows.of(matrix.packed.dtype);
  const RoundedRow row = RoundRow(form, x, in_features);
  for (int64_t n = 0; n < matrix.packed.out_features; ++n) {
    const float* column = weights.data() + n * in_features;
    double sum = bias == nullptr ? 0 : bias[n];
    double magnitude = std::abs(sum);
    double unrounded = sum;
    double rounding = 0;
    for (int64_t k = 0; k < in_features; ++k) {
      const auto i = static_cast<size_t>(k);
      const float weight =
          form == RowForm::kBf16 ? RoundWeightToBf16(matrix.packed.dtype, column[k]) : column[k];
      sum += row.values[i] * weight;
      magnitude += std::abs(row.values[i] * weight);
      unrounded += double{x[k]} * column[k];
      rounding += row.errors[i] * std::abs(weight) + std::abs(x[k] * (column[k] - weight));
    }
    ASSERT_NEAR(out[n], sum, kTolerance * magnitude + 1e-12) << "column " << n;
    ASSERT_NEAR(out[n], unrounded, rounding + kTolerance * magnitude + 1e-12) << "column " << n;
  }
}

// Random shapes with ragged tails against plain sums in f64 over the unpacked weights; neighbours
// of the output stay as they were.
TEST_P(MatmulTest, MatchesPlainSums) {
  constexpr float kUntouched = 12345;
  ThreadPool one_thread(1);
  for (int round = 0; round < 12; ++round) {
    const int64_t out_features = RandomInt(1, 150, random_);
    const int64_t num_rows = RandomInt(1, round % 2 == 0 ? 9 : 40, random_);
    const TestingMatrix matrix(dtype(), out_features, RandomInFeatures(), random_);
    const int64_t in_features = matrix.packed.in_features;
    const std::vector<float> x = RandomFloats(num_rows * in_features, random_);
    const std::vector<float> bias = RandomFloats(out_features, random_);
    const int64_t out_stride = out_features + 5;
    std::vector<float> out(static_cast<size_t>(num_rows * out_stride), kUntouched);
    const MatmulPart part = {
        .weight = matrix.packed, .bias = round % 3 == 0 ? bias.data() : nullptr, .out_column = 2};
    const AlignedBytes scratch(MatmulScratchBytes(kernels(), in_features, num_rows));
    ParallelMatmul(kernels(), one_thread,
                   {.x = x.data(),
                    .x_stride = in_features,
                    .num_rows = num_rows,
                    .out = out.data(),
                    .out_stride = out_stride},
                   std::span(&part, 1), scratch.data());
    for (int64_t row = 0; row < num_rows; ++row) {
      const float* out_row = out.data() + row * out_stride;
      SCOPED_TRACE("row " + std::to_string(row));
      ExpectProduct(kernels(), matrix, x.data() + row * in_features, part.bias, out_row + 2);
      EXPECT_EQ(out_row[1], kUntouched);
      EXPECT_EQ(out_row[out_features + 2], kUntouched);
    }
  }
}

// A row's bits do not depend on the rows around it, on the tiling or on the number of threads.
TEST_P(MatmulTest, RowsAreIndependent) {
  ThreadPool one_thread(1);
  ThreadPool three_threads(3);
  for (int round = 0; round < 6; ++round) {
    const TestingMatrix first(dtype(), RandomInt(1, 200, random_), RandomInFeatures(), random_);
    const int64_t in_features = first.packed.in_features;
    // Of another type, and so of another form of rows, every other time.
    const TestingMatrix second(round % 2 == 0 ? dtype() : DType::kBF16, RandomInt(1, 200, random_),
                               in_features, random_);
    const MatmulPart parts[] = {{.weight = first.packed},
                                {.weight = second.packed, .out_column = first.packed.out_features}};
    const int64_t out_size = first.packed.out_features + second.packed.out_features;
    const int64_t num_rows = RandomInt(2, 300, random_);
    const std::vector<float> x = RandomFloats(num_rows * in_features, random_);
    std::vector<float> together(static_cast<size_t>(num_rows * out_size));
    std::vector<float> alone(together.size());
    const AlignedBytes scratch(MatmulScratchBytes(kernels(), in_features, num_rows));
    ParallelMatmul(kernels(), three_threads,
                   {x.data(), in_features, num_rows, together.data(), out_size}, parts,
                   scratch.data());
    for (int64_t row = 0; row < num_rows;) {
      const int64_t count = std::min(num_rows - row, RandomInt(1, 9, random_));
      ParallelMatmul(kernels(), one_thread,
                     {x.data() + row * in_features, in_features, count,
                      alone.data() + row * out_size, out_size},
                     parts, scratch.data());
      row += count;
    }
    EXPECT_EQ(std::memcmp(together.data(), alone.data(), together.size() * sizeof(float)), 0);
  }
}

// The same of more rows than kernels take at once.
TEST_P(MatmulTest, ManyRowsAreIndependent) {
  ThreadPool one_thread(1);
  const TestingMatrix matrix(dtype(), 40, 512, random_);
  constexpr int64_t kRows = 1100;
  const std::vector<float> x = RandomFloats(kRows * 512, random_);
  const MatmulPart part = {.weight = matrix.packed};
  const AlignedBytes scratch(MatmulScratchBytes(kernels(), 512, kRows));
  std::vector<float> together(static_cast<size_t>(kRows * 40));
  ParallelMatmul(kernels(), one_thread, {x.data(), 512, kRows, together.data(), 40},
                 std::span(&part, 1), scratch.data());
  for (const int64_t row : {0, 15, 511, 512, 527, 543, 544, 1023, 1024, 1099}) {
    std::vector<float> alone(40);
    ParallelMatmul(kernels(), one_thread, {x.data() + row * 512, 512, 1, alone.data(), 40},
                   std::span(&part, 1), scratch.data());
    EXPECT_EQ(std::memcmp(together.data() + row * 40, alone.data(), 40 * sizeof(float)), 0) << row;
  }
}

// The product of one weight with `num_rows` rows.
std::vector<float> Multiply(const KernelSet& kernels, const TestingMatrix& matrix,
                            const std::vector<float>& x, int64_t num_rows) {
  ThreadPool one_thread(1);
  const int64_t in_features = matrix.packed.in_features;
  const int64_t out_features = matrix.packed.out_features;
  std::vector<float> out(static_cast<size_t>(num_rows * out_features));
  const MatmulPart part = {.weight = matrix.packed};
  const AlignedBytes scratch(MatmulScratchBytes(kernels, in_features, num_rows));
  ParallelMatmul(kernels, one_thread, {x.data(), in_features, num_rows, out.data(), out_features},
                 std::span(&part, 1), scratch.data());
  return out;
}

// One infinity or NaN in a row is seen in all of the row's outputs and in no other row's.
TEST_P(MatmulTest, NonFiniteElementsReachTheirRowsOutputs) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  for (const float value : {kInfinity, -kInfinity, std::nanf("")}) {
    for (const int64_t num_rows : {1, 3, 14}) {
      const TestingMatrix matrix(dtype(), 70, 512, random_);
      std::vector<float> x = RandomFloats(num_rows * 512, random_);
      const int64_t bad_row = num_rows / 2;
      x[static_cast<size_t>(bad_row * 512 + RandomInt(0, 511, random_))] = value;
      const std::vector<float> out = Multiply(kernels(), matrix, x, num_rows);
      for (size_t i = 0; i < out.size(); ++i)
        ASSERT_EQ(std::isfinite(out[i]), static_cast<int64_t>(i) / 70 != bad_row) << i;
    }
  }
}

// A NaN for a scale, whatever its bits, is seen in its column and in no other.
TEST_P(MatmulTest, NanScalesReachTheirColumns) {
  const DTypeInfo& info = InfoOf(dtype());
  if (!info.IsQuantized()) GTEST_SKIP() << "of quantised weights only";
  for (const uint16_t nan : {0x7fff, 0x7e00, 0xffff, 0x7c01}) {
    for (const int64_t num_rows : {1, 3, 40}) {
      TestingMatrix matrix(dtype(), 70, 512, random_);
      constexpr int64_t kColumn = 21;
      const int64_t row_bytes = 512 / info.block_elements * info.block_bytes;
      std::memcpy(matrix.raw.data() + kColumn * row_bytes + info.scale_at, &nan, sizeof(nan));
      matrix.Pack();
      const std::vector<float> x = RandomFloats(num_rows * 512, random_);
      const std::vector<float> out = Multiply(kernels(), matrix, x, num_rows);
      for (size_t i = 0; i < out.size(); ++i)
        ASSERT_EQ(std::isnan(out[i]), i % 70 == kColumn) << i << ", " << nan;
    }
  }
}

// Rows of zeros give zeros; of numbers that are nearly too large or too small, products to the same
// accuracy as of others.
TEST_P(MatmulTest, MagnitudesDoNotMatter) {
  const float largest = kernels().rows.of(dtype()) == RowForm::kBf16 ? 1e18f : 1e30f;
  for (const float magnitude : {0.0f, 1 / largest, 1e-6f, 1e6f, largest}) {
    SCOPED_TRACE(magnitude);
    const TestingMatrix matrix(dtype(), 70, 512, random_);
    std::vector<float> x = RandomFloats(9 * 512, random_, 1);
    for (float& value : x) value *= magnitude;
    const std::vector<float> out = Multiply(kernels(), matrix, x, 9);
    for (int64_t row = 0; row < 9; ++row)
      ExpectProduct(kernels(), matrix, x.data() + row * 512, nullptr, out.data() + row * 70);
    if (magnitude == 0) {
      EXPECT_EQ(out, std::vector<float>(out.size()));
    }
  }
}

// Weights of any magnitude that their format holds, in some of a panel's columns, are multiplied as
// accurately as others.
TEST_P(MatmulTest, MagnitudesOfWeightsDoNotMatter) {
  const DTypeInfo& info = InfoOf(dtype());
  if (!info.IsQuantized()) GTEST_SKIP() << "of quantised weights only";
  const RowForm form = kernels().rows.of(dtype());
  const double rounding = form == RowForm::kF32 ? 1e-6 : form == RowForm::kBf16 ? 0x1p-7 : 0x1p-6;
  for (const float deviation : {2e-5f, 1e-3f, 0.1f, 20.0f, 1000.0f}) {
    SCOPED_TRACE(deviation);
    TestingMatrix matrix(dtype(), 70, 512, random_);
    for (int64_t at = 0, i = 0; at < std::ssize(matrix.raw); at += info.block_bytes, ++i) {
      if (i % 3 == 0) PutScales(info, deviation, random_, matrix.raw.data() + at);
    }
    matrix.Pack();
    const std::vector<float> x = RandomFloats(20 * 512, random_);
    const std::vector<float> out = Multiply(kernels(), matrix, x, 20);
    const std::vector<float> weights = DequantizeTensor(matrix.view);
    for (size_t i = 0; i < out.size(); ++i) {
      const float* row = x.data() + i / 70 * 512;
      const float* column = weights.data() + i % 70 * 512;
      double sum = 0;
      double magnitude = 0;
      for (int k = 0; k < 512; ++k) {
        sum += double{row[k]} * column[k];
        magnitude += std::abs(double{row[k]} * column[k]);
      }
      ASSERT_NEAR(out[i], sum, rounding * magnitude) << i;
    }
  }
}

// Gate and up at once are the same bits as their products, SiLU and the conversion of rows.
TEST_P(MatmulTest, GatedIsTheSameBits) {
  if (kernels().gated_matmul.can == nullptr) GTEST_SKIP() << "of sets that have it only";
  const int64_t in_features = 512;
  for (const int64_t num_rows : {1, 7, 16, 17, 100, 1100}) {
    const int64_t inner = 32 * RandomInt(1, 9, random_);
    const TestingMatrix gate(dtype(), inner, in_features, random_);
    const TestingMatrix up(dtype(), inner, in_features, random_);
    const TestingMatrix down(DType::kBF16, 40, inner, random_);
    const MatmulPart gate_up[] = {{.weight = gate.packed},
                                  {.weight = up.packed, .out_column = inner}};
    const MatmulPart next[] = {{.weight = down.packed}};
    ASSERT_EQ(CanGate(kernels(), gate_up, next), dtype() != DType::kF32);
    if (dtype() == DType::kF32) return;
    const std::vector<float> x = RandomFloats(num_rows * in_features, random_, 0.1f);
    ThreadPool threads(3);
    std::vector<float> products(static_cast<size_t>(num_rows * 2 * inner));
    const AlignedBytes scratch(MatmulScratchBytes(kernels(), 512, num_rows));
    MatmulArgs args = {x.data(), in_features, num_rows, products.data(), 2 * inner};
    ParallelMatmul(kernels(), threads, args, gate_up, scratch.data());
    for (int64_t row = 0; row < num_rows; ++row) {
      float* values = products.data() + row * 2 * inner;
      kernels().silu_mul({.gate = values, .up = values + inner, .out = values, .size = inner});
    }
    std::vector<float> expected(static_cast<size_t>(num_rows * 40));
    ParallelMatmul(kernels(), threads, {products.data(), 2 * inner, num_rows, expected.data(), 40},
                   next, scratch.data());
    const AlignedBytes rows(MatmulScratchBytes(kernels(), inner, num_rows));
    ParallelGatedMatmul(kernels(), threads, args, gate_up, scratch.data(), rows.data());
    std::vector<float> out(expected.size());
    MatmulArgs of_down = {.num_rows = num_rows, .out = out.data(), .out_stride = 40};
    of_down.rows_in_form[static_cast<size_t>(RowForm::kBf16)] = rows.data();
    ParallelMatmul(kernels(), threads, of_down, next, scratch.data());
    EXPECT_EQ(out, expected) << num_rows;
  }
}

// Sums of the largest products there are: weights with the same bits everywhere, x of one
// magnitude.
TEST_P(MatmulTest, ExtremeQuantsDoNotOverflow) {
  const DTypeInfo& info = InfoOf(dtype());
  if (kernels().rows.of(dtype()) != RowForm::kInt8) GTEST_SKIP() << "of integer sums only";
  TestingMatrix matrix(dtype(), 40, 512, random_);
  for (const int bits : {0, 127, 128, 255}) {
    std::fill(matrix.raw.begin(), matrix.raw.end(), static_cast<std::byte>(bits));
    for (size_t at = 0; at < matrix.raw.size(); at += static_cast<size_t>(info.block_bytes))
      PutScales(info, 1, random_, matrix.raw.data() + at);
    matrix.Pack();
    for (const float x : {1.0f, -1.0f}) {
      const std::vector<float> row(512, x);
      ExpectProduct(kernels(), matrix, row.data(), nullptr,
                    Multiply(kernels(), matrix, row, 1).data());
    }
  }
}

// A block of x whose scale no f32 holds counts as zeros.
TEST_P(MatmulTest, TinyNumbersDoNotBecomeLargeOnes) {
  const TestingMatrix matrix(dtype(), 70, 512, random_);
  for (const float tiny : {1e-45f, 1e-40f, 1e-37f}) {
    const std::vector<float> out = Multiply(kernels(), matrix, std::vector<float>(512, tiny), 1);
    for (const float value : out) ASSERT_LE(std::abs(value), 512 * 10 * tiny);
  }
}

INSTANTIATE_TEST_SUITE_P(AllVariants, MatmulTest,
                         testing::Combine(testing::ValuesIn(AvailableKernels()),
                                          testing::ValuesIn(AllDTypes())),
                         [](const auto& variant) {
                           return std::string(std::get<0>(variant.param)->name) + "_" +
                                  std::string(InfoOf(std::get<1>(variant.param)).name);
                         });

// Sets that multiply bytes differ in speed alone.
TEST(MatmulInt8Test, SetsGiveTheSameBits) {
  std::mt19937 random(7);
  for (const DType dtype : AllDTypes()) {
    if (!InfoOf(dtype).IsQuantized()) continue;
    const TestingMatrix matrix(dtype, 200, 512, random);
    const std::vector<float> x = RandomFloats(23 * 512, random);
    std::vector<float> expected;
    for (const KernelSet* kernels : AvailableKernels()) {
      if (kernels->rows.of(dtype) != RowForm::kInt8) continue;
      const std::vector<float> out = Multiply(*kernels, matrix, x, 23);
      if (expected.empty()) expected = out;
      EXPECT_EQ(out, expected) << kernels->name << " " << InfoOf(dtype).name;
    }
  }
}

}  // namespace
}  // namespace redline::engine
