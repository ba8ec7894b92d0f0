// The verdicts against noise as it is: repeats of one run, recorded (testdata/recorded_noise.csv).
// Measurements are made of stretches of neighbouring runs, so that drift and outliers stay what
// they were. Everything is drawn from a fixed seed.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "base/files.h"
#include "base/sanitizers.h"
#include "base/strings.h"
#include "lab/stats/comparison.h"
#include "lab/stats/random.h"
#include "lab/stats/ratio.h"

namespace redline::lab {
namespace {

constexpr size_t kStretch = 16;  // runs that are drawn together

struct Recording {
  std::vector<std::string> figures;       // column names
  std::vector<std::vector<double>> runs;  // one row of figures for each run
};

Recording Load(std::string_view name) {
  Recording recording;
  const auto text = ReadFile("src/lab/stats/testdata/recorded_noise.csv");
  EXPECT_TRUE(text.ok()) << text.status().message();
  for (const std::string& line : Split(text.ok() ? *text : "", '\n')) {
    std::vector<std::string> cells = Split(line, ',');
    if (cells.size() < 3 || line[0] == '#') continue;
    if (cells[0] == "recording") recording.figures.assign(cells.begin() + 2, cells.end());
    if (cells[0] != name) continue;
    auto& run = recording.runs.emplace_back();
    for (size_t i = 2; i < cells.size(); ++i) run.push_back(ParseDouble(cells[i]).value_or(0));
  }
  EXPECT_GE(recording.runs.size(), 2 * kStretch);
  return recording;
}

// Indices of `count` runs: stretches of neighbours, put end to end.
std::vector<size_t> DrawRuns(const Recording& recording, size_t count, Random& random) {
  std::vector<size_t> runs;
  while (runs.size() < count) {
    const size_t start = random.Below(recording.runs.size() - kStretch + 1);
    for (size_t i = 0; i < kStretch && runs.size() < count; ++i) runs.push_back(start + i);
  }
  return runs;
}

// "speed" 1.05: rates are 5% higher, times 5% shorter.
RunResult MakeRun(const Recording& recording, size_t run, int64_t started_at_ms, double speed) {
  RunResult result;
  result.started_at_ms = started_at_ms;
  for (size_t column = 0; column < recording.figures.size(); ++column) {
    const std::vector<std::string> name = Split(recording.figures[column], '.');
    const double value = recording.runs[run][column];
    if (name.size() == 1) {
      result.summary.values[name[0]] = value * speed;
      continue;
    }
    Distribution& distribution = result.summary.distributions[name[0]];
    double& field = name[1] == "mean"  ? distribution.mean
                    : name[1] == "p50" ? distribution.p50
                                       : distribution.p99;
    field = value / speed;
  }
  return result;
}

struct Pair {
  Measurement a;
  Measurement b;
};

enum class Order { kInterleaved, kOneAfterTheOther };

// `repeats` of each; B is `speed` times as fast. Interleaved: which of two neighbours is A is
// drawn.
Pair DrawPair(const Recording& recording, size_t repeats, Order order, double speed,
              Random& random) {
  const std::vector<size_t> runs = DrawRuns(recording, 2 * repeats, random);
  Pair pair;
  for (size_t i = 0; i < repeats; ++i) {
    const bool swap = order == Order::kInterleaved && random.Below(2) == 1;
    size_t first = order == Order::kInterleaved ? 2 * i : i;
    size_t second = order == Order::kInterleaved ? 2 * i + 1 : repeats + i;
    if (swap) std::swap(first, second);
    pair.a.repeats.push_back(MakeRun(recording, runs[first], 1 + static_cast<int64_t>(first), 1));
    pair.b.repeats.push_back(
        MakeRun(recording, runs[second], 1 + static_cast<int64_t>(second), speed));
  }
  SummariseRepeats(pair.a);
  SummariseRepeats(pair.b);
  return pair;
}

bool IsClaim(const FigureComparison& figure) {
  return figure.verdict == Verdict::kFaster || figure.verdict == Verdict::kSlower;
}

// How many of `pairs` comparisons of A with itself claim anything, of any figure.
int FalseClaims(const Recording& recording, size_t repeats, Order order, int pairs) {
  Random random(20'000 + repeats);
  int claims = 0;
  for (int i = 0; i < pairs; ++i) {
    const Pair pair = DrawPair(recording, repeats, order, 1, random);
    const Comparison comparison = Compare(pair.a, pair.b);
    EXPECT_EQ(comparison.interleaved, order == Order::kInterleaved);
    EXPECT_GE(comparison.figures.size(), 12u);
    claims += std::any_of(comparison.figures.begin(), comparison.figures.end(), IsClaim);
  }
  return claims;
}

TEST(RecordedNoise, AOfAIsRarelyClaimedToDiffer) {
  // Thousands of comparisons, of code that comparison_test covers.
  if (kIsSanitized) GTEST_SKIP() << "too slow under a sanitizer; the release build runs it";
  // 2,000 comparisons of each order in the long form.
  const int num_pairs = std::getenv("REDLINE_TEST_LONG") != nullptr ? 250 : 60;
  for (const Order order : {Order::kInterleaved, Order::kOneAfterTheOther}) {
    int claims = 0;
    int pairs = 0;
    for (const char* name : {"quiet", "busy"}) {
      const Recording recording = Load(name);
      for (const size_t repeats : {3, 5, 8, 12}) {
        const int of_these = FalseClaims(recording, repeats, order, num_pairs);
        fmt::print("{} {} repeats, {}: {:.1f}% false\n", name, repeats,
                   order == Order::kInterleaved ? "interleaved" : "one after the other",
                   100.0 * of_these / num_pairs);
        claims += of_these;
        pairs += num_pairs;
      }
    }
    EXPECT_LE(claims, pairs / 20) << (order == Order::kInterleaved);
  }
}

// Five pairs as a pilot; then as many as it asks for, of a B that is 5% faster.
double ShareFound(const Recording& recording, const std::vector<std::string>& figures, int trials,
                  std::vector<int64_t>& all_asked) {
  Random random(30'000);
  int found = 0;
  for (int trial = 0; trial < trials; ++trial) {
    const Pair pilot = DrawPair(recording, 5, Order::kInterleaved, 1, random);
    const Comparison before = Compare(pilot.a, pilot.b, {.figures = figures});
    const int64_t asked = before.figures.at(0).repeats_needed;
    all_asked.push_back(asked);
    const Pair pair = DrawPair(recording, static_cast<size_t>(std::max<int64_t>(asked, 3)),
                               Order::kInterleaved, 1.05, random);
    const Comparison after = Compare(pair.a, pair.b, {.figures = figures});
    found += after.figures.at(0).verdict == Verdict::kFaster;
  }
  return static_cast<double>(found) / trials;
}

TEST(RecordedNoise, FivePercentAreFoundWithTheRepeatsAskedFor) {
  // Thousands of comparisons, of code that comparison_test covers.
  if (kIsSanitized) GTEST_SKIP() << "too slow under a sanitizer; the release build runs it";
  const int num_trials = std::getenv("REDLINE_TEST_LONG") != nullptr ? 100 : 40;
  for (const char* name : {"quiet", "busy"}) {
    const Recording recording = Load(name);
    for (const std::vector<std::string>& figures :
         {std::vector<std::string>{"output_tps"}, {"output_tps", "ttft_ms", "e2e_ms"}}) {
      std::vector<int64_t> asked;
      const double found = ShareFound(recording, figures, num_trials, asked);
      std::sort(asked.begin(), asked.end());
      fmt::print("{}: +5% found in {:.0f}%; repeats asked for: median {}, most {}\n", name,
                 found * 100, asked[asked.size() / 2], asked.back());
      EXPECT_GE(found, 0.8) << name << " " << figures.size();
    }
  }
}

}  // namespace
}  // namespace redline::lab
