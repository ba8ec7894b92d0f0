#include "lab/report/number_text.h"

#include <gtest/gtest.h>

#include <cmath>

namespace redline::lab {
namespace {

TEST(NumberText, Figures) {
  const std::pair<double, const char*> cases[] = {{0, "0"},
                                                  {-0.0, "0"},
                                                  {1, "1"},
                                                  {320, "320"},
                                                  {1.23456, "1.235"},
                                                  {12.5, "12.50"},
                                                  {123.45, "123.5"},
                                                  {999.96, "1,000"},
                                                  {1234.4, "1,234"},
                                                  {1234567, "1,234,567"},
                                                  {-1234, "-1,234"},
                                                  {-123456, "-123,456"},
                                                  {480.0000000000001, "480"},
                                                  {0.0123, "0.0123"},
                                                  {1e-9, "1e-09"},
                                                  {1e300, "1.000e+300"},
                                                  {NAN, "-"},
                                                  {INFINITY, "-"},
                                                  {-INFINITY, "-"}};
  for (const auto& [value, text] : cases) EXPECT_EQ(FormatFigure(value), text) << value;
}

TEST(NumberText, Shares) {
  EXPECT_EQ(FormatShare(0), "0%");
  EXPECT_EQ(FormatShare(0.125), "12.50%");
  EXPECT_EQ(FormatShare(NAN), "-");
}

}  // namespace
}  // namespace redline::lab
