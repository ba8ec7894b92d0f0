// The native engine's kernels on this machine, each at the sizes that a model runs it at, beside
// what the machine can do at most. Blocking; measured as the engine runs them: on its compute pool,
// with weights and caches that come from memory.
#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "engine/bench/machine_limits.h"
#include "engine/bench/model_shapes.h"
#include "engine/bench/samples.h"

namespace redline::engine {

// One kernel at one size.
struct KernelSpeed {
  std::string kernel;   // "matmul", "attention", "rms_norm", ...
  std::string operand;  // matmul: "gate_up"; attention: "decode", "prefill"
  std::string format;   // of weights or of the KV cache: "q4_1"; "": neither
  int64_t rows = 0;     // tokens
  int64_t context = 0;  // attention: positions that the last row sees
  int64_t count = 0;    // how often a forward pass of the model runs it; 0: another format's
  double bytes = 0;     // that must move, once each
  double operations = 0;
  Timing timing;
  std::string bound;          // "memory", "compute", "cache": which limit is nearer
  double share_of_limit = 0;  // the time that the limit asks for, of the median
};

struct KernelBenchOptions {
  std::string model_path;  // empty: DefaultShapes
  std::string kernels;     // as SelectKernels takes it
  int num_threads = 1;
  double budget_seconds = 20;
  int64_t buffer_bytes = 0;  // as of LimitOptions
  std::function<void(const std::string& phase)> progress = [](const std::string&) {};
};

struct KernelBenchResult {
  std::string model;
  std::string isa;
  MachineLimits limits;
  std::vector<KernelSpeed> kernels;
  double seconds = 0;  // all of it
};

// Errors: those of OpenCheckpoint and SelectKernels; kResourceExhausted for the buffers.
Result<KernelBenchResult> BenchKernels(const KernelBenchOptions& options);

}  // namespace redline::engine
