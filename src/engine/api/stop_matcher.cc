#include "engine/api/stop_matcher.h"

#include <algorithm>
#include <utility>

namespace redline::engine {

StopMatcher::StopMatcher(const std::vector<std::string>& stops, StopText stop_text)
    : stop_text_(stop_text) {
  for (const std::string& stop : stops) {
    Automaton automaton{stop, std::vector<size_t>(stop.size() + 1, 0), 0};
    size_t border = 0;
    for (size_t length = 2; length <= stop.size(); ++length) {
      while (border > 0 && stop[border] != stop[length - 1]) border = automaton.border[border];
      if (stop[border] == stop[length - 1]) ++border;
      automaton.border[length] = border;
    }
    automata_.push_back(std::move(automaton));
  }
}

void StopMatcher::Advance(Automaton& automaton, char byte) {
  size_t& matched = automaton.matched;
  while (matched > 0 && automaton.stop[matched] != byte) matched = automaton.border[matched];
  if (automaton.stop[matched] == byte) ++matched;
}

size_t StopMatcher::LongestComplete() const {
  size_t longest = 0;
  for (const Automaton& automaton : automata_) {
    if (automaton.matched == automaton.stop.size()) longest = std::max(longest, automaton.matched);
  }
  return longest;
}

size_t StopMatcher::LongestPartial() const {
  size_t longest = 0;
  for (const Automaton& automaton : automata_) longest = std::max(longest, automaton.matched);
  return longest;
}

std::string StopMatcher::Push(std::string_view text) {
  if (found()) return {};
  for (const char byte : text) {
    held_ += byte;
    for (Automaton& automaton : automata_) Advance(automaton, byte);
    const size_t stop_bytes = LongestComplete();
    if (stop_bytes == 0) continue;
    found_stop_ = held_.substr(held_.size() - stop_bytes);
    if (stop_text_ == StopText::kLeftOut) held_.resize(held_.size() - stop_bytes);
    return std::exchange(held_, {});
  }
  const size_t certain_bytes = held_.size() - LongestPartial();
  std::string certain = held_.substr(0, certain_bytes);
  held_.erase(0, certain_bytes);
  return certain;
}

std::string StopMatcher::Flush() { return std::exchange(held_, {}); }

}  // namespace redline::engine
