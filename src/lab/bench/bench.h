// One configuration and one workload, measured: asks the server what it can do, makes the prompts,
// proves the client's headroom, warms the server up, runs, and puts the result together. Two of
// them in turns make an interleaved comparison. Blocking; one owner thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "lab/bench/bench_options.h"
#include "lab/bench/target_server.h"
#include "lab/load/self_check.h"
#include "lab/metrics/measurement.h"
#include "workload/prompt_writer.h"

namespace redline::lab {

class Bench {
 public:
  // Talks to the server; sends no load yet. Errors name the flag and the remedy.
  static Result<std::unique_ptr<Bench>> Prepare(BenchOptions options);

  // Sends parts of the workload until two in a row differ by less than 10% in throughput; five at
  // most. What it saw is not in the result.
  Status WarmUp();
  // One run of the whole workload; its number decides its seed and so its prompts. One of several
  // in which the client was disturbed is measured again, twice at most, and a note says so.
  Status Run(int64_t repeat);
  // Of all runs so far.
  Measurement Measured() const;

 private:
  explicit Bench(BenchOptions options);
  Status ChooseApi();
  Status RunOnce(int64_t repeat, uint64_t seed);
  Status MakePrompts();
  void Report(std::string phase, int64_t repeat = 0, const LoadProgress* load = nullptr) const;
  // repeat: as in BenchProgress.
  LoadOptions MakeLoadOptions(const workload::RequestPlan& plan, const std::string& phase,
                              int64_t repeat) const;
  bool IsStopped() const;

  BenchOptions options_;
  TargetServer server_;
  Api api_ = Api::kCompletions;
  bool sends_ids_ = false;
  std::unique_ptr<workload::PromptWriter> prompts_;
  std::optional<SelfCheckResult> client_;
  std::string dataset_hash_;
  Measurement measurement_;
};

// Prepare, warm up, all repeats.
Result<Measurement> RunBench(BenchOptions options);

}  // namespace redline::lab
