// What fields of bodies may hold: each refusal names the field, what it holds and what it may.
#pragma once

#include <fmt/format.h>

#include <string>

#include "base/status.h"

namespace redline::platform {

inline constexpr size_t kMostNameBytes = 1024;

inline Status CheckName(const char* field, const std::string& name, const char* example) {
  if (name.empty())
    return InvalidArgument(fmt::format("\"{}\" is missing: {}", field, example), field);
  if (name.size() <= kMostNameBytes) return OkStatus();
  return InvalidArgument(
      fmt::format("\"{}\" has {} bytes; give at most {}", field, name.size(), kMostNameBytes),
      field);
}

template <typename T>
Status CheckRange(const char* field, T value, T low, T high) {
  if (value >= low && value <= high) return OkStatus();
  return InvalidArgument(
      fmt::format("\"{}\" is {}; give a number from {} to {}", field, value, low, high), field);
}

}  // namespace redline::platform
