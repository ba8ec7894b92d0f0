// An axis of a chart: round ticks, and where on the picture a value lies. Immutable.
#pragma once

#include <string>
#include <vector>

namespace redline::lab {

enum class Scale { kLinear, kLog };

// Round values (1, 2 or 5 times a power of ten apart, at most `most` intervals) from the one at or
// below `low` to the one at or above `high`. Needs low < high.
std::vector<double> LinearTicks(double low, double high, int most);
// 1, 2 and 5 times powers of ten, powers alone when the range is wide; low and high as above. Needs
// 0 < low < high.
std::vector<double> LogTicks(double low, double high);

struct Range {
  double low = 0;
  double high = 0;
};

class Axis {
 public:
  struct Tick {
    double value = 0;
    std::string label;
  };

  // Any finite range will do: an empty one is widened, a logarithmic one begins above 0. `begin`
  // and `end` are the positions of its low and its high end on the picture.
  Axis(Scale scale, Range range, double begin, double end, int most_ticks);

  double Position(double value) const;  // kept between begin and end
  const std::vector<Tick>& ticks() const { return ticks_; }
  double low() const { return low_; }
  double high() const { return high_; }
  double begin() const { return begin_; }
  double end() const { return end_; }

 private:
  Scale scale_;
  double low_;
  double high_;
  double begin_;
  double end_;
  std::vector<Tick> ticks_;
};

}  // namespace redline::lab
