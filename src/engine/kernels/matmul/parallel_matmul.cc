#include "engine/kernels/matmul/parallel_matmul.h"

#include <algorithm>

namespace redline::engine {
namespace {

// Enough tasks that a slow thread can be helped out, few enough that claiming them costs nothing.
constexpr int64_t kTasksPerThread = 4;
// A few microseconds: what it costs to hand work to another thread.
constexpr int64_t kMinTaskFlops = 200'000;
// A task's rows of x should stay in its core's L2 while panels pass over them.
constexpr int64_t kRowBlockBytes = 384 * 1024;
constexpr int64_t kMinRowBlock = 48;

int64_t CeilDiv(int64_t value, int64_t divisor) { return (value + divisor - 1) / divisor; }

// The grid of tasks: panels of all parts in one line, times blocks of rows.
struct Grid {
  Grid(int64_t total_panels, int64_t total_rows, int64_t in_features, int64_t num_threads)
      : num_panels(total_panels), num_rows(total_rows) {
    const int64_t row_bytes = in_features * static_cast<int64_t>(sizeof(float));
    row_tasks = CeilDiv(num_rows, std::max(kMinRowBlock, kRowBlockBytes / row_bytes));
    rows_per_task = CeilDiv(num_rows, row_tasks);
    const int64_t panel_flops = 2 * rows_per_task * in_features * kPanelColumns;
    panels_per_task =
        std::max(num_panels / (num_threads * kTasksPerThread), CeilDiv(kMinTaskFlops, panel_flops));
    // Whole pairs of panels: half of a pair would leave gaps in the stream of weights.
    panels_per_task = CeilDiv(panels_per_task, 2) * 2;
    panel_tasks = CeilDiv(num_panels, panels_per_task);
  }

  int64_t NumTasks() const { return panel_tasks * row_tasks; }
  MatmulRange RangeOf(int64_t task) const {
    const int64_t panel = task % panel_tasks * panels_per_task;
    const int64_t row = task / panel_tasks * rows_per_task;
    return {.row_begin = row,
            .row_end = std::min(row + rows_per_task, num_rows),
            .panel_begin = panel,
            .panel_end = std::min(panel + panels_per_task, num_panels)};
  }

  const int64_t num_panels;
  const int64_t num_rows;
  int64_t row_tasks;
  int64_t rows_per_task;
  int64_t panels_per_task;
  int64_t panel_tasks;
};

}  // namespace

void ParallelMatmul(const KernelSet& kernels, ThreadPool& pool, const MatmulArgs& args,
                    std::span<const MatmulPart> parts) {
  int64_t num_panels = 0;
  for (const MatmulPart& part : parts) num_panels += part.weight.NumPanels();
  const Grid grid(num_panels, args.num_rows, parts.front().weight.in_features, pool.num_threads());
  pool.Run(grid.NumTasks(), [&](int64_t task) {
    const MatmulRange range = grid.RangeOf(task);
    int64_t first_panel = 0;  // of the part, in the line of all panels
    for (const MatmulPart& part : parts) {
      MatmulRange local = range;
      local.panel_begin = std::max<int64_t>(range.panel_begin - first_panel, 0);
      local.panel_end = std::min(range.panel_end - first_panel, part.weight.NumPanels());
      if (local.panel_begin < local.panel_end) kernels.matmul(args, part, local);
      first_panel += part.weight.NumPanels();
    }
  });
}

}  // namespace redline::engine
