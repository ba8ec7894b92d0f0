#include "lab/metrics/timeline.h"

#include <gtest/gtest.h>

#include <numeric>

#include "lab/metrics/records_for_test.h"

namespace redline::lab {
namespace {

double Sum(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0);
}

TEST(Timeline, NothingIsLostWhateverTheBins) {
  const auto records = ClosedLoop(3, 7, [](int place, int i) { return 90.0 + 10 * place + i; });
  for (const size_t max_bins : {1, 2, 7, 600}) {
    const Timeline timeline = MakeTimeline(records, max_bins);
    EXPECT_LE(timeline.size(), max_bins);
    EXPECT_NEAR(Sum(timeline.output_tokens), 210, 1e-6) << max_bins;
    EXPECT_NEAR(Sum(timeline.input_tokens), 210, 1e-6) << max_bins;
    EXPECT_EQ(Sum(timeline.finished), 21) << max_bins;
  }
}

TEST(Timeline, TokensLieBetweenFirstAndLast) {
  const std::vector<RequestRecord> records = {MakeRecord({.sent = 0,
                                                          .first = 1000,
                                                          .last = 3000,
                                                          .end = 4000,
                                                          .input_tokens = 5,
                                                          .output_tokens = 11})};
  const Timeline t = MakeTimeline(records, {0, 4}, 1.0, 100);
  EXPECT_EQ(t.output_tokens, (std::vector<double>{0, 6, 5, 0}));
  EXPECT_EQ(t.input_tokens, (std::vector<double>{0, 5, 0, 0}));
  EXPECT_EQ(t.prefill, (std::vector<double>{1, 0, 0, 0}));
  EXPECT_EQ(t.decode, (std::vector<double>{0, 1, 1, 1}));
  EXPECT_EQ(t.finished, (std::vector<double>{0, 0, 0, 1}));
}

TEST(Timeline, ALongRunHasWiderBins) {
  const std::vector<RequestRecord> records = {
      MakeRecord({.sent = 0, .first = 1, .last = 2, .end = 3'600'000})};
  const Timeline timeline = MakeTimeline(records, 600);
  EXPECT_EQ(timeline.bin_s, 10);
  EXPECT_EQ(timeline.size(), 360u);
}

TEST(Timeline, UnsentRequestsAreNotInIt) {
  const std::vector<RequestRecord> records(3);
  EXPECT_EQ(MakeTimeline(records).size(), 0u);
  EXPECT_EQ(PeakInFlight(records), 0);
}

TEST(Timeline, PeakIsOfOneMoment) {
  const std::vector<RequestRecord> records = {
      MakeRecord({.sent = 0, .first = 1, .last = 10, .end = 10}),
      MakeRecord({.sent = 5, .first = 6, .last = 10, .end = 10}),
      MakeRecord({.sent = 10, .first = 11, .last = 12, .end = 12})};
  EXPECT_EQ(PeakInFlight(records), 2);
}

}  // namespace
}  // namespace redline::lab
