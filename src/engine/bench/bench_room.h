// What the points of the kernel bench share: kernels, pool, memory that is larger than the caches,
// and the budget of each point. Owner: the thread that measures.
#pragma once

#include <functional>
#include <vector>

#include "engine/bench/kernel_bench.h"
#include "engine/kernels/registry.h"
#include "engine/kernels/thread_pool.h"
#include "engine/model/anonymous_memory.h"

namespace redline::engine {

struct BenchRoom {
  const KernelSet& kernels;
  ThreadPool& pool;
  AnonymousMemory& memory;  // weights and caches of one point after the other
  const MachineLimits& limits;
};

// Measurements that are still to be made: of one kernel, at several numbers of rows.
struct BenchPoint {
  std::string phase;  // for progress
  int num_speeds = 1;
  int64_t memory_bytes = 0;  // that it needs of the room's
  std::function<std::vector<KernelSpeed>(BenchRoom& room, double budget_seconds_each)> measure;
};

// Appends to `points`; they refer to nothing but copies.
void AddMatmulPoints(const ModelShapes& shapes, std::vector<BenchPoint>& points);
void AddAttentionPoints(const ModelConfig& config, std::vector<BenchPoint>& points);
void AddRowPoints(const ModelConfig& config, std::vector<BenchPoint>& points);

// Fills in `bound` and `share_of_limit` from bytes, operations and timing. `bytes_limit`: "read" or
// "cache_read"; `arithmetic`: whose peak limits the operations.
void JudgeSpeed(const BenchRoom& room, std::string_view bytes_limit, KernelSpeed& speed,
                std::string_view arithmetic = "fp32");

}  // namespace redline::engine
