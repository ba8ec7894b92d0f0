// What `redline bench` is asked to measure. Plain values; what is pointed to outlives the bench.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "lab/load/load_options.h"
#include "spec/workload_spec.h"

namespace redline::lab {

enum class PromptForm : uint8_t {
  kAuto,  // ids where the server takes them, else text
  kIds,
  kText,
};

struct BenchProgress {
  std::string phase;                   // "self-check", "counting tokens", "warm-up 1", "run 2 of 3"
  int64_t repeat = 0;                  // 1 for the first run; 0: none of the runs
  const LoadProgress* load = nullptr;  // of a warm-up or a run
};

struct BenchOptions {
  std::string url;
  net::Headers headers;
  std::string model;       // "": the only one that is served
  std::optional<Api> api;  // absent: completions where they take ids, else chat
  PromptForm prompts = PromptForm::kAuto;
  bool stream = true;
  std::string extra_json;  // more fields of each request
  int64_t vocab_size = 0;  // ids are below it; 0: asked of the server

  spec::WorkloadSpec workload;
  uint64_t seed = 1;  // repeat r uses seed + r: the same prompts again would be in the prefix cache
  int64_t num_repeats = 1;
  bool warm_up = true;
  bool self_check = true;
  double price_per_hour = 0;  // of what serves; 0: not told

  LoadTimeouts timeouts;
  double max_seconds = 0;                  // of one run; 0: no limit
  int num_threads = 0;                     // 0: one for each core
  std::filesystem::path raw_samples_path;  // of the last run
  std::string command_line;                // for the result
  std::function<void(const BenchProgress&)> on_progress;
  const std::atomic<bool>* stop = nullptr;
};

}  // namespace redline::lab
