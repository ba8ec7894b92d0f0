#include "spec/workload_spec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace redline::spec {
namespace {

using ::testing::HasSubstr;

WorkloadSpec Parse(const std::string& yaml) {
  const auto spec = WorkloadFromYaml(yaml);
  EXPECT_TRUE(spec.ok()) << yaml << "\n" << spec.status().ToString();
  return spec.ok() ? *spec : WorkloadSpec{};
}

constexpr const char* kNeeded = "name: w\ninput_tokens: 2000\noutput_tokens: 100\n";

TEST(WorkloadSpec, NeedsThreeFields) {
  const WorkloadSpec spec = Parse(kNeeded);
  EXPECT_EQ(spec.name, "w");
  EXPECT_EQ(spec.input_tokens.distribution, LengthSpec::Distribution::kFixed);
  EXPECT_EQ(spec.input_tokens.mean, 2000);
  EXPECT_EQ(spec.output_tokens.mean, 100);
  EXPECT_EQ(spec.num_requests, 100);
  EXPECT_EQ(spec.concurrency, 8);
  EXPECT_EQ(spec.arrivals.process, ArrivalSpec::Process::kClosed);
  EXPECT_TRUE(spec.ignore_eos);
  EXPECT_TRUE(WorkloadFromJson(R"({"name":"w","input_tokens":1,"output_tokens":1})").ok());
}

TEST(WorkloadSpec, DefaultsFollowOtherFields) {
  const struct {
    const char* yaml;
    int64_t num_requests;
    int64_t concurrency;
  } kCases[] = {
      {"arrivals: burst", 100, 0},
      {"arrivals: {process: poisson, rate: 2}", 100, 0},
      {"arrivals: {process: steps, rates: [1, 2.5], step_seconds: 10}", 35, 0},
      {"dataset: {format: azure, path: a.csv}", 0, 8},
      {"dataset: {format: azure, path: a.csv}\nnum_requests: 5", 5, 8},
  };
  for (const auto& c : kCases) {
    const WorkloadSpec spec = Parse(std::string(kNeeded) + c.yaml);
    EXPECT_EQ(spec.num_requests, c.num_requests) << c.yaml;
    EXPECT_EQ(spec.concurrency, c.concurrency) << c.yaml;
  }
  const WorkloadSpec dataset = Parse("name: w\ndataset: {format: jsonl, path: a.jsonl}");
  EXPECT_EQ(dataset.input_tokens.distribution, LengthSpec::Distribution::kDataset);
  EXPECT_EQ(dataset.output_tokens.distribution, LengthSpec::Distribution::kDataset);
}

TEST(WorkloadSpec, JsonFormIsReadBack) {
  const char* kCases[] = {
      kNeeded,
      "name: w\ninput_tokens: {distribution: lognormal, mean: 500.5, stddev: 300, min: 4, max: "
      "900}\n"
      "output_tokens: {distribution: uniform, min: 5, max: 6}\nnum_requests: 7\n"
      "arrivals: {process: gamma, rate: 12.5, burstiness: 0.25}\nconcurrency: 9\n"
      "prefix: {groups: 4, tokens: 512}\nsessions: {turns: 3, think_seconds: 2}\n"
      "slo_classes: [{name: a, share: 0.25, ttft_ms: 1}, {name: b, share: 0.75, e2e_ms: 9}]\n"
      "abort_share: 0.1\nabort_after_tokens: 3\nignore_eos: false\ntemperature: 0.7\n"
      "description: some words",
      "name: w\ndataset: {format: mooncake, path: t.jsonl, length_scale: 0.5}\n"
      "arrivals: {process: trace, speed: 2}\nslo: {ttft_ms: 2000, tpot_ms: 80}",
      "name: w\ninput_tokens: sharegpt\noutput_tokens: sharegpt\n"
      "arrivals: {process: ramp, rate: 1, rate_end: 9}",
  };
  for (const char* yaml : kCases) {
    const std::string json = ToJson(Parse(yaml));
    const auto again = WorkloadFromJson(json);
    ASSERT_TRUE(again.ok()) << again.status().ToString() << "\n" << json;
    EXPECT_EQ(ToJson(*again), json);
    // JSON is YAML as well.
    EXPECT_EQ(ToJson(Parse(json)), json);
  }
}

TEST(WorkloadSpec, OneSloIsAListOfOneClass) {
  const WorkloadSpec spec = Parse(std::string(kNeeded) + "slo: {ttft_ms: 2000}");
  ASSERT_EQ(spec.slo_classes.size(), 1u);
  EXPECT_EQ(spec.slo_classes[0].name, "default");
  EXPECT_EQ(spec.slo_classes[0].share, 1);
  EXPECT_EQ(spec.slo_classes[0].ttft_ms, 2000);
}

// Each line is wrong in one field, which the message names with its value and what to do.
TEST(WorkloadSpec, RefusesByName) {
  const struct {
    const char* yaml;
    const char* param;
    const char* message;
  } kCases[] = {
      {"num_request: 5", "num_request", "did you mean \"num_requests\""},
      {"prefix: {group: 5}", "prefix.group", "did you mean \"groups\""},
      {"num_requests: 0", "num_requests", "is 0; give an integer from 1 to 10000000"},
      {"num_requests: 10000001", "num_requests", "from 1 to 10000000"},
      {"num_requests: -1", "num_requests", "\"num_requests\" is -1"},
      {"num_requests: 1.5", "num_requests", "must be an integer"},
      {"num_requests: 99999999999999999999", "num_requests", "must be an integer"},
      {"num_requests: many", "num_requests", "must be an integer, not string"},
      {"concurrency: 0", "concurrency", "is 0; give an integer from 1"},
      {"input_tokens: 0", "input_tokens", "is 0; give a number from 1 to 2097152"},
      {"input_tokens: -3", "input_tokens", "is -3"},
      {"input_tokens: 1.5", "input_tokens", "whole number"},
      {"input_tokens: nan", "input_tokens.distribution", "not known"},
      {"input_tokens: {distribution: log-normal}", "input_tokens.distribution",
       "did you mean \"lognormal\""},
      {"input_tokens: {distribution: uniform, min: 9, max: 3}", "input_tokens.max", "is 3"},
      {"input_tokens: {distribution: uniform, min: 0}", "input_tokens.min", "is 0"},
      {"input_tokens: {distribution: uniform, mean: 5}", "input_tokens.mean",
       "means nothing with distribution uniform"},
      {"input_tokens: {distribution: normal, mean: 5, stddev: -1}", "input_tokens.stddev", "is -1"},
      {"input_tokens: {mean: 5, stddev: 1}", "input_tokens.stddev", "means nothing"},
      {"input_tokens: {distribution: dataset}", "input_tokens.distribution", "takes a dataset"},
      {"arrivals: poison", "arrivals.process", "did you mean \"poisson\""},
      {"arrivals: poisson", "arrivals.rate", "is 0; give a number"},
      {"arrivals: {rate: 5}", "arrivals.rate", "means nothing with process closed"},
      {"arrivals: {process: poisson, rate: .nan}", "arrivals.rate", "must be a number"},
      {"arrivals: {process: poisson, rate: 1e9}", "arrivals.rate", "is 1000000000"},
      {"arrivals: {process: gamma, rate: 1, burstiness: 0}", "arrivals.burstiness", "is 0"},
      {"arrivals: {process: steps, step_seconds: 1}", "arrivals.rates", "a list of 0"},
      {"arrivals: {process: steps, step_seconds: 1, rates: [1, -2]}", "arrivals.rates[1]", "is -2"},
      {"arrivals: {process: burst, rates: [1]}", "arrivals.rates", "only process steps"},
      {"arrivals: trace", "arrivals.process", "takes a dataset"},
      {"prefix: {groups: 2, tokens: 2001}", "prefix.tokens", "give at most 2000"},
      {"prefix: {tokens: 5}", "prefix.tokens", "means nothing with no prefix.groups"},
      {"sessions: {turns: 257}", "sessions.turns", "is 257"},
      {"sessions: {think_seconds: 2}", "sessions.think_seconds", "sessions of one turn"},
      {"slo: {ttft_ms: -1}", "slo_classes[0].ttft_ms", "is -1"},
      {"slo: {}\nslo_classes: []", "slo", "keep one of them"},
      {"slo_classes: [{share: 0.5}]", "slo_classes", "add up to 0.5"},
      {"dataset: {format: mooncake, path: t}\nprefix: {groups: 2, tokens: 5}", "prefix.groups",
       "means nothing with dataset.format mooncake"},
      {"dataset: {format: azure, path: t}\narrivals: trace\nsessions: {turns: 2}", "sessions.turns",
       "means nothing with process trace"},
      {"dataset: {format: azure}", "dataset.path", "name the file"},
      {"dataset: {path: a.csv}", "dataset.format", "choose azure"},
      {"abort_share: 2", "abort_share", "is 2"},
      {"abort_share: 0.5", "abort_after_tokens", "is 0"},
      {"temperature: 3", "temperature", "is 3"},
      {"name: a/b", "name", "give 1 to 64 letters"},
      {"name: ''", "name", "give 1 to 64 letters"},
  };
  for (const auto& c : kCases) {
    const std::string extra = c.yaml;
    std::string yaml = extra + "\n";
    for (const char* needed : {"name: w", "input_tokens: 2000", "output_tokens: 100"}) {
      const std::string line = needed;
      if (!extra.starts_with(line.substr(0, line.find(' ')))) yaml += line + "\n";
    }
    const auto spec = WorkloadFromYaml(yaml);
    ASSERT_FALSE(spec.ok()) << yaml;
    EXPECT_EQ(spec.status().param(), c.param) << yaml;
    EXPECT_THAT(spec.status().message(), HasSubstr(c.message)) << yaml;
  }
}

TEST(WorkloadSpec, SaysWhatIsMissing) {
  const struct {
    const char* yaml;
    const char* message;
  } kCases[] = {
      {"input_tokens: 1\noutput_tokens: 1", "\"name\" is missing"},
      {"name: w\noutput_tokens: 1", "\"input_tokens\" is missing"},
      {"name: w\ninput_tokens: 1", "\"output_tokens\" is missing"},
      {"", "a workload is a mapping"},
      {"[1, 2]", "a workload is a mapping"},
      {"text", "a workload is a mapping"},
  };
  for (const auto& c : kCases) {
    const auto spec = WorkloadFromYaml(c.yaml);
    ASSERT_FALSE(spec.ok()) << c.yaml;
    EXPECT_THAT(spec.status().message(), HasSubstr(c.message)) << c.yaml;
  }
}

}  // namespace
}  // namespace redline::spec
