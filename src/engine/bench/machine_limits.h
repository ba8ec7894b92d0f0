// What this machine can do at most: bandwidth of memory and caches, peaks of arithmetic. Blocking;
// runs threads of its own. What else runs on the machine is in the numbers: their spread shows it.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "engine/bench/cpu_caches.h"
#include "engine/bench/samples.h"

namespace redline::engine {

// Of one kind of work on `num_threads` threads at once; `amount` bytes or operations a call.
struct MachineLimit {
  std::string name;        // "read", "copy", "cache_read", "peak"
  std::string isa;         // peaks: "avx2"
  std::string arithmetic;  // peaks: "fp32", "int8", "bf16"
  int num_threads = 1;
  double amount = 0;
  Timing timing;

  // Bytes, or operations, a second: in the best sample, as a limit is what can be had at most.
  double PerSecond() const { return amount / timing.best; }
  double MedianPerSecond() const { return amount / timing.median; }
};

struct MachineLimits {
  int num_threads = 1;
  CpuCaches caches;
  int64_t buffer_bytes = 0;  // that reads and copies went over
  std::vector<MachineLimit> all;

  // nullptr: not measured. `isa` and `arithmetic` for peaks.
  const MachineLimit* Find(std::string_view name, int num_threads, std::string_view isa = {},
                           std::string_view arithmetic = {}) const;
  // Of the fastest path for this arithmetic on all threads; nullptr: the CPU has none.
  const MachineLimit* BestPeak(std::string_view arithmetic) const;
};

struct LimitOptions {
  int num_threads = 1;
  double budget_seconds = 5;
  // Of all buffers; at least twice the last-level cache where memory allows. 0: four times the
  // last-level cache, 256 MiB at least, a quarter of the free memory at most.
  int64_t buffer_bytes = 0;
  std::function<void(const std::string& phase)> progress = [](const std::string&) {};
};

// Reads: every thread sums a part of its own, asked for ahead as the kernels do. Copies: from one
// half of the part to the other, bytes read and written both counted. kResourceExhausted when the
// buffers cannot be had.
Result<MachineLimits> MeasureLimits(const LimitOptions& options);

}  // namespace redline::engine
