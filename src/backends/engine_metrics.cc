#include "backends/engine_metrics.h"

#include <cmath>
#include <map>
#include <optional>
#include <string>
#include <utility>

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
  constexpr std::string_view kBlanks = " \t";
  Sample sample;
  const size_t end = line.find_first_of("{ \t");
  if (end == std::string_view::npos) return std::nullopt;
  sample.name = line.substr(0, end);
  std::string_view rest = Trim(line.substr(end));
  if (rest.starts_with('{')) {
    const size_t close = EndOfLabels(rest, 1);
    if (close == std::string_view::npos) return std::nullopt;
    sample.labels = rest.substr(1, close - 1);
    rest = rest.substr(close + 1);
  }
  rest = Trim(rest);
  const auto value = ParseDouble(rest.substr(0, rest.find_first_of(kBlanks)));
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

// All series of one metric.
struct Series {
  double sum = 0;
  size_t number = 0;
};

// NaN when the text has no divisor; 0 when nothing has happened yet.
double Ratio(double value, const Series& divisor) {
  if (divisor.number == 0) return std::nan("");
  return divisor.sum > 0 ? value / divisor.sum : 0;
}

// Takes name = "value" off the front, with the comma behind it.
std::optional<std::pair<std::string, std::string>> TakeLabel(std::string_view& labels) {
  const size_t quote = labels.find('"');
  if (quote == std::string_view::npos) return std::nullopt;
  std::string_view name = Trim(labels.substr(0, quote));
  if (!name.ends_with('=')) return std::nullopt;
  name = Trim(name.substr(0, name.size() - 1));
  std::string value;
  size_t i = quote + 1;
  for (; i < labels.size() && labels[i] != '"'; ++i) {
    const bool is_escape = labels[i] == '\\' && i + 1 < labels.size();
    if (is_escape) ++i;
    value += is_escape && labels[i] == 'n' ? '\n' : labels[i];
  }
  const size_t comma = labels.find(',', i);
  labels.remove_prefix(comma == std::string_view::npos ? labels.size() : comma + 1);
  return std::pair(std::string(name), std::move(value));
}

}  // namespace

spec::Parameters MapMetrics(std::span<const MetricName> names, std::string_view text) {
  std::map<std::string, Series, std::less<>> series;
  for (const MetricName& name : names) {
    series.emplace(name.theirs, Series());
    if (!name.divisor.empty()) series.emplace(name.divisor, Series());
  }
  ForEachSample(text, [&](const Sample& sample) {
    const auto found = series.find(sample.name);
    if (found == series.end()) return true;
    found->second.sum += sample.value;
    ++found->second.number;
    return true;
  });
  spec::Parameters mapped;
  for (const MetricName& name : names) {
    const Series& theirs = series[name.theirs];
    if (theirs.number == 0) continue;
    double value = theirs.sum;
    if (name.total == MetricName::Total::kMean) value /= static_cast<double>(theirs.number);
    if (!name.divisor.empty()) value = Ratio(value, series[name.divisor]);
    if (std::isfinite(value)) mapped[name.name] = value;
  }
  return mapped;
}

std::map<std::string, std::string> LabelsOf(std::string_view text, std::string_view metric) {
  std::map<std::string, std::string> labels;
  ForEachSample(text, [&](const Sample& sample) {
    if (sample.name != metric) return true;
    std::string_view rest = sample.labels;
    while (const auto label = TakeLabel(rest)) labels.insert_or_assign(label->first, label->second);
    return false;
  });
  return labels;
}

}  // namespace redline::backends
