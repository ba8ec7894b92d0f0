#include "engine/kernels/matmul/matmul.h"

#include <gtest/gtest.h>

#include <cmath>

#include "engine/kernels/kv_store/kv_element.h"
#include "engine/kernels/matmul/parallel_matmul.h"
#include "engine/kernels/matmul/testing_matrix.h"

namespace redline::engine {
namespace {

// |error| <= kTolerance * sum over k of |x w|: an f32 chain of up to 700 roundings of 6e-8 each.
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

// An operand as the arithmetic of a row form takes it.
double Taken(RowForm form, float value) {
  return form == RowForm::kBf16 ? BF16ToF32(KvElement<KvDtype::kBf16>::Encode(value)) : value;
}

void ExpectProduct(const TestingMatrix& matrix, RowForm form, const std::vector<float>& x,
                   int64_t row, const float* bias, const float* out) {
  const int64_t in_features = matrix.packed.in_features;
  const std::vector<float> weights = DequantizeTensor(matrix.view);
  for (int64_t n = 0; n < matrix.packed.out_features; ++n) {
    double sum = bias == nullptr ? 0 : bias[n];
    double magnitude = std::abs(sum);
    for (int64_t k = 0; k < in_features; ++k) {
      const double product = Taken(form, x[static_cast<size_t>(row * in_features + k)]) *
                             Taken(form, weights[static_cast<size_t>(n * in_features + k)]);
      sum += product;
      magnitude += std::abs(product);
    }
    ASSERT_NEAR(out[n], sum, kTolerance * magnitude + 1e-12) << "row " << row << " column " << n;
  }
}

// Random shapes with ragged tails against plain sums in f64 over the unpacked weights, rounded as
// the set's arithmetic says; neighbours of the output stay as they were.
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
      ExpectProduct(matrix, kernels().rows.of(dtype()), x, row, part.bias, out_row + 2);
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
    const TestingMatrix second(dtype(), RandomInt(1, 200, random_), in_features, random_);
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
      const int64_t count = std::min(num_rows - row, RandomInt(1, 5, random_));
      ParallelMatmul(kernels(), one_thread,
                     {x.data() + row * in_features, in_features, count,
                      alone.data() + row * out_size, out_size},
                     parts, scratch.data());
      row += count;
    }
    EXPECT_EQ(std::memcmp(together.data(), alone.data(), together.size() * sizeof(float)), 0);
  }
}

INSTANTIATE_TEST_SUITE_P(AllVariants, MatmulTest,
                         testing::Combine(testing::ValuesIn(AvailableKernels()),
                                          testing::ValuesIn(AllDTypes())),
                         [](const auto& variant) {
                           return std::string(std::get<0>(variant.param)->name) + "_" +
                                  std::string(InfoOf(std::get<1>(variant.param)).name);
                         });

}  // namespace
}  // namespace redline::engine
