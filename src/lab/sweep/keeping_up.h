// Whether a server kept up with an open loop: whether answers ended as fast as requests were sent.
// Pure.
//
// Compared is the time between a quarter and 95% of the sends with that between a quarter and 95%
// of the ends. What each request takes moves all ends alike and cancels, so neither the first
// answers nor the drain count, however short the run; a backlog that grows draws the ends apart. A
// server fell behind when its ends took over 5% longer, and by more than noise. Noise comes from
// requests whose times differ, by sigma between one and the next: that widens the ends by about
// sigma, and moves a quantile of ends at a rate r by about 0.76 sqrt(sigma / r), of which twice is
// allowed for both.
#pragma once

#include <optional>
#include <string>

#include "lab/metrics/measurement.h"

namespace redline::lab {

// Over all repeats together: "fell behind: sent at 10.4/s, answered at 7.1/s"; nullopt: it kept up.
std::optional<std::string> FellBehind(const Measurement& measurement);

}  // namespace redline::lab
