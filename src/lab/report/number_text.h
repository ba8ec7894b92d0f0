// Numbers as people read them. Pure functions; what is not finite is "-" everywhere.
#pragma once

#include <string>

namespace redline::lab {

// Four significant digits, three below 1: "12,345", "123.4", "1.230", "0.0123". Whole numbers have
// no decimals.
std::string FormatFigure(double value);
// "1.5k", "20M", "0.25": for the ticks of an axis whose neighbouring ticks are `step` apart.
std::string FormatTick(double value, double step);
// A share in [0, 1] as "12.3%".
std::string FormatShare(double share);
// "0.973".
std::string FormatRatio(double ratio);
// "12.1 – 13".
std::string FormatRange(double low, double high);

}  // namespace redline::lab
