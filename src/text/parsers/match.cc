#include "text/parsers/match.h"

#include <algorithm>

namespace redline::text {

Match MatchPrefix(std::string_view text, std::string_view literal) {
  if (text.starts_with(literal)) return Match::kYes;
  return literal.starts_with(text) ? Match::kPartial : Match::kNo;
}

int MatchOneOf(std::string_view text, std::initializer_list<std::string_view> literals) {
  int result = kNoneMatches;
  int index = 0;
  for (const std::string_view literal : literals) {
    switch (MatchPrefix(text, literal)) {
      case Match::kYes:
        return index;
      case Match::kPartial:
        result = kMayMatch;
        break;
      case Match::kNo:
        break;
    }
    ++index;
  }
  return result;
}

size_t PartialSuffix(std::string_view text, std::string_view literal) {
  size_t length = std::min(text.size(), literal.size() - 1);
  while (length > 0 && !literal.starts_with(text.substr(text.size() - length))) --length;
  return length;
}

}  // namespace redline::text
