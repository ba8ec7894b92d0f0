// A table of measurements row by row: CSV without quotes, plain or compressed by zstd.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace redline::planner {

// No table is larger once it is unpacked.
inline constexpr size_t kMaxKernelTableBytes = size_t{256} << 20;

class KernelTable {
 public:
  KernelTable(std::string name, std::string text);

  // kInvalidArgument, with the columns there are.
  Result<size_t> ColumnOf(std::string_view name) const;
  // To the next row. False at the end, and at a row that has another number of cells.
  bool Next();
  std::string_view TextAt(size_t column) const { return cells_[column]; }
  // kInvalidArgument, with line and column, unless it is a number that is not negative.
  Result<double> NumberAt(size_t column) const;
  // What ended Next(), if it was not the end.
  const Status& status() const { return status_; }

 private:
  bool ReadLine();

  std::string name_;
  std::string text_;
  size_t position_ = 0;
  int64_t line_ = 0;
  std::vector<std::string> header_;
  std::vector<std::string_view> cells_;
  Status status_;
};

Result<KernelTable> ReadKernelTable(const std::filesystem::path& path);

}  // namespace redline::planner
