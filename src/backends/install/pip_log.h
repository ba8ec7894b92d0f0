// What pip's output tells while it installs, and why it failed.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "base/status.h"

namespace redline::backends {

// How many packages it has begun to fetch.
size_t NumCollected(std::string_view log);
// Whether it is at the last step, copying the packages.
bool IsInstalling(std::string_view log);

// Of a package that is being built with CMake, from the last "[ 42%]"; nullopt: none is.
std::optional<double> BuiltFraction(std::string_view log);

// A sentence with the remedy, by the first known line in the log; otherwise pip's last error.
Status WhyPipFailed(std::string_view log, std::string_view log_path);

}  // namespace redline::backends
