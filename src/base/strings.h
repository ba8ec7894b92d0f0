// Small text helpers used in every room. Pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace redline {

// What a text begins with: a character of UTF-8, or one byte that is none.
struct Character {
  std::string_view bytes;
  // Not where it is malformed, a control character (C0, DEL, C1) or turns the direction of writing
  // (U+202A-E, U+2066-9): what a terminal or a page obeys instead of showing it.
  bool is_safe = false;
};
// Of a text that is not empty.
Character FirstCharacter(std::string_view text);
// What is not safe to show as \n, \t, \xNN (control characters, malformed bytes) or \uNNNN.
std::string EscapeControl(std::string_view text);
// The beginning of a text of unknown length, for messages: EscapeControl of at most `max_bytes`
// bytes, and "..." when there is more.
std::string Excerpt(std::string_view text, size_t max_bytes = 80);
bool IsValidUtf8(std::string_view text);
// Length of the longest prefix that does not end inside a UTF-8 sequence.
size_t CompleteUtf8Prefix(std::string_view text);

std::vector<std::string> Split(std::string_view text, char separator);
std::string Join(std::span<const std::string> parts, std::string_view separator);
std::string_view Trim(std::string_view text);
std::string ToLower(std::string_view text);

// The whole of `text` as a base-10 number, or nullopt (also on overflow).
std::optional<int64_t> ParseInt64(std::string_view text);
std::optional<double> ParseDouble(std::string_view text);

// The candidate nearest to `word` by edit distance, when near enough to be a likely misspelling.
std::optional<std::string> NearestName(std::string_view word,
                                       std::span<const std::string> candidates);
// "; did you mean "deploy"?" or "".
std::string DidYouMean(std::string_view word, std::span<const std::string> candidates);

// 1536 -> "1.5 KiB". Binary units.
std::string FormatBytes(uint64_t bytes);
// 95 -> "1m35s", 0.25 -> "250ms".
std::string FormatDuration(double seconds);

// Lower-case hexadecimal SHA-256 of `data`.
std::string Sha256Hex(std::string_view data);
// Whether the two are equal, in time that depends only on their lengths.
bool ConstantTimeEqual(std::string_view left, std::string_view right);

}  // namespace redline
