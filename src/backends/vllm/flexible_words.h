// vLLM's own layer above argparse: the words of the command line as they are handed to the parser.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/status.h"

namespace redline::backends::vllm {

struct FlexibleWords {
  std::vector<std::string> words;
  std::vector<std::string> repeated;  // flags and dotted keys given twice; the last counts
};

// Follows FlexibleArgumentParser.parse_args (utils/argparse_utils.py): "_" for "-" in a flag, -O3,
// --json-arg.key.key value, --json-arg.list+ a,b. kInvalidArgument when a dotted key has no value.
Result<FlexibleWords> ToFlexibleWords(std::span<const std::string> arguments);

}  // namespace redline::backends::vllm
