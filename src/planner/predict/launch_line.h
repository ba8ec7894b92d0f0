// A shell command that starts an engine, taken apart: "export A=1", comments, line continuations,
// quotes. No shell runs. Pure function.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace redline::planner {

struct LaunchLine {
  std::string engine;                              // "sglang", "vllm", "tensorrt_llm"
  std::map<std::string, std::string> environment;  // exported, or in front of the program
  std::vector<std::string> arguments;              // after the program
};

// kInvalidArgument when no engine that is known is started in it.
Result<LaunchLine> ParseLaunchLine(std::string_view script);

}  // namespace redline::planner
