#include "lab/stats/student.h"

#include <gtest/gtest.h>

namespace redline::lab {
namespace {

TEST(Student, QuantilesAreThoseOfTheTables) {
  EXPECT_NEAR(StudentQuantile(0.975, 4), 2.7764451, 1e-6);
  EXPECT_NEAR(StudentQuantile(0.995, 7), 3.4994833, 1e-6);
  EXPECT_NEAR(NormalQuantile(0.975), 1.9599640, 1e-6);
  EXPECT_NEAR(ChiSquaredQuantile(0.1, 4), 1.0636232, 1e-6);
  EXPECT_NEAR(BinomialCdf(1, 64, 0.1), 0.009559, 1e-5);
}

TEST(Student, ArgumentsOutsideTheirDomainDoNoHarm) {
  EXPECT_GT(StudentQuantile(1.5, -3), 0);
  EXPECT_EQ(BinomialCdf(-1, 10, 0.5), 0);
  EXPECT_EQ(BinomialCdf(10, 10, 0.5), 1);
}

}  // namespace
}  // namespace redline::lab
