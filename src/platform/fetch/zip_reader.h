// Reads one member of a zip archive (a wheel) as a stream. Names in the archive are only compared,
// never used as paths; sizes are known and checked before anything is inflated.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "base/status.h"

namespace redline::platform {

// Receives the member's bytes in order; a failure ends the extraction.
using ByteSink = std::function<Status(std::string_view bytes)>;

// Stored and deflated members. Errors: kNotFound (no such member), kDataLoss (damaged archive, or a
// member that does not have `expected_bytes` bytes), kUnimplemented (encrypted, zip64, other
// methods), kInvalidArgument (the member is not a regular file).
Status ExtractZipMember(const std::filesystem::path& archive, const std::string& member,
                        int64_t expected_bytes, const ByteSink& sink);

}  // namespace redline::platform
