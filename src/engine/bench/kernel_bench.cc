#include "engine/bench/kernel_bench.h"

#include <algorithm>
#include <iterator>

#include "base/clock.h"
#include "engine/bench/bench_room.h"

namespace redline::engine {
namespace {

constexpr double kLimitsShare = 0.25;  // of the time, for what the machine can do
// Making weights and caches takes time, too.
constexpr double kMeasuringShare = 0.7;

Result<ModelShapes> ShapesFor(const std::string& model_path) {
  if (model_path.empty()) return DefaultShapes(DType::kQ4_1);
  RL_ASSIGN_OR_RETURN(const auto checkpoint, OpenCheckpoint(model_path));
  return ShapesOf(*checkpoint, model_path);
}

std::vector<BenchPoint> PointsOf(const ModelShapes& shapes) {
  std::vector<BenchPoint> points;
  AddMatmulPoints(shapes, points);
  AddAttentionPoints(shapes.config, points);
  AddRowPoints(shapes.config, points);
  return points;
}

// What is left of the time is shared among the speeds that are left: slow ones, which take what
// their fewest samples take, leave less to those after them.
void MeasurePoints(const std::vector<BenchPoint>& points, const KernelBenchOptions& options,
                   MonotonicTime start, BenchRoom& room, std::vector<KernelSpeed>& kernels) {
  int left = 0;
  for (const BenchPoint& point : points) left += point.num_speeds;
  for (const BenchPoint& point : points) {
    options.progress(point.phase);
    const double seconds = std::max(options.budget_seconds - SecondsSince(start), 0.0);
    const std::vector<KernelSpeed> speeds = point.measure(room, kMeasuringShare * seconds / left);
    kernels.insert(kernels.end(), speeds.begin(), speeds.end());
    left -= point.num_speeds;
  }
}

// Of the kernels' own instructions, of those of their vectors, or of what else they may use: the
// next slower set's.
const MachineLimit* PeakOf(const BenchRoom& room, std::string_view arithmetic) {
  std::vector<std::string_view> sets = {room.kernels.name, room.kernels.vectors};
  const auto own = std::find(kKernelNames.begin(), kKernelNames.end(), room.kernels.name);
  sets.insert(sets.end(), std::make_reverse_iterator(own), kKernelNames.rend());
  for (const std::string_view set : sets) {
    const MachineLimit* peak = room.limits.Find("peak", room.limits.num_threads, set, arithmetic);
    if (peak != nullptr) return peak;
  }
  return nullptr;
}

}  // namespace

void JudgeSpeed(const BenchRoom& room, std::string_view bytes_limit, KernelSpeed& speed,
                std::string_view arithmetic) {
  const MachineLimits& limits = room.limits;
  const MachineLimit* read = limits.Find(bytes_limit, limits.num_threads);
  const MachineLimit* peak = PeakOf(room, arithmetic);
  if (read == nullptr || peak == nullptr || speed.timing.median <= 0) return;
  const double moving = speed.bytes / read->PerSecond();
  const double computing = speed.operations / peak->PerSecond();
  speed.bound = computing > moving ? "compute" : bytes_limit == "read" ? "memory" : "cache";
  speed.share_of_limit = std::max(moving, computing) / speed.timing.median;
}

Result<KernelBenchResult> BenchKernels(const KernelBenchOptions& options) {
  const MonotonicTime start = MonotonicNow();
  RL_ASSIGN_OR_RETURN(const KernelSet* kernels, SelectKernels(options.kernels));
  RL_ASSIGN_OR_RETURN(const ModelShapes shapes, ShapesFor(options.model_path));
  KernelBenchResult result{.model = shapes.name, .isa = std::string(kernels->name)};
  RL_ASSIGN_OR_RETURN(result.limits,
                      MeasureLimits({.num_threads = options.num_threads,
                                     .budget_seconds = kLimitsShare * options.budget_seconds,
                                     .buffer_bytes = options.buffer_bytes,
                                     .progress = options.progress}));
  const std::vector<BenchPoint> points = PointsOf(shapes);
  int64_t memory_bytes = result.limits.buffer_bytes;
  for (const BenchPoint& point : points) memory_bytes = std::max(memory_bytes, point.memory_bytes);
  RL_ASSIGN_OR_RETURN(AnonymousMemory memory,
                      AnonymousMemory::Allocate(memory_bytes, "the kernels' weights"));
  ThreadPool pool(options.num_threads);
  BenchRoom room{*kernels, pool, memory, result.limits};
  MeasurePoints(points, options, start, room, result.kernels);
  result.seconds = SecondsSince(start);
  return result;
}

}  // namespace redline::engine
