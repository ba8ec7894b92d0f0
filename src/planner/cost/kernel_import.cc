#include "planner/cost/kernel_import.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>

#include "base/strings.h"
#include "planner/cost/curve_fit.h"
#include "planner/cost/kernel_table.h"
#include "planner/cost/sparse_module.h"

namespace redline::planner {
namespace {

struct FileName {
  std::string family;
  std::string framework;
  std::string version;
  std::string table;
};

std::optional<FileName> ParseName(const std::filesystem::path& path) {
  std::string name = path.filename().string();
  for (const std::string_view ending : {".zst", ".csv"}) {
    if (name.ends_with(ending)) name.resize(name.size() - ending.size());
  }
  std::vector<std::string> parts;
  size_t begin = 0;
  for (size_t end = name.find("__"); end != std::string::npos; end = name.find("__", begin)) {
    parts.push_back(name.substr(begin, end - begin));
    begin = end + 2;
  }
  parts.push_back(name.substr(begin));
  if (parts.size() != 4) return std::nullopt;
  // By the name that engines have here.
  if (parts[1] == "trtllm") parts[1] = "tensorrt_llm";
  return FileName{parts[0], parts[1], parts[2], parts[3]};
}

std::optional<GemmType> GemmTypeOf(std::string_view dtype) {
  if (dtype == "bfloat16") return GemmType::kBf16;
  if (dtype == "fp8") return GemmType::kFp8;
  if (dtype == "fp8_block") return GemmType::kFp8Block;
  if (dtype == "int4_wo") return GemmType::kInt4Weights;
  return std::nullopt;
}

// Measurements by operation and data type.
using PointsByType = std::map<std::pair<std::string, std::string>, std::vector<MeasuredPoint>>;

// A table's kind: its axes, and what a row is as a point. A row that is of no use is nullopt.
struct TableKind {
  std::string_view table;
  std::string_view op;
  std::vector<CurveAxis> axes;
  std::string_view type_column;
  std::vector<std::string_view> columns;  // numbers, in the order that `point` takes them
  // Of text, joined by "|" for `point`.
  std::vector<std::string_view> filter_columns;
  std::optional<MeasuredPoint> (*point)(const GpuPeaks& peaks, std::optional<GemmType> type,
                                        std::span<const double> numbers, std::string_view filter);
  // Where a table holds several operations; null: `op`.
  std::string_view (*op_of)(std::string_view framework, std::span<const double> numbers) = nullptr;
};

std::optional<MeasuredPoint> GemmPoint(const GpuPeaks& peaks, std::optional<GemmType> type,
                                       std::span<const double> numbers, std::string_view) {
  if (!type.has_value()) return std::nullopt;
  const double light = GemmSpeedOfLight(peaks, *type, numbers[0], numbers[1], numbers[2]);
  return MeasuredPoint{.coordinates = {numbers[0], numbers[1], numbers[2]},
                       .ratio = numbers[3] * 1e-3 / light};
}

// Choices with the mild imbalance that trained routers show; "balanced" rows read faster than the
// memory is, as no expert is then read twice.
std::optional<MeasuredPoint> MoePoint(const GpuPeaks& peaks, std::optional<GemmType> type,
                                      std::span<const double> numbers, std::string_view filter) {
  if (!type.has_value() || filter != "power_law_1.01") return std::nullopt;
  const MoeSize size{.tokens = numbers[0],
                     .hidden_size = numbers[1],
                     .intermediate_size = numbers[2],
                     .num_experts = numbers[4],
                     .experts_per_token = numbers[3],
                     .tp = numbers[5],
                     .ep = numbers[6]};
  if (size.tp > 32 || size.ep > 32) return std::nullopt;
  const double tokens_per_expert = size.tokens * size.experts_per_token / size.num_experts;
  return MeasuredPoint{
      .coordinates = {tokens_per_expert, size.intermediate_size / size.tp, size.ep},
      .ratio = numbers[7] * 1e-3 / MoeSpeedOfLight(peaks, *type, size)};
}

std::optional<MeasuredPoint> AllReducePoint(const GpuPeaks& peaks, std::optional<GemmType>,
                                            std::span<const double> numbers,
                                            std::string_view filter) {
  if (filter.find("eager") != std::string_view::npos || numbers[0] < 2) return std::nullopt;
  const double bytes = 2 * numbers[1];
  return MeasuredPoint{
      .coordinates = {bytes, numbers[0]},
      .ratio = numbers[2] * 1e-3 / AllReduceSpeedOfLight(peaks, bytes, numbers[0])};
}

constexpr std::string_view kSparseRows = "deepseek-ai/DeepSeek-V3.2|fp8_block";

// The whole layer, of which the tables of DeepSeek-V3.2 alone are taken: {heads, batch, new tokens,
// prefix, latency}. Prefixes are written as they are, 0 for none.
std::optional<MeasuredPoint> SparsePrefillPoint(const GpuPeaks& peaks, std::optional<GemmType>,
                                                std::span<const double> numbers,
                                                std::string_view filter) {
  // Pieces of a few tokens are launches alone; long ones of them are no prompts of a server.
  if (filter != kSparseRows || numbers[0] < 16 || numbers[2] < 16) return std::nullopt;
  PrefillSums one;
  const SparseModule module = DeepSeekV32Module(numbers[0]);
  AddPiece(numbers[2], numbers[3], module.top_k, one);
  const double batch = numbers[1];
  const PrefillSums sums{batch * one.tokens, batch * one.context, batch * one.pairs,
                         batch * one.seen_pairs};
  const bool is_dense = one.context <= module.top_k;
  return MeasuredPoint{.coordinates = {numbers[0], sums.tokens, one.context},
                       .ratio = numbers[4] * 1e-3 / PrefillLight(peaks, module, sums, is_dense)};
}

std::string_view SparsePrefillOp(std::string_view framework, std::span<const double> numbers) {
  const bool is_dense = framework == "sglang" && numbers[2] + numbers[3] <= 2048;
  return is_dense ? "dsa_prefill_dense" : "dsa_prefill_sparse";
}

std::optional<MeasuredPoint> SparseDecodePoint(const GpuPeaks& peaks, std::optional<GemmType>,
                                               std::span<const double> numbers,
                                               std::string_view filter) {
  if (filter != kSparseRows || numbers[0] < 16) return std::nullopt;
  const double light =
      DecodeLight(peaks, DeepSeekV32Module(numbers[0]), numbers[1], numbers[1] * numbers[3]);
  return MeasuredPoint{.coordinates = {numbers[0], numbers[1], std::max(numbers[3], 1.0)},
                       .ratio = numbers[4] * 1e-3 / light};
}

std::vector<double> PowersOfTwo(double first, double last, double factor) {
  std::vector<double> knots;
  for (double knot = first; knot <= last * 1.001; knot *= factor) knots.push_back(knot);
  return knots;
}

const std::vector<TableKind>& TableKinds() {
  static const std::vector<TableKind> kinds = {
      {.table = "gemm_perf",
       .op = "gemm",
       .axes = {{"m", {1, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192}},
                {"n", {64, 256, 512, 1024, 2048, 4096, 8192, 16384, 65536}},
                {"k", {64, 256, 512, 1024, 2048, 4096, 8192, 16384}}},
       .type_column = "gemm_dtype",
       .columns = {"m", "n", "k", "latency"},
       .point = GemmPoint},
      {.table = "moe_perf",
       .op = "moe",
       .axes = {{"tokens_per_expert", PowersOfTwo(1.0 / 32, 512, 2)},
                {"intermediate_size", {64, 128, 256, 512, 1024, 2048}},
                {"ep", {1, 2, 4, 8, 16, 32}}},
       .type_column = "moe_dtype",
       .columns = {"num_tokens", "hidden_size", "inter_size", "topk", "num_experts", "moe_tp_size",
                   "moe_ep_size", "latency"},
       .filter_columns = {"distribution"},
       .point = MoePoint},
      {.table = "custom_allreduce_perf",
       .op = "all_reduce",
       .axes = {{"bytes", PowersOfTwo(256, 1 << 30, 4)}, {"num_gpus", {2, 4, 8}}},
       .type_column = "allreduce_dtype",
       .columns = {"num_gpus", "message_size", "latency"},
       .filter_columns = {"kernel_source"},
       .point = AllReducePoint},
      {.table = "dsa_context_module_perf",
       .op = "dsa_prefill_sparse",
       .axes = {{"heads", {16, 32, 64, 128}},
                {"tokens", PowersOfTwo(16, 1 << 16, 2)},
                {"context", {64, 256, 1024, 2048, 4096, 8192, 32768, 131072}}},
       .type_column = "kv_cache_dtype",
       .columns = {"num_heads", "batch_size", "isl", "step", "latency"},
       .filter_columns = {"model", "gemm_type"},
       .point = SparsePrefillPoint,
       .op_of = SparsePrefillOp},
      {.table = "dsa_generation_module_perf",
       .op = "dsa_decode",
       .axes = {{"heads", {16, 32, 64, 128}},
                {"requests", PowersOfTwo(1, 512, 4)},
                {"context", {64, 512, 2048, 8192, 32768, 131072}}},
       .type_column = "kv_cache_dtype",
       .columns = {"num_heads", "batch_size", "isl", "step", "latency"},
       .filter_columns = {"model", "gemm_type"},
       .point = SparseDecodePoint}};
  return kinds;
}

Result<PointsByType> ReadPoints(const std::filesystem::path& path, const TableKind& kind,
                                std::string_view framework, const GpuPeaks& peaks) {
  RL_ASSIGN_OR_RETURN(KernelTable table, ReadKernelTable(path));
  RL_ASSIGN_OR_RETURN(const size_t type_column, table.ColumnOf(kind.type_column));
  std::vector<size_t> filter_columns;
  for (const std::string_view name : kind.filter_columns) {
    RL_ASSIGN_OR_RETURN(filter_columns.emplace_back(), table.ColumnOf(name));
  }
  std::vector<size_t> columns;
  for (const std::string_view name : kind.columns) {
    RL_ASSIGN_OR_RETURN(columns.emplace_back(), table.ColumnOf(name));
  }
  PointsByType points;
  std::vector<double> numbers(columns.size());
  while (table.Next()) {
    for (size_t index = 0; index < columns.size(); ++index) {
      RL_ASSIGN_OR_RETURN(numbers[index], table.NumberAt(columns[index]));
    }
    const std::string_view type = table.TextAt(type_column);
    std::string filter;
    for (const size_t column : filter_columns) {
      filter += (filter.empty() ? "" : "|") + std::string(table.TextAt(column));
    }
    const auto point = kind.point(peaks, GemmTypeOf(type), numbers, filter);
    if (!point.has_value() || !(point->ratio > 0)) continue;
    const std::string_view op = kind.op_of != nullptr ? kind.op_of(framework, numbers) : kind.op;
    points[{std::string(op), std::string(type)}].push_back(*point);
  }
  RL_RETURN_IF_ERROR(table.status());
  return points;
}

// Knots beyond what was measured would be guesses.
std::vector<CurveAxis> AxesWithin(std::vector<CurveAxis> axes,
                                  std::span<const MeasuredPoint> points) {
  for (size_t axis = 0; axis < axes.size(); ++axis) {
    double low = INFINITY;
    double high = 0;
    for (const MeasuredPoint& point : points) {
      low = std::min(low, point.coordinates[axis]);
      high = std::max(high, point.coordinates[axis]);
    }
    std::vector<double>& knots = axes[axis].knots;
    while (knots.size() > 2 && knots[1] <= low) knots.erase(knots.begin());
    while (knots.size() > 2 && knots[knots.size() - 2] >= high) knots.pop_back();
  }
  return axes;
}

}  // namespace

Result<KernelSet> ImportKernels(const KernelImport& import) {
  std::error_code error;
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(import.directory, error)) {
    paths.push_back(entry.path());
  }
  if (error) return ErrnoStatus(import.directory.string(), error.value());
  std::sort(paths.begin(), paths.end());
  KernelSet kernels{.gpu = import.gpu, .source = import.source};
  for (const auto& path : paths) {
    const auto name = ParseName(path);
    if (!name.has_value()) continue;
    const auto kind = std::find_if(TableKinds().begin(), TableKinds().end(),
                                   [&](const TableKind& one) { return one.table == name->table; });
    if (kind == TableKinds().end()) continue;
    RL_ASSIGN_OR_RETURN(const PointsByType points,
                        ReadPoints(path, *kind, name->framework, import.peaks));
    for (const auto& [key, measured] : points) {
      const auto& [op, type] = key;
      Curve curve{.op = op,
                  .engine = name->framework,
                  .version = name->version,
                  .dtype = type,
                  .axes = AxesWithin(kind->axes, measured)};
      FitCurve(measured, curve);
      if (import.progress) {
        import.progress(
            fmt::format("{:18} {:12} {:12} {:9} {:6} points, error {:.1f}% (p90 {:.1f}%)", curve.op,
                        curve.engine, curve.version, curve.dtype, curve.num_measured,
                        100 * curve.median_error, 100 * curve.p90_error));
      }
      kernels.curves.push_back(std::move(curve));
    }
  }
  if (!kernels.curves.empty()) return kernels;
  return NotFound(
      fmt::format("{}: no table that is known (gemm_perf, moe_perf, "
                  "custom_allreduce_perf, dsa_context_module_perf, "
                  "dsa_generation_module_perf; FAMILY__FRAMEWORK__VERSION__TABLE.csv, or .csv.zst)",
                  import.directory.string()),
      "directory");
}

}  // namespace redline::planner
