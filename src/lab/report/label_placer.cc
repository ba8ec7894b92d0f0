#include "lab/report/label_placer.h"

#include <algorithm>

namespace redline::lab {
namespace {

// Of the style sheet's letters, on the generous side.
constexpr double kLetterWidth = 6.8;
constexpr double kLabelHeight = 12;
constexpr double kMarkRadius = 5;

double WidthOf(const std::string& label) {
  const auto letters = std::count_if(label.begin(), label.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  });
  return static_cast<double>(letters) * kLetterWidth;
}

}  // namespace

void LabelPlacer::AddMark(double x, double y) {
  taken_.push_back({x - kMarkRadius, x + kMarkRadius, y - kMarkRadius, y + kMarkRadius});
}

std::optional<LabelPlacer::Position> LabelPlacer::Place(const std::string& label, double x,
                                                        double y) {
  const double width = WidthOf(label);
  const struct {
    Position position;
    double left;
  } choices[] = {{{x + 8, y + 4, "start"}, x + 8},
                 {{x - 8, y + 4, "end"}, x - 8 - width},
                 {{x, y - 9, "middle"}, x - width / 2},
                 {{x, y + 19, "middle"}, x - width / 2}};
  for (const auto& [position, left] : choices) {
    const Box box = {left, left + width, position.y - kLabelHeight + 2, position.y + 2};
    if (!IsFree(box)) continue;
    taken_.push_back(box);
    return position;
  }
  return std::nullopt;
}

bool LabelPlacer::IsFree(const Box& box) const {
  if (box.left < left_ || box.right > right_) return false;
  return std::none_of(taken_.begin(), taken_.end(), [&](const Box& other) {
    return box.left < other.right && other.left < box.right && box.top < other.bottom &&
           other.top < box.bottom;
  });
}

}  // namespace redline::lab
