// rms_norm, rope, silu_mul and the reductions: every variant against the reference, all tails.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "engine/kernels/registry.h"
#include "engine/kernels/testing_data.h"

namespace redline::engine {
namespace {

class ElementwiseTest : public testing::TestWithParam<const KernelSet*> {
 protected:
  const KernelSet& kernels() const { return *GetParam(); }
  const KernelSet& reference() const { return *AvailableKernels().front(); }
  std::mt19937 random_{4};
};

void ExpectClose(const std::vector<float>& actual, const std::vector<float>& expected,
                 float relative) {
  for (size_t i = 0; i < actual.size(); ++i)
    ASSERT_NEAR(actual[i], expected[i], relative * std::abs(expected[i]) + 1e-7f) << "at " << i;
}

TEST_P(ElementwiseTest, RmsNorm) {
  for (int64_t size = 1; size < 100; ++size) {
    const std::vector<float> weight = RandomFloats(size, random_);
    const std::vector<float> delta = RandomFloats(size, random_);
    std::vector<float> x = RandomFloats(size, random_, 3);
    std::vector<float> x_reference = x;
    std::vector<float> out(x.size());
    std::vector<float> expected(x.size());
    const float* add = size % 2 == 0 ? delta.data() : nullptr;
    kernels().rms_norm({x.data(), add, weight.data(), out.data(), size, 1e-5f});
    reference().rms_norm({x_reference.data(), add, weight.data(), expected.data(), size, 1e-5f});
    ExpectClose(out, expected, 2e-6f);
    EXPECT_EQ(x, x_reference);
  }
}

TEST_P(ElementwiseTest, Rope) {
  for (const int64_t head_dim : {2, 6, 8, 34, 64, 80, 128}) {
    for (const RopePairs pairs : {RopePairs::kHalfSplit, RopePairs::kInterleaved}) {
      std::vector<float> heads = RandomFloats(3 * head_dim, random_);
      std::vector<float> expected = heads;
      std::vector<float> cos(static_cast<size_t>(head_dim / 2));
      std::vector<float> sin(cos.size());
      for (size_t i = 0; i < cos.size(); ++i) {
        cos[i] = std::cos(static_cast<float>(i) + 0.3f);
        sin[i] = std::sin(static_cast<float>(i) + 0.3f);
      }
      kernels().rope({heads.data(), 3, head_dim, cos.data(), sin.data(), pairs});
      reference().rope({expected.data(), 3, head_dim, cos.data(), sin.data(), pairs});
      ExpectClose(heads, expected, 1e-6f);
    }
  }
}

TEST_P(ElementwiseTest, SiluMul) {
  for (int64_t size = 1; size < 70; ++size) {
    const std::vector<float> up = RandomFloats(size, random_);
    std::vector<float> gate = RandomFloats(size, random_, 10);
    if (size > 3) gate[0] = -200, gate[1] = 200, gate[2] = 0;
    std::vector<float> out(gate.size());
    std::vector<float> expected(gate.size());
    kernels().silu_mul({gate.data(), up.data(), out.data(), size});
    reference().silu_mul({gate.data(), up.data(), expected.data(), size});
    ExpectClose(out, expected, 1e-6f);
  }
}

TEST_P(ElementwiseTest, SiluMulBitsDoNotDependOnThePlaceInTheRow) {
  const std::vector<float> gate = RandomFloats(67, random_, 4);
  const std::vector<float> up = RandomFloats(67, random_);
  std::vector<float> whole(67);
  kernels().silu_mul({gate.data(), up.data(), whole.data(), 67});
  for (size_t i = 0; i < whole.size(); ++i) {
    float alone = 0;
    kernels().silu_mul({gate.data() + i, up.data() + i, &alone, 1});
    EXPECT_EQ(alone, whole[i]);
  }
}

TEST_P(ElementwiseTest, ArgmaxTakesTheFirstOfTheLargest) {
  for (int64_t size = 1; size < 70; ++size) {
    std::vector<float> values = RandomFloats(size, random_);
    const auto first = static_cast<size_t>(RandomInt(0, size - 1, random_));
    values[first] = 50;
    values.back() = std::max(values.back(), 50.0f);
    EXPECT_EQ(kernels().argmax(values.data(), size), static_cast<int64_t>(first));
  }
}

TEST_P(ElementwiseTest, ArgmaxSkipsNan) {
  const float nan = std::nanf("");
  const std::vector<float> some = {nan, -3, nan, -2, nan};
  EXPECT_EQ(kernels().argmax(some.data(), 5), 3);
  const std::vector<float> all(40, nan);
  EXPECT_EQ(kernels().argmax(all.data(), 40), 0);
}

TEST_P(ElementwiseTest, LogSumExp) {
  for (const int64_t size : {1, 2, 15, 17, 100, 5000}) {
    const std::vector<float> values = RandomFloats(size, random_, 6);
    const float expected = reference().log_sum_exp(values.data(), size);
    EXPECT_NEAR(kernels().log_sum_exp(values.data(), size), expected, 2e-6f);
  }
}

TEST_P(ElementwiseTest, NanIsNotHidden) {
  std::vector<float> values = RandomFloats(40, random_);
  values[33] = std::nanf("");
  EXPECT_TRUE(std::isnan(kernels().log_sum_exp(values.data(), 40)));
  std::vector<float> out(40);
  kernels().silu_mul({values.data(), values.data(), out.data(), 40});
  EXPECT_TRUE(std::isnan(out[33]));
  EXPECT_FALSE(std::isnan(out[32]));
}

INSTANTIATE_TEST_SUITE_P(AllVariants, ElementwiseTest, testing::ValuesIn(AvailableKernels()),
                         [](const auto& variant) { return std::string(variant.param->name); });

}  // namespace
}  // namespace redline::engine
