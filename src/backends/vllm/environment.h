// The variables that vLLM reads while it builds its parser (envs.py): a bad value ends it there.
#pragma once

#include <map>
#include <string>

#include "base/status.h"

namespace redline::backends::vllm {

// kInvalidArgument naming the variable and what it may be.
Status CheckEnvironment(const std::map<std::string, std::string>& environment);

}  // namespace redline::backends::vllm
