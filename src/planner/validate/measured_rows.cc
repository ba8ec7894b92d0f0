#include "planner/validate/measured_rows.h"

#include "base/csv.h"
#include "planner/validate/row_readers.h"

namespace redline::planner {

Result<std::vector<MeasuredRun>> MeasuredRunsFromCsv(std::string_view text) {
  RL_ASSIGN_OR_RETURN(const CsvTable table, ParseCsv(text));
  const bool is_layouts = table.Column("silicon_tpot_ms").ok();
  if (!is_layouts && !table.Column("total_tps").ok()) {
    return InvalidArgument(
        "the columns are of no kind that is known: a column total_tps (runs of a performance lab, "
        "with their serving command in `script`) or silicon_tpot_ms (aiconfigurator's reference "
        "set) is needed",
        "columns");
  }
  std::vector<MeasuredRun> runs;
  for (const auto& cells : table.rows) {
    const CsvRow row(table.header, cells);
    runs.push_back(is_layouts ? RunOfLayout(row) : RunOfCommand(row));
  }
  return runs;
}

}  // namespace redline::planner
