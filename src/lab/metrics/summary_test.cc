#include "lab/metrics/summary.h"

#include <gtest/gtest.h>

#include "lab/metrics/records_for_test.h"

namespace redline::lab {
namespace {

// One request: meant for 0, sent at 5 ms, tokens from 25 to 115 ms (10 of them), over at 120.
RequestRecord One() {
  return MakeRecord({.intended = 0, .sent = 5, .first = 25, .last = 115, .end = 120});
}

TEST(Summary, FormsOfOneRequest) {
  const std::vector<RequestRecord> records = {One()};
  const Summary summary = Summarise({.records = records});
  const std::pair<const char*, double> expected[] = {
      {"ttft_ms", 20},
      {"ttft_from_intended_ms", 25},
      {"tpot_ms", 10},           // 90 ms for the 9 tokens after the first
      {"tpot_guidellm_ms", 11},  // 110 ms for all 10
      {"ntpot_ms", 11.5},        // 115 ms for all 10
      {"e2e_ms", 115},
      {"e2e_from_intended_ms", 120},
      {"queue_ms", 5},
      {"interactivity_tps", 100},
      {"tokens_per_event", 1},
      {"duration_s", 0.115},
      {"requests", 1},
      {"request_rate", 1 / 0.115},
      {"output_tps", 10 / 0.115},
      {"total_tps", 20 / 0.115},
      {"mean_in_flight", 1},
      {"peak_in_flight", 1},
      {"error_share", 0},
      {"ttft_fairness", 1},
  };
  for (const auto& [name, value] : expected) {
    const auto figure = FigureOf(summary, name);
    ASSERT_TRUE(figure) << name;
    EXPECT_NEAR(*figure, value, 1e-9) << name;
  }
  for (const char* absent : {"itl_ms", "goodput", "cost_per_million_tokens", "cached_tokens",
                             "output_tokens_per_joule", "peak_output_tps"})
    EXPECT_FALSE(FigureOf(summary, absent)) << absent;
}

TEST(Summary, AnswerOfOneTokenHasNoTimePerOutputToken) {
  const std::vector<RequestRecord> records = {
      MakeRecord({.sent = 0, .first = 7, .last = 7, .end = 7, .output_tokens = 1})};
  const Summary summary = Summarise({.records = records});
  EXPECT_FALSE(summary.distributions.contains("tpot_ms"));
  EXPECT_DOUBLE_EQ(summary.distributions.at("tpot_guidellm_ms").mean, 7);
}

TEST(Summary, FairnessIsJainsIndexOfTtft) {
  std::vector<RequestRecord> records;
  for (const double ttft_ms : {10.0, 10.0, 40.0}) {
    records.push_back(
        MakeRecord({.sent = 0, .first = ttft_ms, .last = 50, .end = 50, .output_tokens = 2}));
  }
  EXPECT_NEAR(Summarise({.records = records}).values.at("ttft_fairness"), 3600.0 / (3 * 1800),
              1e-12);
}

TEST(Summary, FailedRequestsCountAsFailedOnly) {
  std::vector<RequestRecord> records = {One(), One(), One(), RequestRecord()};
  records[1].outcome = Outcome::kReset;
  records[2].outcome = Outcome::kAborted;
  const Summary summary = Summarise({.records = records});
  EXPECT_EQ(summary.values.at("requests"), 1);
  EXPECT_DOUBLE_EQ(summary.values.at("error_share"), 1.0 / 3);  // the fourth was never sent
  EXPECT_EQ(summary.distributions.at("ttft_ms").count, 1);
  EXPECT_NEAR(summary.values.at("output_tps"), 10 / 0.115, 1e-9);
}

TEST(Summary, EventsOfSeveralTokensShow) {
  std::vector<RequestRecord> records = {One()};
  records[0].num_events = 5;
  Histogram gaps;
  gaps.Record(22'500'000, 4);
  const Summary summary = Summarise({.records = records, .gaps_ns = &gaps});
  EXPECT_NEAR(summary.distributions.at("itl_ms").p50, 22.5, 0.1);
  EXPECT_DOUBLE_EQ(summary.distributions.at("tokens_per_event").mean, 2);
  EXPECT_DOUBLE_EQ(summary.distributions.at("tpot_ms").mean, 10);
}

TEST(Summary, GoodputCountsFromTheIntendedTime) {
  struct Case {
    spec::SloClass slo;
    double good;
  };
  const Case cases[] = {{{.ttft_ms = 25, .tpot_ms = 10, .e2e_ms = 120}, 1},
                        {{.ttft_ms = 24}, 0},
                        {{.tpot_ms = 9.9}, 0},
                        {{.e2e_ms = 119}, 0}};
  const std::vector<RequestRecord> records = {One()};
  for (const Case& c : cases) {
    const std::vector<spec::SloClass> classes = {c.slo};
    const Summary summary = Summarise({.records = records, .slo_classes = classes});
    EXPECT_EQ(summary.values.at("good_share"), c.good);
  }
}

TEST(Summary, EachClassHasItsObjectives) {
  std::vector<RequestRecord> records = {One(), One()};
  records[1].slo_class = 1;
  const std::vector<spec::SloClass> classes = {{.ttft_ms = 1}, {.ttft_ms = 1000}};
  const Summary summary = Summarise({.records = records, .slo_classes = classes});
  EXPECT_EQ(summary.values.at("good_share"), 0.5);
}

TEST(Summary, CostAndEnergyWhereTheyAreKnown) {
  const std::vector<RequestRecord> records = {One()};
  const Summary summary = Summarise({.records = records, .price_per_hour = 36, .energy_joules = 5});
  // 0.01 a second, for 0.115 s and 10 tokens.
  EXPECT_NEAR(summary.values.at("cost_per_million_output_tokens"), 115, 1e-9);
  EXPECT_NEAR(summary.values.at("cost_per_million_tokens"), 57.5, 1e-9);
  EXPECT_DOUBLE_EQ(summary.values.at("output_tokens_per_joule"), 2);
}

TEST(Summary, AWindowCountsWhatWasMadeInIt) {
  const std::vector<RequestRecord> records =
      ClosedLoop(4, 10, [](int, int) { return 1000.0; });  // 40 requests of 10 tokens in 10 s
  const Summary summary = SummariseWindow({.records = records}, {2.5, 7.5});
  EXPECT_NEAR(summary.values.at("output_tps"), 40, 1e-6);
  EXPECT_NEAR(summary.values.at("mean_in_flight"), 4, 1e-6);
  EXPECT_EQ(summary.values.at("requests"), 20);
}

TEST(Summary, NothingSentIsNoFigureAtAll) {
  const Summary summary = Summarise({});
  EXPECT_TRUE(summary.distributions.empty());
  EXPECT_FALSE(FigureOf(summary, "output_tps"));
}

TEST(Summary, FiguresHaveNames) {
  Summary summary;
  summary.distributions["ttft_ms"] = {.mean = 1, .p50 = 2, .p90 = 3, .p95 = 4, .p99 = 5, .max = 6};
  summary.values["output_tps"] = 7;
  EXPECT_EQ(FigureOf(summary, "ttft_ms"), 1);
  EXPECT_EQ(FigureOf(summary, "ttft_ms.p50"), 2);
  EXPECT_EQ(FigureOf(summary, "ttft_ms.p99"), 5);
  EXPECT_EQ(FigureOf(summary, "ttft_ms.max"), 6);
  EXPECT_EQ(FigureOf(summary, "output_tps"), 7);
  for (const char* unknown : {"ttft_ms.p42", "output_tps.p50", "nonsense", ""})
    EXPECT_FALSE(FigureOf(summary, unknown)) << unknown;
}

}  // namespace
}  // namespace redline::lab
