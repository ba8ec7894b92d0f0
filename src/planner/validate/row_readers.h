// The two kinds of rows of measured_rows.h.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "planner/validate/measured_rows.h"

namespace redline::planner {

// A row by the names of its columns; what is not there is "" or 0.
class CsvRow {
 public:
  CsvRow(std::span<const std::string> header, std::span<const std::string> cells)
      : header_(header), cells_(cells) {}
  std::string_view Text(std::string_view column) const;
  double Number(std::string_view column) const;
  int64_t Int(std::string_view column) const;

 private:
  std::span<const std::string> header_;
  std::span<const std::string> cells_;
};

MeasuredRun RunOfCommand(const CsvRow& row);
MeasuredRun RunOfLayout(const CsvRow& row);

}  // namespace redline::planner
