#include <nlohmann/json.hpp>

#include "lab/stats/comparison.h"
#include "spec/json.h"

namespace redline::lab {
namespace {

using nlohmann::json;

const char* DirectionOf(Better better) {
  switch (better) {
    case Better::kLower:
      return "lower is better";
    case Better::kHigher:
      return "higher is better";
    case Better::kNeither:
      break;
  }
  return "";
}

// Absent where it is not known.
json Known(double value) { return value > 0 ? json(value) : json(); }

json FigureJson(const FigureComparison& figure) {
  return {{"verdict", std::string(NameOf(figure.verdict))},
          {"ratio", figure.ratio},
          {"low", Known(figure.low)},
          {"high", Known(figure.high)},
          {"confidence", figure.confidence},
          {"a", figure.a},
          {"b", figure.b},
          {"unit", figure.unit},
          {"direction", DirectionOf(figure.better)},
          {"method", figure.method},
          {"minimum_detectable_effect", Known(figure.detectable)},
          {"repeats_needed", figure.repeats_needed > 0 ? json(figure.repeats_needed) : json()},
          {"reason", figure.reason}};
}

}  // namespace

std::string ToJson(const Comparison& comparison) {
  json metrics = json::object();
  for (const FigureComparison& figure : comparison.figures)
    metrics[figure.figure] = FigureJson(figure);
  return spec::DumpJson({{"metrics", metrics},
                         {"interleaved", comparison.interleaved},
                         {"repeats", {{"a", comparison.repeats_a}, {"b", comparison.repeats_b}}},
                         {"notes", comparison.notes}});
}

}  // namespace redline::lab
