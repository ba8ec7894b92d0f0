// Whether B beats A: a verdict with its interval for each figure. docs/metrics.md says how.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lab/metrics/measurement.h"
#include "lab/metrics/metric_table.h"

namespace redline::lab {

enum class Verdict { kFaster, kSlower, kNoDifferenceShown, kNotEnoughData };
std::string_view NameOf(Verdict verdict);  // "faster", "slower", "no difference shown", ...

struct CompareOptions {
  // Empty: the headline figures, each judged at 99.5% so that a whole comparison makes a false
  // claim in fewer than 5% of cases. Else these, at 95% when it is one, at 99.5% when they are
  // more.
  std::vector<std::string> figures;
  double effect = 0.05;  // the change that matters; in (0, 10]
  bool different_workloads_are_fine = false;
};

struct FigureComparison {
  std::string figure;  // "output_tps", "ttft_ms.p99"
  std::string unit;
  Better better = Better::kNeither;
  double a = 0;
  double b = 0;
  double ratio = 0;  // b / a
  double low = 0;    // of the ratio; low == high == 0: there is no interval
  double high = 0;
  double confidence = 0;
  std::string method;
  double detectable = 0;       // least change these repeats would find; 0: not known
  int64_t repeats_needed = 0;  // of each, to find `effect`; 0: not known
  Verdict verdict = Verdict::kNotEnoughData;
  std::string reason;  // in words, when the verdict is none of faster and slower
};

struct Comparison {
  std::vector<FigureComparison> figures;  // those that both results have
  bool interleaved = false;               // repeats were measured in pairs
  size_t repeats_a = 0;
  size_t repeats_b = 0;
  std::vector<std::string> notes;  // what a reader should know, in sentences
};

Comparison Compare(const Measurement& a, const Measurement& b, const CompareOptions& options = {});

// Compact JSON: {"metrics": {"output_tps": {"verdict": ..., "ratio": ..., "low": ..., ...}}, ...}.
std::string ToJson(const Comparison& comparison);

}  // namespace redline::lab
