#include "lab/sweep/keeping_up.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace redline::lab {
namespace {

struct Case {
  const char* name;
  size_t num_requests;
  double load;       // of what the server can do
  double places;     // served side by side
  double deviation;  // of the service times, which have a mean of 1 s
  bool keeps_up;
};

// A queue for `places` servers, requests at random times.
RunResult Served(const Case& wanted, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::exponential_distribution<double> pause(wanted.load * wanted.places);
  std::gamma_distribution<double> service(1 / (wanted.deviation * wanted.deviation + 1e-9),
                                          wanted.deviation * wanted.deviation + 1e-9);
  std::vector<double> free_at(static_cast<size_t>(wanted.places), 0.0);
  RunResult run;
  double now = 0;
  for (size_t i = 0; i < wanted.num_requests; ++i) {
    now += pause(random);
    const auto place = std::min_element(free_at.begin(), free_at.end());
    *place = std::max(now, *place) + service(random);
    run.requests.index.push_back(static_cast<int64_t>(i));
    run.requests.start_ms.push_back(now * 1e3);
    run.requests.end_ms.push_back(*place * 1e3);
  }
  return run;
}

double ShareBehind(const Case& wanted) {
  int num_behind = 0;
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    Measurement measurement;
    measurement.repeats = {Served(wanted, seed)};
    num_behind += FellBehind(measurement) ? 1 : 0;
  }
  return num_behind / 200.0;
}

TEST(KeepingUp, OfQueuesWithKnownLoad) {
  const Case cases[] = {
      {"short, far from full", 24, 0.3, 8, 0.3, true},
      {"short, one at a time", 24, 0.2, 1, 0.0, true},
      {"answers as long as all sends", 24, 0.1, 200, 0.3, true},
      {"long tails", 100, 0.5, 16, 1.5, true},
      {"many", 1000, 0.8, 8, 0.5, true},
      {"short, overloaded", 24, 2, 4, 0.3, false},
      {"overloaded by a half", 100, 1.5, 4, 0.3, false},
      {"overloaded by a fifth", 500, 1.2, 8, 0.5, false},
      {"many, barely overloaded", 4000, 1.1, 8, 0.5, false},
  };
  for (const Case& one : cases) {
    const double share = ShareBehind(one);
    EXPECT_TRUE(one.keeps_up ? share <= 0.05 : share >= 0.9) << one.name << ": " << share;
  }
}

TEST(KeepingUp, TheDrainDoesNotCount) {
  const Case quiet = {"", 10, 0.1, 100, 0.0, true};
  Measurement measurement;
  measurement.repeats = {Served(quiet, 1), Served(quiet, 2)};
  EXPECT_FALSE(FellBehind(measurement));
  EXPECT_FALSE(FellBehind(Measurement()));
}

TEST(KeepingUp, TellsBothRates) {
  Measurement measurement;
  measurement.repeats = {Served({"", 1000, 2, 10, 0.0, false}, 1)};
  const auto reason = FellBehind(measurement);
  ASSERT_TRUE(reason);
  EXPECT_TRUE(reason->starts_with("fell behind: sent at ")) << *reason;
  EXPECT_NE(reason->find("/s, answered at 10"), std::string::npos) << *reason;
}

}  // namespace
}  // namespace redline::lab
