// Comma-separated values (RFC 4180): quoted cells may hold commas, quotes and line ends. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace redline {

// The rows after the header, each as wide as it. At most 100,000 rows of at most 1,000 cells.
struct CsvTable {
  std::vector<std::string> header;
  std::vector<std::vector<std::string>> rows;

  // Index of a column; kInvalidArgument when there is none.
  Result<size_t> Column(std::string_view name) const;
};
Result<CsvTable> ParseCsv(std::string_view text);

}  // namespace redline
