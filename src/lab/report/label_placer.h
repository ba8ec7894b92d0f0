// Where the labels of marks go, so that none lies on another or on a mark. Not thread-safe.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace redline::lab {

class LabelPlacer {
 public:
  // Labels stay between `left` and `right`.
  LabelPlacer(double left, double right) : left_(left), right_(right) {}

  struct Position {
    double x = 0;
    double y = 0;             // of its baseline
    std::string anchor = {};  // what of the text is at x: "start", "middle" or "end"
  };

  void AddMark(double x, double y);
  // For the label of the mark at (x, y): to its right, to its left, above or below, whichever is
  // free first. nullopt: none is; the mark's title must do.
  std::optional<Position> Place(const std::string& label, double x, double y);

 private:
  struct Box {
    double left;
    double right;
    double top;
    double bottom;
  };
  bool IsFree(const Box& box) const;

  double left_;
  double right_;
  std::vector<Box> taken_;
};

}  // namespace redline::lab
