#include "lab/stats/tail_notes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace redline::lab {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Measurement MeasurementOf(int num_requests) {
  Measurement measurement;
  RunResult& run = measurement.repeats.emplace_back();
  for (int i = 1; i <= num_requests; ++i) {
    run.requests.index.push_back(i);
    run.requests.outcome.push_back(static_cast<int64_t>(Outcome::kOk));
    run.requests.ttft_ms.push_back(-1);  // not known
    run.requests.e2e_ms.push_back(i);
  }
  return measurement;
}

TEST(TailNotes, SayTheBoundOrHowManyRequestsAreMissing) {
  EXPECT_THAT(TailNotes(MeasurementOf(1000)), ElementsAre(HasSubstr("e2e_ms.p99 is below 99")));
  EXPECT_THAT(TailNotes(MeasurementOf(100)),
              ElementsAre("e2e_ms.p99 cannot be bounded by 100 requests: 662 are needed"));
  EXPECT_TRUE(TailNotes({}).empty());
}

}  // namespace
}  // namespace redline::lab
