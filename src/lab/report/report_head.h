// What a report says before its tables, where more is known than its measurements tell.
#pragma once

#include <string>
#include <vector>

namespace redline::lab {

struct ReportHead {
  std::string title;                  // empty: made from the measurements
  std::vector<std::string> findings;  // one sentence each
};

}  // namespace redline::lab
