#include "platform/profiles/tuned_profile.h"

#include <gtest/gtest.h>

#include <functional>
#include <nlohmann/json.hpp>

#include "embedded/catalog_files.h"
#include "spec/workload_spec.h"

namespace redline::platform {
namespace {

using nlohmann::json;

json Configuration(const char* engine, const std::vector<std::string>& arguments) {
  return {{"engine", engine}, {"arguments", arguments}, {"environment", json::object()}};
}

json Workload() {
  const auto workload = spec::WorkloadFromYaml(
      "name: short\ninput_tokens: {distribution: fixed, mean: 16}\n"
      "output_tokens: {distribution: fixed, mean: 16}\nnum_requests: 4\nconcurrency: 2\n");
  EXPECT_TRUE(workload.ok()) << workload.status().message();
  return json::parse(spec::ToJson(workload.value()));
}

// As lab/tune/tune_json.cc writes it.
json TuneResultJson() {
  const json winner = Configuration("native", {"--chunked-prefill-size", "256"});
  const json run = {{"fault", "none"}, {"figures", {{"total_tps", 130.0}, {"ttft_ms.p99", 9.5}}}};
  const json other = {{"fault", "none"}, {"figures", {{"total_tps", 150.0}, {"goodput", 0.0}}}};
  const json crashed = {{"fault", "crashed_in_run"}, {"figures", {{"total_tps", 1e9}}}};
  return {
      {"model", "smollm2-135m-instruct"},
      {"workload", "short"},
      {"workload_spec", Workload()},
      {"hardware", "Some CPU @ 2 GHz"},
      {"virtual", false},
      {"goal", "throughput"},
      {"has_winner", true},
      {"winner", winner},
      {"baseline", Configuration("native", {})},
      {"ratio", 1.31},
      {"low", 1.22},
      {"high", 1.4},
      {"confidence", 0.95},
      {"last_comparison", {{"baseline", {100.0, 101.0, 99.0}}, {"winner", {131.0, 132.0, 130.0}}}},
      {"ended_by", "nothing promises more than 1%"},
      {"trial_log",
       {{{"configuration", winner},
         {"runs", {run, other, crashed}},
         {"resolved", R"({"chunked_prefill_size":256,"policy":"fcfs"})"}}}},
      {"command", "redline tune smollm2-135m-instruct --workload short"},
      {"environment", {{"cpu", "Some CPU @ 2 GHz"}, {"cpus", "2"}, {"redline", "1.2"}}},
      {"date", "2026-11-26"}};
}

json Virtual() {
  json result = TuneResultJson();
  result["virtual"] = true;
  result["model"] = "Qwen/Qwen3-4B";
  result["hardware"] = "H200x2";
  result["winner"] = Configuration("vllm@0.13.0", {"--max-num-seqs", "512"});
  result["baseline"] = Configuration("vllm@0.13.0", {});
  return result;
}

class TunedProfileTest : public testing::Test {
 protected:
  Result<TunedProfile> Of(const json& result, const PublishWishes& wishes = {}) {
    return ProfileOfTuneResult(catalog_, result, wishes);
  }
  Catalog catalog_ = Catalog::Parse(embedded::catalog_files()).value();
};

TEST_F(TunedProfileTest, AWinnerWithEverythingThatWasKnownOfIt) {
  const auto tuned = Of(TuneResultJson(), {.source = "/reports/one"});
  ASSERT_TRUE(tuned.ok()) << tuned.status().message();
  EXPECT_EQ(tuned->entry->name, "smollm2-135m-instruct");
  const spec::Profile& profile = tuned->profile;
  EXPECT_EQ(profile.name, "tuned-throughput-short");
  EXPECT_EQ(profile.goal, "throughput");
  EXPECT_EQ(profile.workload, "short");
  EXPECT_EQ(profile.hardware.device, "cpu");
  EXPECT_EQ(profile.hardware.models, std::vector<std::string>{"Some CPU @ 2 GHz"});
  EXPECT_EQ(profile.hardware.min_devices, 2);
  EXPECT_EQ(profile.engine.engine, "native");
  EXPECT_EQ(profile.engine.version, "");
  EXPECT_EQ(profile.engine.requested.at("chunked_prefill_size"),
            spec::ParameterValue(int64_t{256}));
  const spec::Evidence& evidence = profile.evidence;
  EXPECT_EQ(evidence.kind, spec::Evidence::Kind::kMeasured);
  EXPECT_EQ(evidence.source, "/reports/one");
  EXPECT_EQ(evidence.engine, "native@1.2");
  EXPECT_EQ(evidence.figures.at("total_tps"), spec::ParameterValue(140.0)) << "of two good runs";
  EXPECT_FALSE(evidence.figures.contains("goodput"));
  EXPECT_EQ(evidence.figures.at("ratio_low"), spec::ParameterValue(1.22));
  EXPECT_EQ(evidence.figures.at("ratio_rounds"), spec::ParameterValue(int64_t{3}));
  EXPECT_EQ(evidence.resolved.at("policy"), spec::ParameterValue(std::string("fcfs")));
  EXPECT_EQ(evidence.baseline.engine, "native");
  EXPECT_EQ(evidence.fingerprint, spec::FingerprintOf(profile.engine));
  EXPECT_TRUE(spec::WorkloadFromJson(evidence.workload).ok());
  EXPECT_NE(evidence.summary.find("x1.31 (1.22 to 1.40 at 95%, 3 rounds"), std::string::npos)
      << evidence.summary;
}

TEST_F(TunedProfileTest, WhatIsNotPublished) {
  const struct {
    const char* what;
    std::function<void(json&)> change;
    PublishWishes wishes;
    Code code;
    const char* says;
  } cases[] = {
      {"no winner",
       [](json& each) { each["has_winner"] = false; },
       {},
       Code::kFailedPrecondition,
       "found no winner (nothing promises"},
      {"an interval with 1",
       [](json& each) { each["low"] = 0.99; },
       {},
       Code::kInvalidArgument,
       "the whole interval is above 1"},
      {"an interval of nothing",
       [](json& each) { each["high"] = nullptr; },
       {},
       Code::kInvalidArgument,
       "high 0"},
      {"virtual",
       [](json& each) { each["virtual"] = true; },
       {},
       Code::kFailedPrecondition,
       "--virtual-evidence"},
      {"no such model",
       [](json& each) { each["model"] = "smolm2-135m-instruct"; },
       {},
       Code::kNotFound,
       "did you mean"},
      {"words of no flag",
       [](json& each) {
         each["winner"]["arguments"] = {"--no-such-flag", "1"};
       },
       {},
       Code::kInvalidArgument,
       "--no-such-flag"},
      {"values the engine refuses",
       [](json& each) {
         each["winner"]["arguments"] = {"--chunked-prefill-size", "-1"};
       },
       {},
       Code::kInvalidArgument,
       "chunked_prefill_size"},
      {"another type",
       [](json& each) { each["winner"]["arguments"] = "--flag"; },
       {},
       Code::kInvalidArgument,
       "winner.arguments"},
      {"no result",
       [](json& each) { each = json::array(); },
       {},
       Code::kInvalidArgument,
       "no result of redline tune"},
      {"no workload",
       [](json& each) { each.erase("workload_spec"); },
       {},
       Code::kInvalidArgument,
       "workload_spec"},
      {"a date that is none",
       [](json& each) { each["date"] = "yesterday"; },
       {},
       Code::kInvalidArgument,
       "yesterday"},
      {"long text",
       [](json& each) { each["hardware"] = std::string(5000, 'x'); },
       {},
       Code::kInvalidArgument,
       "hardware takes 5000 bytes"},
      {"a name with a path",
       [](json&) {},
       {.name = "../../etc/x"},
       Code::kInvalidArgument,
       "is not one for a profile"},
      {"a name of the library's",
       [](json&) {},
       {.name = "cpu-default"},
       Code::kAlreadyExists,
       "choose another"},
      {"no such goal", [](json&) {}, {.goal = "speed"}, Code::kInvalidArgument, "goals are"},
  };
  for (const auto& test : cases) {
    json result = TuneResultJson();
    test.change(result);
    const auto tuned = Of(result, test.wishes);
    ASSERT_FALSE(tuned.ok()) << test.what;
    EXPECT_EQ(tuned.status().code(), test.code) << test.what << ": " << tuned.status().message();
    EXPECT_NE(tuned.status().message().find(test.says), std::string::npos)
        << test.what << ": " << tuned.status().message();
  }
}

TEST_F(TunedProfileTest, AVirtualRunIsAPredictionForTheGpusItTakes) {
  const auto tuned = Of(Virtual(), {.accepts_virtual = true});
  ASSERT_TRUE(tuned.ok()) << tuned.status().message();
  const spec::Profile& profile = tuned->profile;
  EXPECT_EQ(tuned->entry->name, "qwen3-4b");
  EXPECT_EQ(profile.evidence.kind, spec::Evidence::Kind::kPredicted);
  EXPECT_EQ(profile.evidence.summary.rfind("VIRTUAL", 0), 0U);
  EXPECT_NE(profile.evidence.flaws.at(0).find("virtual"), std::string::npos);
  EXPECT_EQ(profile.evidence.environment.size(), 1U) << "not of the machine that computed it";
  EXPECT_EQ(profile.hardware.models, std::vector<std::string>{"H200"});
  EXPECT_EQ(profile.hardware.min_devices, 1) << "it takes one of two";
  EXPECT_EQ(profile.engine.version, "0.13.0");
  EXPECT_EQ(profile.engine.arguments.size(), 2U);
  EXPECT_TRUE(profile.engine.requested.empty());
}

TEST_F(TunedProfileTest, AnotherGoalIsAFlaw) {
  const auto tuned = Of(TuneResultJson(), {.name = "mine", .goal = "latency"});
  ASSERT_TRUE(tuned.ok()) << tuned.status().message();
  EXPECT_EQ(tuned->profile.goal, "latency");
  EXPECT_EQ(tuned->profile.evidence.flaws,
            std::vector<std::string>{"It was tuned for throughput, and is published for latency."});
}

}  // namespace
}  // namespace redline::platform
