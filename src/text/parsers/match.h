// Literals at the front and at the end of a text of which more may come. Pure functions; their cost
// is bounded by the literals' lengths, never by the text's.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <string_view>

namespace redline::text {

inline constexpr std::string_view kSpace = " \t\n\r";

enum class Match { kNo, kPartial, kYes };

// Whether `text` starts with `literal`; kPartial when it is too short to tell.
Match MatchPrefix(std::string_view text, std::string_view literal);

inline constexpr int kNoneMatches = -1;
inline constexpr int kMayMatch = -2;  // needs more text
// The index of the first literal that `text` starts with.
int MatchOneOf(std::string_view text, std::initializer_list<std::string_view> literals);

// Length of the longest suffix of `text` that is a proper prefix of `literal`.
size_t PartialSuffix(std::string_view text, std::string_view literal);

}  // namespace redline::text
