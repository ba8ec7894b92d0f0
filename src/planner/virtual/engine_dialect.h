// What each engine's server has of its own: paths, metrics, log lines. One table of functions an
// engine; an engine is one file and one line in engine_dialect.cc.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "planner/virtual/virtual_engine.h"
#include "planner/virtual/virtual_setup.h"

namespace redline::planner {

struct StaticAnswer {
  std::string path;
  std::string json;  // "": an empty body
};

struct EngineDialect {
  std::string_view engine;
  int64_t default_port;
  bool checks_model;  // a request for another model is a 404
  // GET: what does not change while it runs; its health among them.
  std::vector<StaticAnswer> (*static_answers)(const VirtualSetup& setup);
  // Where its metrics are; "": nowhere, as it was started.
  std::string (*metrics_path)(const VirtualSetup& setup);
  std::string (*metrics)(const VirtualSetup& setup, const VirtualStats& stats);
  // Lines of its start, with their time: before its port is open, and after.
  std::vector<std::string> (*loading_log)(const VirtualSetup& setup);
  std::vector<std::string> (*ready_log)(const VirtualSetup& setup, std::string_view address);
  // Lines about a step that begins; none when the engine says nothing of it. `num_steps`: before
  // it.
  std::vector<std::string> (*step_log)(const VirtualSetup& setup, const StepReport& step,
                                       const VirtualStats& stats, int64_t num_steps);
};

// nullptr: none is known.
const EngineDialect* FindDialect(std::string_view engine);

// Those that there are.
const EngineDialect& SglangDialect();
const EngineDialect& VllmDialect();
const EngineDialect& TensorrtLlmDialect();

// What the rows of a step hold.
struct StepCounts {
  int64_t num_prompts = 0;
  int64_t prompt_tokens = 0;
  int64_t cached_tokens = 0;  // of chunks: what came before them
};
StepCounts CountsOf(const RankStep& step);
// "2026-01-02 03:04:05" in local time, by a format of strftime.
std::string LocalTime(const char* format);
// A value as Python prints it: 'text', True, None, [1, 2].
std::string PythonRepr(const nlohmann::json& value);

}  // namespace redline::planner
