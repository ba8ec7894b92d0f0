// The facts about vLLM 0.13.0 that are built into the binary.
#pragma once

#include <string_view>

namespace redline::backends::vllm {

// The content of a file of this folder; "" when there is none of that name.
std::string_view DataFile(std::string_view name);

}  // namespace redline::backends::vllm
