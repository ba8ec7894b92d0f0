// Small readers for sysfs and procfs. Every one takes a file that is missing, empty, huge, no file
// at all or full of nonsense for an absent one: bounded work, bounded memory, no failure.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace redline::backends {

// The most CPUs Linux can be built for; larger numbers are nonsense.
inline constexpr int kMostCpus = 8192;

// The first `max_bytes` of a regular file; empty when there is none.
std::string ReadHead(const std::filesystem::path& path, size_t max_bytes = 4096);
// The first line, fit to be shown: no control characters, no broken UTF-8, 96 bytes at most.
std::string ReadLine(const std::filesystem::path& path);
// The first line as a base-10 number.
std::optional<int64_t> ReadNumber(const std::filesystem::path& path);
// The same, for sizes: 0 when there is none or it is negative.
int64_t ReadSize(const std::filesystem::path& path);

// "0-3,8,10-11" as numbers, ascending; empty when any of it is malformed.
std::vector<int> ParseCpuList(std::string_view text);
// The number after the line's beginning `key` (a word) in lines "KEY NUMBER" or "KEY: NUMBER kB".
std::optional<int64_t> NumberAfter(std::string_view text, std::string_view key);

// NUMBER of every entry PREFIX + NUMBER of a directory, ascending: {0, 1} for card0, card1,
// card0-DP-1. At most 1024 of them.
std::vector<int> NumberedEntries(const std::filesystem::path& directory, std::string_view prefix);

}  // namespace redline::backends
