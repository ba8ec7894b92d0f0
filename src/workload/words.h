// Common English words, each of which most tokenizers keep in one token when a space is before it.
#pragma once

#include <span>
#include <string_view>

namespace redline::workload {

std::span<const std::string_view> CommonWords();

}  // namespace redline::workload
