#include "engine/kernels/matmul/parallel_matmul.h"

#include <algorithm>

namespace redline::engine {
namespace {

// Enough tasks that a slow thread can be helped out, few enough that claiming them costs nothing.
constexpr int64_t kTasksPerThread = 4;
// A few microseconds: what it costs to hand work to another thread.
constexpr int64_t kMinTaskFlops = 200'000;
// A task's rows of x should stay in its core's L2 while panels pass over them. Rows in another form
// are multiplied with panels that were converted, too: that is done once per task.
constexpr int64_t kRowBlockBytes = 384 * 1024;
constexpr int64_t kConvertedRowBlockBytes = 1024 * 1024;
constexpr int64_t kMinRowBlock = 48;

int64_t CeilDiv(int64_t value, int64_t divisor) { return (value + divisor - 1) / divisor; }

// The grid of tasks: panels of all parts in one line, times blocks of rows.
struct Grid {
  Grid(int64_t total_panels, int64_t total_rows, int64_t in_features, RowForm form,
       int64_t num_threads)
      : num_panels(total_panels), num_rows(total_rows) {
    const int64_t row_block =
        form == RowForm::kF32
            ? kRowBlockBytes / (in_features * static_cast<int64_t>(sizeof(float)))
            : kConvertedRowBlockBytes / RowGroupBytes(form, in_features) * kRowGroup;
    row_tasks = CeilDiv(num_rows, std::max(kMinRowBlock, row_block));
    rows_per_task = CeilDiv(NumRowGroups(num_rows), row_tasks) * kRowGroup;
    row_tasks = CeilDiv(num_rows, rows_per_task);
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

void ConvertRows(const KernelSet& kernels, ThreadPool& pool, const MatmulArgs& args,
                 int64_t in_features, RowForm form, std::byte* out) {
  const int64_t group_bytes = RowGroupBytes(form, in_features);
  pool.Run(NumRowGroups(args.num_rows), [&](int64_t task) {
    const int64_t row = task * kRowGroup;
    const RowGroup group = {.x = args.x + row * args.x_stride,
                            .x_stride = args.x_stride,
                            .num_rows = std::min(kRowGroup, args.num_rows - row),
                            .in_features = in_features};
    kernels.rows.convert[static_cast<size_t>(form)](group, out + task * group_bytes);
  });
}

}  // namespace

int64_t MatmulScratchBytes(const KernelSet& kernels, int64_t in_features, int64_t num_rows) {
  int64_t bytes = 0;
  bool is_counted[kNumRowForms] = {};
  for (size_t i = 0; i < kNumDTypes; ++i) {
    const RowForm form = kernels.rows.of(static_cast<DType>(i));
    bool& counted = is_counted[static_cast<size_t>(form)];
    if (!counted) bytes += NumRowGroups(num_rows) * RowGroupBytes(form, in_features);
    counted = true;
  }
  return bytes;
}

void ParallelMatmul(const KernelSet& kernels, ThreadPool& pool, const MatmulArgs& args,
                    std::span<const MatmulPart> parts, std::byte* scratch) {
  const int64_t in_features = parts.front().weight.in_features;
  MatmulArgs with_forms = args;
  int64_t num_panels = 0;
  for (const MatmulPart& part : parts) {
    num_panels += part.weight.NumPanels();
    const RowForm form = kernels.rows.of(part.weight.dtype);
    const std::byte*& rows = with_forms.rows_in_form[static_cast<size_t>(form)];
    if (form == RowForm::kF32 || rows != nullptr) continue;
    ConvertRows(kernels, pool, args, in_features, form, scratch);
    rows = scratch;
    scratch += NumRowGroups(args.num_rows) * RowGroupBytes(form, in_features);
  }
  const Grid grid(num_panels, args.num_rows, in_features,
                  kernels.rows.of(parts.front().weight.dtype), pool.num_threads());
  pool.Run(grid.NumTasks(), [&](int64_t task) {
    const MatmulRange range = grid.RangeOf(task);
    int64_t first_panel = 0;  // of the part, in the line of all panels
    for (const MatmulPart& part : parts) {
      MatmulRange local = range;
      local.panel_begin = std::max<int64_t>(range.panel_begin - first_panel, 0);
      local.panel_end = std::min(range.panel_end - first_panel, part.weight.NumPanels());
      if (local.panel_begin < local.panel_end) kernels.matmul(with_forms, part, local);
      first_panel += part.weight.NumPanels();
    }
  });
}

bool CanGate(const KernelSet& kernels, std::span<const MatmulPart> gate_up,
             std::span<const MatmulPart> down) {
  return kernels.gated_matmul.can != nullptr && gate_up.size() == 2 && down.size() == 1 &&
         gate_up[0].bias == nullptr && gate_up[1].bias == nullptr &&
         kernels.gated_matmul.can(gate_up[0].weight, gate_up[1].weight, down[0].weight);
}

void ParallelGatedMatmul(const KernelSet& kernels, ThreadPool& pool, const MatmulArgs& args,
                         std::span<const MatmulPart> gate_up, std::byte* scratch,
                         std::byte* out_rows) {
  const PackedMatrix& gate = gate_up[0].weight;
  const RowForm form = kernels.rows.of(gate.dtype);
  ConvertRows(kernels, pool, args, gate.in_features, form, scratch);
  const GatedMatmulArgs gated = {
      .rows = scratch, .gate = gate, .up = gate_up[1].weight, .out_rows = out_rows};
  const Grid grid(gate.NumPanels(), args.num_rows, gate.in_features, form, pool.num_threads());
  pool.Run(grid.NumTasks(),
           [&](int64_t task) { kernels.gated_matmul.run(gated, grid.RangeOf(task)); });
}

}  // namespace redline::engine
