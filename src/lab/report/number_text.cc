#include "lab/report/number_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace redline::lab {
namespace {

constexpr double kPlainBelow = 1e15;

std::string WithoutTrailingZeros(std::string text) {
  if (text.find('.') == std::string::npos) return text;
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text == "-0" ? "0" : text;
}

std::string WithThousands(std::string digits) {
  const size_t first = digits.front() == '-' ? 1 : 0;
  for (size_t i = digits.size(); i > first + 3; i -= 3) digits.insert(i - 3, ",");
  return digits;
}

}  // namespace

std::string FormatFigure(double value) {
  if (!std::isfinite(value)) return "-";
  const double magnitude = std::fabs(value);
  if (magnitude >= kPlainBelow) return fmt::format("{:.3e}", value);
  if (magnitude >= 999.95) return WithThousands(fmt::format("{:.0f}", value));
  // Means of whole numbers are off by a hair.
  if (std::fabs(value - std::round(value)) <= magnitude * 1e-12)
    return fmt::format("{:.0f}", std::round(value) + 0.0);
  if (magnitude >= 1)
    return fmt::format("{:.{}f}", value, magnitude >= 100 ? 1 : magnitude >= 10 ? 2 : 3);
  return fmt::format("{:.3g}", value);
}

std::string FormatTick(double value, double step) {
  if (!std::isfinite(value)) return "-";
  constexpr struct {
    double factor;
    const char* suffix;
  } kSuffixes[] = {{1e12, "T"}, {1e9, "G"}, {1e6, "M"}, {1e3, "k"}, {1, ""}};
  const double magnitude = std::fabs(value);
  for (const auto& [factor, suffix] : kSuffixes) {
    // "2000" is easier than "2k"; from 10,000 on it is the other way round.
    if (factor > 1 && magnitude < (factor == 1e3 ? 1e4 : factor)) continue;
    const double scaled_step = std::max(std::fabs(step) / factor, 1e-9);
    const int decimals = std::clamp(static_cast<int>(std::ceil(-std::log10(scaled_step))), 0, 9);
    return WithoutTrailingZeros(fmt::format("{:.{}f}", value / factor, decimals)) + suffix;
  }
  return "0";
}

std::string FormatShare(double share) {
  if (!std::isfinite(share)) return "-";
  return FormatFigure(share * 100) + "%";
}

std::string FormatRatio(double ratio) {
  return std::isfinite(ratio) ? fmt::format("{:.3f}", ratio) : "-";
}

std::string FormatRange(double low, double high) {
  return FormatFigure(low) + " \u2013 " + FormatFigure(high);
}

}  // namespace redline::lab
