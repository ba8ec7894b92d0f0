#include "base/csv.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/strings.h"

namespace redline {
namespace {

constexpr size_t kMostRows = 100'000;
constexpr size_t kMostCells = 1'000;

// Reads one row at a time.
class CsvReader {
 public:
  explicit CsvReader(std::string_view text) : rest_(text) {}

  bool AtEnd() const { return rest_.empty(); }

  Result<std::vector<std::string>> Row() {
    std::vector<std::string> cells;
    for (bool more = true; more;) {
      if (cells.size() >= kMostCells)
        return InvalidArgument(fmt::format("a row has more than {} cells", kMostCells));
      RL_ASSIGN_OR_RETURN(std::string cell, Cell());
      cells.push_back(std::move(cell));
      more = Take(',');
    }
    Take('\r');
    if (!rest_.empty() && !Take('\n'))
      return InvalidArgument("text follows a quoted cell: \"" + Excerpt(rest_) + "\"");
    return cells;
  }

 private:
  bool Take(char expected) {
    if (rest_.empty() || rest_.front() != expected) return false;
    rest_.remove_prefix(1);
    return true;
  }

  Result<std::string> Cell() {
    if (Take('"')) return Quoted();
    const size_t end = std::min(rest_.find_first_of(",\r\n"), rest_.size());
    std::string cell(rest_.substr(0, end));
    rest_.remove_prefix(end);
    return cell;
  }

  Result<std::string> Quoted() {
    std::string cell;
    while (true) {
      const size_t quote = rest_.find('"');
      if (quote == std::string_view::npos)
        return InvalidArgument("a quoted cell does not end: \"" + Excerpt(rest_) + "\"");
      cell.append(rest_.substr(0, quote));
      rest_.remove_prefix(quote + 1);
      if (!Take('"')) return cell;
      cell += '"';
    }
  }

  std::string_view rest_;
};

}  // namespace

Result<size_t> CsvTable::Column(std::string_view name) const {
  const auto found = std::find(header.begin(), header.end(), name);
  if (found == header.end())
    return InvalidArgument(fmt::format("there is no column \"{}\"; there are: {}", name,
                                       Excerpt(Join(header, ", "), 200)),
                           std::string(name));
  return static_cast<size_t>(found - header.begin());
}

Result<CsvTable> ParseCsv(std::string_view text) {
  CsvReader reader(text);
  CsvTable table;
  if (reader.AtEnd()) return InvalidArgument("the file is empty");
  RL_ASSIGN_OR_RETURN(table.header, reader.Row());
  while (!reader.AtEnd()) {
    if (table.rows.size() >= kMostRows)
      return InvalidArgument(fmt::format("there are more than {} rows", kMostRows));
    auto row = reader.Row();
    if (!row.ok()) return row.status().WithContext(fmt::format("row {}", table.rows.size() + 1));
    if (row->size() == 1 && row->front().empty()) continue;
    if (row->size() != table.header.size())
      return InvalidArgument(fmt::format("row {} has {} cells, the header has {}",
                                         table.rows.size() + 1, row->size(), table.header.size()));
    table.rows.push_back(std::move(*row));
  }
  return table;
}

}  // namespace redline
