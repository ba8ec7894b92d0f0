#include "workload/presets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "workload/plan_summary.h"
#include "workload/scale.h"

namespace redline::workload {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

PlanSummary SummaryOf(const spec::WorkloadSpec& spec) {
  const auto plan = MakePlan(spec, 42);
  EXPECT_TRUE(plan.ok()) << plan.status().ToString();
  return plan.ok() ? Summarize(**plan) : PlanSummary{};
}

TEST(Presets, AreTheScenarios) {
  const struct {
    const char* name;
    int64_t num_requests;
    double input_total;
    double output_total;
    double tolerance;
  } kCases[] = {
      {"sharegpt", 1000, 219'111, 197'000, 0.06}, {"short", 1000, 128'000, 4'000, 0},
      {"medium", 500, 1'000'000, 50'000, 0},      {"long", 500, 2'000'000, 100'000, 0},
      {"verylong", 100, 3'200'000, 10'000, 0},    {"generation", 100, 100'000, 200'000, 0},
  };
  EXPECT_THAT(PresetNames(),
              ElementsAre("sharegpt", "short", "medium", "long", "verylong", "generation"));
  for (const auto& c : kCases) {
    const auto spec = FindPreset(c.name);
    ASSERT_TRUE(spec.ok()) << spec.status().ToString();
    EXPECT_EQ(spec->name, c.name);
    const PlanSummary summary = SummaryOf(*spec);
    EXPECT_EQ(summary.num_requests, c.num_requests);
    EXPECT_NEAR(static_cast<double>(summary.input.total) / c.input_total, 1, c.tolerance) << c.name;
    EXPECT_NEAR(static_cast<double>(summary.output.total) / c.output_total, 1, c.tolerance)
        << c.name;
    EXPECT_EQ(summary.last_intended_s, 0) << "all at once";
  }
}

TEST(Presets, UnknownNames) {
  const auto spec = FindPreset("sharegtp");
  ASSERT_FALSE(spec.ok());
  EXPECT_EQ(spec.status().code(), Code::kNotFound);
  EXPECT_THAT(spec.status().message(), HasSubstr("did you mean \"sharegpt\""));
  EXPECT_FALSE(FindPreset("").ok());
}

spec::WorkloadSpec Spec(const std::string& yaml) {
  const auto spec = spec::WorkloadFromYaml("name: w\n" + yaml);
  EXPECT_TRUE(spec.ok()) << spec.status().ToString();
  return spec.ok() ? *spec : spec::WorkloadSpec{};
}

TEST(Scale, ShrinksCountsAndRatesButNotLengths) {
  const auto scaled =
      Scale(Spec("input_tokens: 100\noutput_tokens: 10\nnum_requests: 1000\n"
                 "concurrency: 8\narrivals: {process: ramp, rate: 10, rate_end: 40}"),
            0.05);
  ASSERT_TRUE(scaled.ok()) << scaled.status().ToString();
  EXPECT_EQ(scaled->num_requests, 50);
  EXPECT_EQ(scaled->concurrency, 1);
  EXPECT_DOUBLE_EQ(scaled->arrivals.rate, 0.5);
  EXPECT_DOUBLE_EQ(scaled->arrivals.rate_end, 2);
  EXPECT_EQ(scaled->input_tokens.mean, 100);
  const auto one = Scale(*FindPreset("verylong"), 1e-6);
  ASSERT_TRUE(one.ok());
  EXPECT_EQ(one->num_requests, 1);
  EXPECT_EQ(one->concurrency, 0) << "no limit stays none";
}

TEST(Scale, TracesGoSlower) {
  const auto scaled = Scale(Spec("dataset: {format: azure, path: a}\nnum_requests: 100\n"
                                 "arrivals: {process: trace, speed: 2}"),
                            0.1);
  ASSERT_TRUE(scaled.ok()) << scaled.status().ToString();
  EXPECT_EQ(scaled->num_requests, 10);
  EXPECT_DOUBLE_EQ(scaled->arrivals.speed, 0.2);
}

TEST(Scale, LengthsOnDemand) {
  const auto scaled = ScaleLengths(
      Spec("input_tokens: 1005\noutput_tokens: {distribution: uniform, min: 10, max: 20}\n"
           "prefix: {groups: 2, tokens: 300}"),
      0.1);
  ASSERT_TRUE(scaled.ok()) << scaled.status().ToString();
  EXPECT_EQ(scaled->input_tokens.mean, 101);
  EXPECT_EQ(scaled->output_tokens.min, 1);
  EXPECT_EQ(scaled->output_tokens.max, 2);
  EXPECT_EQ(scaled->prefix.tokens, 30);
  const auto sharegpt = ScaleLengths(*FindPreset("sharegpt"), 0.1);
  ASSERT_TRUE(sharegpt.ok());
  EXPECT_NEAR(SummaryOf(*sharegpt).input.mean, 21.9, 2);
  const auto trace = ScaleLengths(Spec("dataset: {format: mooncake, path: a}"), 0.25);
  ASSERT_TRUE(trace.ok());
  EXPECT_EQ(trace->dataset.length_scale, 0.25);
}

TEST(Scale, RefusesWhatIsNoScale) {
  const spec::WorkloadSpec spec = *FindPreset("short");
  for (const double scale : {0.0, -1.0, 1e9, std::numeric_limits<double>::quiet_NaN()}) {
    EXPECT_EQ(Scale(spec, scale).status().param(), "scale");
    EXPECT_EQ(ScaleLengths(spec, scale).status().param(), "scale");
  }
  EXPECT_EQ(Scale(Spec("dataset: {format: azure, path: a}"), 0.5).status().param(), "num_requests");
}

}  // namespace
}  // namespace redline::workload
