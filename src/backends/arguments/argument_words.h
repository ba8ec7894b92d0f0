// The words of a command line, told apart as the engine's parser does it (argparse:
// ArgumentParser's _parse_optional; click: parser.py): a flag, a value, or the "--" after which
// everything is a value.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "backends/arguments/argument_table.h"
#include "base/status.h"

namespace redline::backends {

struct Word {
  enum class Kind { kValue, kFlag, kSeparator } kind = Kind::kValue;
  std::string text;                    // as given
  const Argument* argument = nullptr;  // kFlag: nullptr when the table has no such flag
  std::string flag;                    // kFlag: in full, when it was abbreviated
  std::optional<std::string> value;    // kFlag: what stands behind "=" or is attached ("-n2")
};

// kInvalidArgument for an abbreviation that several flags begin with. The words point into `table`.
Result<std::vector<Word>> ClassifyWords(const ArgumentTable& table,
                                        std::span<const std::string> arguments);

}  // namespace redline::backends
