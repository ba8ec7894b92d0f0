#include "backends/engine_metrics.h"

#include <cmath>
#include <map>
#include <optional>
#include <string>

#include "base/strings.h"

namespace redline::backends {
namespace {

struct Sample {
  std::string_view name;
  std::string_view labels;  // between the braces
  double value = 0;
};

// Where the labels end: a brace in quotes does not count. npos: nowhere.
size_t EndOfLabels(std::string_view line, size_t begin) {
  bool quoted = false;
  for (size_t i = begin; i < line.size(); ++i) {
    if (quoted && line[i] == '\\') {
      ++i;
    } else if (line[i] == '"') {
      quoted = !quoted;
    } else if (!quoted && line[i] == '}') {
      return i;
    }
  }
  return std::string_view::npos;
}

std::optional<Sample> SampleIn(std::string_view line) {
  if (line.empty() || line.front() == '#') return std::nullopt;
  Sample sample;
  const size_t end = line.find_first_of("{ ");
  if (end == std::string_view::npos) return std::nullopt;
  sample.name = line.substr(0, end);
  std::string_view rest = line.substr(end);
  if (rest.front() == '{') {
    const size_t close = EndOfLabels(rest, 1);
    if (close == std::string_view::npos) return std::nullopt;
    sample.labels = rest.substr(1, close - 1);
    rest = rest.substr(close + 1);
  }
  rest = Trim(rest);
  const auto value = ParseDouble(rest.substr(0, rest.find(' ')));
  if (!value || !std::isfinite(*value)) return std::nullopt;
  sample.value = *value;
  return sample;
}

// Calls `use` for every sample until it says that it has seen enough.
template <typename Use>
void ForEachSample(std::string_view text, const Use& use) {
  while (!text.empty()) {
    const size_t newline = text.find('\n');
    const auto sample = SampleIn(Trim(text.substr(0, newline)));
    if (sample && !use(*sample)) return;
    if (newline == std::string_view::npos) return;
    text.remove_prefix(newline + 1);
  }
}

}  // namespace

spec::Parameters MapMetrics(std::span<const MetricName> names, std::string_view text) {
  std::map<std::string, double, std::less<>> sums;
  for (const MetricName& name : names) {
    sums.emplace(name.theirs, std::nan(""));
    if (!name.divisor.empty()) sums.emplace(name.divisor, std::nan(""));
  }
  ForEachSample(text, [&](const Sample& sample) {
    const auto found = sums.find(sample.name);
    if (found != sums.end())
      found->second = std::isnan(found->second) ? sample.value : found->second + sample.value;
    return true;
  });
  spec::Parameters mapped;
  for (const MetricName& name : names) {
    double value = sums[name.theirs];
    if (!name.divisor.empty()) value = sums[name.divisor] > 0 ? value / sums[name.divisor] : 0;
    if (!std::isnan(value)) mapped[name.name] = value;
  }
  return mapped;
}

std::map<std::string, std::string> LabelsOf(std::string_view text, std::string_view metric) {
  std::map<std::string, std::string> labels;
  ForEachSample(text, [&](const Sample& sample) {
    if (sample.name != metric) return true;
    std::string_view rest = sample.labels;
    while (true) {
      const size_t equals = rest.find("=\"");
      if (equals == std::string_view::npos) return false;
      const std::string name(Trim(rest.substr(0, equals)));
      std::string value;
      size_t i = equals + 2;
      for (; i < rest.size() && rest[i] != '"'; ++i) {
        if (rest[i] == '\\' && i + 1 < rest.size()) ++i;
        value += rest[i];
      }
      labels[name] = value;
      const size_t comma = rest.find(',', i);
      if (comma == std::string_view::npos) return false;
      rest.remove_prefix(comma + 1);
    }
  });
  return labels;
}

}  // namespace redline::backends
